"""Which addresses a crawler of the public web may talk to: `archive.addresses`, which imports from URLs keep to as well."""

from __future__ import annotations

from archive.addresses import is_public, literal_private_host

__all__ = ["is_public", "literal_private_host"]
