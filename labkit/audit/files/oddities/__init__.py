"""What is odd about a file, and easily overlooked: what was left out of it, and what is in it twice."""
