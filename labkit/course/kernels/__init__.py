"""What a run adds to kernels: a limit on what they put out."""
