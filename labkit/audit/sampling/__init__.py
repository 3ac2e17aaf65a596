"""Rows that are not people, one for one: survey weights, persons with several rows, tables of counts."""
