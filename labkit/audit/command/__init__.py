"""The command `labkit audit`: what it reads, prints and writes."""
