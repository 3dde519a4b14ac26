"""`portero people import`: adds many people with their photos."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from portero_cli.enrolling import in_words, warnings_of
from portero_cli.exits import ExitCode
from portero_cli.import_journal import journal_of, opened_journal
from portero_cli.import_report import Outcome, check_report, summary, write_report
from portero_cli.import_source import SOURCE_HELP, opened_source
from portero_cli.importing import Imported, PeopleImport
from portero_cli.screen.output import printable
from portero_cli.session import Session, command

_MOST_SHOWN = 20
"""Photos that are told on the terminal one by one when there is a report of all."""


def add_to(group: typer.Typer) -> None:
    """Registers the command with the group `portero people`."""
    group.command("import")(import_people)


@command
async def import_people(
    session: Session,
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help=SOURCE_HELP, show_default=False)],
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            metavar="FILE",
            help="Write what became of every photo to a .csv or .json file. While the import runs, FILE.part notes "
            "what is done: an import that was killed goes on there when it is run again with the same report.",
            show_default=False,
        ),
    ] = None,
) -> ExitCode:
    """Add many people with their photos, from a folder, a list or a ZIP archive.

    A folder's or photo's name is the person's: "Ana Díaz" as it is, "ana-diaz" as "Ana Diaz". May be run again: people
    who exist only get new photos, and a photo that is enrolled already is not enrolled twice. Names each photo, file
    and person that is refused or left out, and exits with code 4 if a photo or a person is among them. Hidden files
    are passed over. A photo has at most 256 MiB, an archive 16 GiB and 100,000 entries, none of which may lead out of
    it; a list 16 MiB and 100,000 lines. The report names people: only you can read it.
    """
    if report is not None:
        check_report(report)
    with (
        opened_source(source) as (plan, store),
        opened_journal(report, source, session.connection.server) as journal,
        session.output.progress() as progress,
    ):
        task = progress.add_task("photos", total=sum(len(each.photos) for each in plan.people))
        async with session.client() as client:
            done = await PeopleImport(client, plan, store, journal, lambda: progress.advance(task)).run()
    if report is not None:
        write_report(report, done.outcomes)
        if done.failure is None:
            journal_of(report).unlink(missing_ok=True)
    session.output.show(
        {
            "people": done.people,
            "refused": done.refused,
            "left_out": done.left_out,
            **({"report": str(report)} if report is not None else {}),
        },
        *(Text(printable(line)) for line in (_lines(done) if report is None else _short_lines(done, report))),
        summary(done.outcomes),
    )
    if done.failure is not None:
        raise done.failure
    return ExitCode.OK if done.complete else ExitCode.INVALID_INPUT


def _lines(done: Imported) -> list[str]:
    return [
        *in_words(done.people),
        *(f"{each.folder}: {each.error.message}" for each in done.refused),
        *(f"{each.path}: {each.message}" for each in done.left_out),
    ]


def _short_lines(done: Imported, report: Path) -> list[str]:
    """Returns the first of what the report says in full, and of the people who look like others."""
    alike = [f"warning: {each.person.display_name}: {words}" for each in done.people for words in warnings_of(each)]
    lines = alike[:_MOST_SHOWN]
    if len(alike) > _MOST_SHOWN:
        lines.append(f"and {len(alike) - _MOST_SHOWN} more who look alike; `portero people check` lists them all")
    told = [each for each in done.outcomes if each.outcome is not Outcome.ENROLLED]
    lines += [f"{each.photo}: {each.message}" for each in told[:_MOST_SHOWN]]
    if len(told) > _MOST_SHOWN:
        lines.append(f"and {len(told) - _MOST_SHOWN} more, which are in {report}")
    return lines
