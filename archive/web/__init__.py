"""Datasette, dressed for reading."""
