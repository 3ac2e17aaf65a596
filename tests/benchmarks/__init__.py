"""Benchmarks: `make bench` runs them side by side and writes the table in README.md; they are never tests."""
