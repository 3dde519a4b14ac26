"""`portero checkins`: what was checked in, and the rights of those who were."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from portero_cli.completing import complete_cameras
from portero_cli.exits import ExitCode
from portero_cli.screen.asking import YesOption, confirm
from portero_cli.screen.listing import LimitOption, PageTokenOption, note_rest
from portero_cli.screen.reports import answer, check_in_report, check_ins_table, line_of
from portero_cli.session import Session, command
from portero_cli.times import parse_time
from portero_client import CheckInResult, InvalidArgument, ReviewDecision

CheckInArgument = Annotated[str, typer.Argument(metavar="CHECK-IN", help="Id, or checkIns/ID.", show_default=False)]
CameraOption = Annotated[
    str, typer.Option("--camera", help="Only at this camera.", show_default=False, autocompletion=complete_cameras)
]
RunOption = Annotated[str, typer.Option("--run", help="RUN of the holder: 12.345.678-5.", show_default=False)]
NumberOption = Annotated[
    str, typer.Option("--number", help="Number of the document, where it bears no RUN.", show_default=False)
]


def add_to(app: typer.Typer) -> None:
    """Registers the group `portero checkins` with the application."""
    group = typer.Typer(help="Check-ins: list, show, decide, follow, export, erase.", no_args_is_help=True)
    group.command("list")(list_)
    group.command("show")(show)
    group.command("accept")(accept)
    group.command("reject")(reject)
    group.command("cancel")(cancel)
    group.command("watch")(watch)
    group.command("export")(export)
    group.command("erase")(erase)
    app.add_typer(group, name="checkins")


@command
async def list_(
    session: Session,
    camera: CameraOption = "",
    run: RunOption = "",
    result: Annotated[
        CheckInResult | None, typer.Option("--result", help="Only with this result.", show_default=False)
    ] = None,
    undecided: Annotated[bool, typer.Option("--undecided", help="Only those a person has still to look at.")] = False,
    since: Annotated[
        datetime | None,
        typer.Option(
            "--since", parser=parse_time, metavar="TIME", help="Begun since: 2h (ago), 2026-05-01.", show_default=False
        ),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option("--until", parser=parse_time, metavar="TIME", help="Begun before.", show_default=False),
    ] = None,
    limit: LimitOption = 100,
    page_token: PageTokenOption = "",
) -> ExitCode:
    """List check-ins, latest first; all conditions must hold."""
    async with session.client() as client:
        page = await client.documents.list(
            camera=camera,
            run=run,
            result=result or CheckInResult.UNSPECIFIED,
            undecided=undecided,
            since=since,
            until=until,
            page_token=page_token,
        ).first(limit)
    session.output.show(
        {"check_ins": page.items, "next_page_token": page.next_page_token},
        check_ins_table(page.items) if page.items else "no check-ins",
    )
    note_rest(session.output, page)
    return ExitCode.OK


@command
async def show(session: Session, check_in: CheckInArgument) -> ExitCode:
    """Show a check-in with every check and everything that was read."""
    async with session.client() as client:
        found = await client.documents.get(check_in)
    session.output.show({"check_in": found}, *check_in_report(found))
    return ExitCode.OK


@command
async def accept(
    session: Session,
    check_in: CheckInArgument,
    reason: Annotated[str, typer.Option("--reason", help="Why, for the record.", show_default=False)],
) -> ExitCode:
    """Accept a guest, whatever the result was."""
    return await _decided(session, check_in, ReviewDecision.ACCEPTED, reason)


@command
async def reject(
    session: Session,
    check_in: CheckInArgument,
    reason: Annotated[str, typer.Option("--reason", help="Why, for the record.", show_default=False)],
) -> ExitCode:
    """Reject a guest, whatever the result was."""
    return await _decided(session, check_in, ReviewDecision.REJECTED, reason)


async def _decided(session: Session, check_in: str, decision: ReviewDecision, reason: str) -> ExitCode:
    async with session.client() as client:
        decided = await client.documents.review(check_in, decision, reason)
    session.output.show({"check_in": decided}, f"{decided.name} is {answer(decided)}")
    return ExitCode.OK


@command
async def cancel(session: Session, check_in: CheckInArgument) -> ExitCode:
    """Cancel a check-in that runs; one that has ended stays as it is."""
    async with session.client() as client:
        ended = await client.documents.cancel(check_in)
    session.output.show({"check_in": ended}, f"{ended.name}: {answer(ended)}")
    return ExitCode.OK


@command
async def watch(
    session: Session,
    camera: CameraOption = "",
    after: Annotated[
        int | None,
        typer.Option(
            "--after", min=0, help="Start after this position; 0 is the first stored. Default: now.", show_default=False
        ),
    ] = None,
    count: Annotated[
        int | None, typer.Option("--count", min=1, help="Stop after this many changes.", show_default=False)
    ] = None,
) -> ExitCode:
    """Follow check-ins as they change, until Ctrl-C; resumes automatically if the connection breaks.

    With --json, every change is a document on its own line, with the position to resume after.
    """
    async with session.client() as client:
        # A watch tries for ever; a server that is not there at all is told at once instead.
        await client.check_health()
        async with client.watch_check_ins(after=after, camera=camera) as changes:
            seen = 0
            async for change in changes:
                session.output.show_line(change, line_of(change.check_in))
                seen += 1
                if seen == count:
                    break
    return ExitCode.OK


@command
async def export(
    session: Session,
    run: RunOption = "",
    number: NumberOption = "",
    file: Annotated[
        Path | None, typer.Option("--file", "-o", help="Write it to a file, which must not exist.", show_default=False)
    ] = None,
) -> ExitCode:
    """Export everything stored about the holder of a document, as JSON."""
    async with session.client() as client:
        listing = client.documents.export_holder(run=run, document_number=number)
        records = [{"kind": record.kind, **json.loads(record.json)} async for record in listing]
    text = json.dumps({"records": records}, ensure_ascii=False, indent=2)
    if file is None:
        print(text)
        return ExitCode.OK
    try:
        with file.open("x", encoding="utf-8") as target:
            target.write(text + "\n")
    except OSError as error:
        raise InvalidArgument(f"{file}: {error.strerror}", field="file", reason="UNWRITABLE") from None
    session.output.show({"file": str(file), "records": len(records)}, f"{len(records)} records in {file}")
    return ExitCode.OK


@command
async def erase(
    session: Session,
    check_in: Annotated[
        str, typer.Argument(metavar="[CHECK-IN]", help="One check-in: id, or checkIns/ID.", show_default=False)
    ] = "",
    run: RunOption = "",
    number: NumberOption = "",
    yes: YesOption = False,
) -> ExitCode:
    """Erase one check-in, or everything of the holder of a document, permanently."""
    if sum(map(bool, (check_in, run, number))) != 1:
        raise typer.TyperException("Name one check-in, or the holder with --run or --number")
    confirm(f"Erase {check_in or 'everything of this holder'} permanently?", yes)
    async with session.client() as client:
        if check_in:
            receipt = await client.documents.erase(check_in)
        else:
            receipt = await client.documents.erase_holder(run=run, document_number=number)
    removed = ", ".join(f"{count} {place.replace('_', '-')}" for place, count in receipt.removed.items() if count)
    session.output.show({"erasure": receipt}, f"erased: {removed or 'nothing'}; receipt {receipt.name}")
    return ExitCode.OK
