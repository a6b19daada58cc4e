"""Copies, rewrites and revisions: how a new text stands to those already kept. Pure."""
