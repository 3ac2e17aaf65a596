"""Build, run and report the course: what the command `labkit` does. Nothing else in labkit imports it."""
