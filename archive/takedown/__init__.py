"""Takedown: an article, an address or a host gone from the archive for good, and what keeps it from coming back.

- `gone`: what is to go, as addresses, phrases and titles. Pure.
- `survey`: which records of the shelf that touches, and how. Pure but for reading.
- `records`: what is left of a record that is changed. Pure.
- `rewrite`: a WARC file written anew, record by record, and put in the old one's place.
- `rows`: archive.db. `reports`: the crawls' reports. `pending`: what a kill leaves behind. `main`: the order of it all.

The order makes a kill at any moment harmless: first a note of what is to go is on the disk (`takedown.pending`, then the line
of decisions.jsonl), then every step may be done again. Records are found by what is in them, rows by what the files hold;
nothing is remembered but which files were changed. While the note is there no other command writes.
"""
