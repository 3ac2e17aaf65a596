"""The chain of a log: read once, compared with head and anchors, and judged."""
