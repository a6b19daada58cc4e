"""`morgue doctor` with what the crawler's room knows: libcurl, Chromium, cron, the last crawls."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from archive.commands.doctor import doctor as archive_doctor
from archive.commands.doctor import run
from archive.console import Context
from crawler.room import MIN_FREE

if TYPE_CHECKING:
    from archive.doctor.examine import Check, Place


@click.command(help=archive_doctor.help, short_help=archive_doctor.short_help)
@click.pass_context
def doctor(ctx: click.Context, /, **options: Any) -> None:
    """Look at both rooms."""
    context: Context = ctx.obj
    reach = options.pop("network")

    def machine(place: Place | None) -> Sequence[Check]:
        from crawler.doctor.main import machine_checks

        return machine_checks(place, os.environ, reach=reach)

    def archive(place: Place) -> Sequence[Check]:
        from crawler.doctor.main import archive_checks

        return archive_checks(place, context.clock, os.environ)

    run(context, **options, keep_free=MIN_FREE, more_machine=machine, more_archive=archive)


# The network is the crawler's: the archive's room never asks for anything.
doctor.params.append(
    click.Option(
        ["--network"],
        is_flag=True,
        help="Also look up and connect to up to three of the sources; nothing is sent or fetched.",
    )
)
doctor.params.extend(archive_doctor.params)
