"""What is handed in to be counted: types of columns, vectors in memory, and what groups are and are called."""
