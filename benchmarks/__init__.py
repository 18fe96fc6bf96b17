"""Speed, memory and disk against the goals of the project: `make bench`."""
