"""`portero audit`: who did what, and whether the record of it is whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import RenderableType

from portero_cli.exits import ExitCode
from portero_cli.screen.listing import LimitOption, PageTokenOption, note_rest
from portero_cli.screen.sheet import table
from portero_cli.screen.tables import local_time
from portero_cli.session import Session, command
from portero_client import AuditAnchor, AuditEntry, AuditReport, AuditTampering, InvalidArgument

_DONE_TO_IT = {
    AuditTampering.UNSPECIFIED: "not as written",
    AuditTampering.EDITED: "edited",
    AuditTampering.REMOVED: "removed",
    AuditTampering.REORDERED: "reordered",
    AuditTampering.INSERTED: "inserted",
    AuditTampering.CUT: "cut off from the end",
    AuditTampering.REWRITTEN: "not what was anchored",
}


def add_to(app: typer.Typer) -> None:
    """Registers the group `portero audit` with the application."""
    group = typer.Typer(help="Who did what, when and from where.", no_args_is_help=True)
    group.command("list")(list_entries)
    group.command("verify")(verify)
    app.add_typer(group, name="audit")


@command
async def list_entries(session: Session, limit: LimitOption = 100, page_token: PageTokenOption = "") -> ExitCode:
    """List the entries of the audit trail, latest first."""
    async with session.client() as client:
        page = await client.audit.list(page_token=page_token).first(limit)
    session.output.show(
        {"entries": page.items, "next_page_token": page.next_page_token},
        table(
            "position",
            "time",
            "who",
            "from",
            "what",
            "of",
            "outcome",
            "reason",
            "count",
            rows=map(_row, page.items),
            spare=("reason", "count", "from", "position", "of"),
        )
        if page.items
        else "no entries yet",
    )
    note_rest(session.output, page)
    return ExitCode.OK


@command
async def verify(
    session: Session,
    anchor: Annotated[
        list[str] | None,
        typer.Option(
            "--anchor",
            metavar="COUNT:DIGEST",
            help="An end of the trail that was kept elsewhere, as printed by an earlier check. May be repeated.",
            show_default=False,
        ),
    ] = None,
) -> ExitCode:
    """Check that no entry was edited, removed, reordered, inserted or cut off; fail if one was.

    The server compares the chain with its anchors, if it has any. Without anchors, an attacker with full access to the
    database could forge a chain: keep the line that this prints, and pass it to a later check as --anchor.
    """
    anchors = [_anchor(text) for text in anchor or ()]
    async with session.client() as client:
        report = await client.audit.verify(*anchors)
    session.output.show(report, *_shown(report))
    return ExitCode.OK if report.is_sound else ExitCode.FAILED


def _row(entry: AuditEntry) -> tuple[object, ...]:
    who = entry.subject or "?"
    outcome = entry.outcome.value.replace("_", " ")
    return (
        entry.position,
        local_time(entry.time),
        who,
        entry.peer,
        entry.action,
        entry.resource,
        outcome,
        entry.reason,
        entry.count,
    )


def _shown(report: AuditReport) -> Iterator[RenderableType]:
    for finding in report.findings:
        first, last = finding.first_position, finding.last_position
        which = f"entry {first} was" if first == last else f"entries {first} to {last} were"
        yield f"{which} {_DONE_TO_IT[finding.tampering]}"
    entries = report.head.count - report.retired_count
    yield (
        f"{entries} entries, {report.anchor_count} anchors compared: "
        f"{'sound' if report.is_sound else 'TAMPERED WITH'}; ends with {report.head.count}:{report.head.digest}"
    )


def _anchor(text: str) -> AuditAnchor:
    if not (found := re.fullmatch(r"([1-9][0-9]{0,17}):([0-9a-f]{64})", text)):
        raise InvalidArgument(
            f"an anchor is COUNT:DIGEST, a number and 64 hexadecimal digits, not {text[:80]!r}", field="anchor"
        )
    return AuditAnchor(int(found[1]), found[2])
