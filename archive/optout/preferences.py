"""Preferences about use: the field Content-Usage (IETF AIPREF) and the line Content-Signal of robots.txt (contentsignals.org).

    Content-Usage: train-ai=n, search=y            Content-Signal: search=yes, ai-train=no

Of the uses that these name, an archive that others may search makes one: `search`. What is said of training models and of
answers made by them is kept for whoever takes the texts further, and opts nothing out. `bots` and `tdm`, the whole of
automated processing in earlier drafts, count where nothing is said of search.

Source: draft-ietf-aipref-vocab-08 (search, train-ai, ai-use; an unknown preference is no preference), -03 (bots),
draft-romm-aipref-contentsignals-00 (search, ai-input, ai-train).
"""

from __future__ import annotations

_YES, _NO = frozenset({"y", "yes", "?1"}), frozenset({"n", "no", "?0"})
_WHOLE = ("bots", "tdm")
_MAX = 50  # preferences in one value


def preferences(value: str) -> dict[str, bool]:
    """Return what is wanted (True) and not wanted (False), by use; what is neither is left out. The last of a use counts.

    >>> preferences("train-ai=n, Search=yes;why=this, ai-use=maybe")
    {'train-ai': False, 'search': True}
    """
    found: dict[str, bool] = {}
    for part in value.split(",")[:_MAX]:
        use, _, said = part.partition(";")[0].partition("=")
        use, said = use.strip().lower(), said.strip().lower()
        if use and said in _YES | _NO:
            found[use] = said in _YES
    return found


def forbids_anything(wanted: dict[str, bool]) -> bool:
    """Say whether there is anything to keep: a use that is not wanted."""
    return False in wanted.values()


def opts_out(wanted: dict[str, bool]) -> bool:
    """Say whether these preferences forbid what an archive does.

    >>> opts_out({"search": False}), opts_out({"bots": False, "search": True}), opts_out({"train-ai": False})
    (True, False, False)
    """
    if "search" in wanted:
        return not wanted["search"]
    return any(wanted.get(use) is False for use in _WHOLE)
