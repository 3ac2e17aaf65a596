"""Comparisons between groups that an audit is made of: ratios, extremes, a reference, the four-fifths rule, tests."""
