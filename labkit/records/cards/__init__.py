"""Model cards, datasheets, and the table that says which regulation asks for which part of them."""
