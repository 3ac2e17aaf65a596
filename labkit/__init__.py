"""Fairness Lab's helper package: what the course's notebooks share, one noun per module."""

__version__ = "0.1.0"
