"""One module per kind of page: a question to archive.db in, a page out."""
