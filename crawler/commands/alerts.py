"""`morgue alerts` with webhooks: only this room speaks to other machines."""

from __future__ import annotations

import os
from typing import Any

import click

from archive.commands.alerts import alerts as archive_alerts
from archive.commands.alerts import run
from archive.console import Context, json_text

SECRET = "MORGUE_WEBHOOK_SECRET"  # noqa: S105 - the name of the variable that holds it


@click.command(help=archive_alerts.help, short_help=archive_alerts.short_help)
@click.option("--webhook", metavar="URL", help="POST it there as JSON, instead of printing it.")
@click.option("--include-opted-out", is_flag=True, help="With --webhook: also what sites ask to leave out.")
@click.option("--allow-private", is_flag=True, help="The webhook may be on this machine or network.")
@click.pass_obj
def alerts(
    context: Context,
    /,
    webhook: str | None,
    include_opted_out: bool,
    allow_private: bool,
    as_json: bool,
    names: tuple[str, ...],
) -> None:
    """Tell what is new, here or to a webhook."""
    if webhook is None:
        run(context, names, as_json=as_json)
        return
    from archive.errors import UsageError
    from archive.sources import load_sources
    from crawler.handler import make_route
    from crawler.run import user_agent
    from crawler.webhook import Webhook

    if as_json:
        raise UsageError("--json prints, and --webhook sends JSON: give one of them.")
    contact = load_sources(context.folder.sources).contact
    secret: Any = os.environ.get(SECRET) or None
    hook = Webhook(webhook, make_route(allow_private=allow_private), user_agent=user_agent(contact), secret=secret)

    def deliver(message: dict[str, object]) -> None:
        hook.post(json_text(message, indent=None).encode())

    run(context, names, as_json=False, deliver=deliver, opted_out=include_opted_out)


alerts.params = [*archive_alerts.params, *alerts.params]
