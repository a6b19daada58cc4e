"""Exports that other tools open: CDXJ, WACZ, a pywb configuration, JSON lines. They read; they change nothing.

All leave out what opts out and what is hidden, unless they are told otherwise: `choose`.
"""
