"""Sources of notebooks: made into notebooks, and checked while that is done."""
