"""Kept pages as a browser may show them: nothing of them runs, nothing is loaded but what the archive holds.

`markup` and `sheet` are pure; `find` reads archive.db and the shelf. Loads lxml: to be imported where it is needed.
"""
