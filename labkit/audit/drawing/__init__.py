"""The figures of a page: planned as numbers and names, and drawn by a second process while the first one computes."""
