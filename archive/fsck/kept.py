"""What people decided and what sites taught: the files that no database can give back."""

from __future__ import annotations

from archive.backup.registry import found_something, holding, local_only
from archive.decisions import Decision, read_decisions, renames
from archive.errors import DecisionsError, ProfileError
from archive.fsck.look import Look
from archive.profiles import Profiles, adoptions_of


def check_decisions(look: Look) -> tuple[Decision, ...]:
    """Return the decisions; none if the file cannot be read, which is a fault."""
    try:
        return read_decisions(look.folder.decisions)
    except DecisionsError as error:
        look.fault("decisions", str(error).rstrip("."), file="decisions.jsonl")
        return ()


def check_profiles(look: Look, decisions: tuple[Decision, ...]) -> None:
    """Check that each profile that may still hold is there and is what its name says."""
    profiles = Profiles(look.folder.profiles, adoptions_of(decisions, renames(decisions)))
    for digest in sorted({adoption.digest for adoption in profiles.adoptions}):
        look.count("profiles")
        try:
            profiles.load(digest)
        except ProfileError as error:
            look.fault("profile", error.why, file=f"profiles/{digest}.json")


def check_backups(look: Look, decisions: tuple[Decision, ...]) -> None:
    """Name the places of backups that hold what was taken down. Folders are looked into; of others decisions.jsonl tells."""
    removed = [decision for decision in decisions if found_something(decision)]
    for held in holding(decisions, removed, opened=local_only, leftovers=False):
        look.count("backups")
        look.fault("backup", "it holds what was taken down", file=str(held))
