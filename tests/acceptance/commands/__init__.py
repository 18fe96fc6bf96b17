"""What the commands do, on a real database and in the end by a real training."""
