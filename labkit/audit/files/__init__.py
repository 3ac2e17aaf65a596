"""Decisions in files, counted without loading them whole (one file, or a folder of Parquet), and what is written."""
