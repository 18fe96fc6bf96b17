"""One module that reads and wires, one that says what is shown, for each page."""
