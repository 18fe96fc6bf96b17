"""Pictures of every page, for the manual and for people who judge by looking."""
