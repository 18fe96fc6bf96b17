"""REST, sign-in and the gate in front of everything that the web server answers."""
