"""Random valid inputs of a reference: inferred from the calls that its exercise makes, or declared in a table."""
