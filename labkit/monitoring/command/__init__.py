"""The monitor of a user's own file: what `labkit monitor` reads, writes and prints."""
