"""Extraction: one capture in, one article (or a reason) out. A pure function."""
