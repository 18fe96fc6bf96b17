"""The only place that wires things together: command line, platform, web app."""
