"""The archive room: reads WARC files, writes archive.db, answers questions. Never fetches. Imports nothing here."""
