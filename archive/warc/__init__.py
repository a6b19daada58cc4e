"""WARC files: the shelf. WARC 1.1 (ISO 28500:2017) is written, 0.17 to 1.1, ARC and WACZ are read."""

from archive.warc.build import IDENTICAL_PAYLOAD, NOT_MODIFIED, RevisitOf
from archive.warc.facts import DISCOVERY_TYPE, MAX_FACTS, MAX_TEXT, Discovery
from archive.warc.fields import digest_matches, sha1_digest
from archive.warc.foreign import PART, foreign_records
from archive.warc.form import Form, form_of
from archive.warc.names import IMPORTED, OPEN_SUFFIX, find_warc, own_name, parse_own_name, shelf_name, warc_files
from archive.warc.raw import MAX_RECORD, RawReader, RawRecord, complete_length
from archive.warc.read import Offset, read_record, read_records
from archive.warc.repack import Repacked, repack
from archive.warc.tail import Repair
from archive.warc.write import WarcWriter

__all__ = [
    "DISCOVERY_TYPE",
    "IDENTICAL_PAYLOAD",
    "IMPORTED",
    "MAX_FACTS",
    "MAX_RECORD",
    "MAX_TEXT",
    "NOT_MODIFIED",
    "OPEN_SUFFIX",
    "PART",
    "Discovery",
    "Form",
    "Offset",
    "RawReader",
    "RawRecord",
    "Repacked",
    "Repair",
    "RevisitOf",
    "WarcWriter",
    "complete_length",
    "digest_matches",
    "find_warc",
    "foreign_records",
    "form_of",
    "own_name",
    "parse_own_name",
    "read_record",
    "read_records",
    "repack",
    "sha1_digest",
    "shelf_name",
    "warc_files",
]
