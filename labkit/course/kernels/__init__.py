"""What a run adds to kernels: places for what they share, an end for what they start, a limit on what they put out."""
