"""Sections of the page of an audit, with the tables and sentences in them."""
