"""What a run adds to kernels: an end for every process that they start, and a limit on what they put out."""
