"""The threshold explorer: what becomes of two groups' rates when the threshold of each is moved."""
