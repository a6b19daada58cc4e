"""`morgue fsck`: what an archive holds, held against itself. Reads; only `mend` writes, under both locks.

faults      what can be wrong, why it matters, what mends it      look       one look: what all checks ask
files       the shelf's files: there, as long, as sealed          places     a row's record begins where it says
records     every record read, rows and records told apart        texts      digests of rows, what follows from others
database    SQLite's own checks, the schema, counts                index      the full-text index against the texts
kept        decisions.jsonl, profiles, reports                     placed     times, kinds and stories against captures
check       all of it, by level
mend        what is repaired, and how
"""
