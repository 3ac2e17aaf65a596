"""What the command `labkit card` does."""
