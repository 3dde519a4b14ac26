"""The command `portero-server`: serve, migrate, check, backup, restore, doctor, models, faces, audit, keys and more.

A problem at start-up is one line and exit code 1.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Coroutine
from datetime import datetime
from pathlib import Path
from typing import Any

from portero_server import __version__
from portero_server.clock import SystemClock
from portero_server.errors import StartupProblem
from portero_server.settings import Settings, load_settings


def main() -> int:
    """Runs one command; returns the exit code: 0 done, 1 a problem (one line says which), 2 wrong usage."""
    given = command_line().parse_args()
    # gRPC's core writes to standard error itself, a line for each peer that does not speak its language, and reads
    # this when it is loaded.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    command = f"{given.command} {given.action}" if given.command in ("faces", "audit") else given.command
    try:
        if command == "certificates":
            _make_certificates(given)
        elif command in ("doctor", "models"):
            _run(_detector_command(given), load_settings())
        elif command in ("backup", "restore"):
            _run(_backup_command(given), load_settings())
        elif command == "keys":
            _run(_key_command(given), load_settings())
        elif command == "webhook":
            _run(_webhook_command(given), load_settings())
        elif command == "vault":
            _run(_vault_command(given), load_settings())
        else:
            _run(_command(command), load_settings())
    except StartupProblem as problem:
        sys.stderr.write(f"portero-server: {problem.message}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def command_line() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(prog="portero-server", description="The recognition server of Portero.")
    parser.add_argument("--version", action="version", version=f"portero-server {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="serve until SIGTERM; settings are PORTERO_… variables (server/SETTINGS.md)")
    commands.add_parser("migrate", help="bring the database to this version's tables")
    commands.add_parser("check", help="try the settings, the database and the engine, and say what is wrong")
    faces = commands.add_parser(
        "faces", help="the stored faces, against those of the Rekognition collection or the model"
    )
    faces.add_argument(
        "action",
        choices=("check", "repair", "outdated"),
        help="check: say what differs; repair: remove what is stored nowhere; outdated: list the people whom the face "
        "model in use does not know, to be enrolled again",
    )
    audit = commands.add_parser("audit", help="the audit trail, straight in the database")
    audit.add_argument("action", choices=("verify",), help="find what was edited, removed, reordered, inserted or cut")
    _add_backup(commands)
    _add_detector(commands)
    _add_keys(commands)
    _add_webhook(commands)
    _add_vault(commands)
    _add_certificates(commands)
    return parser


def _command(name: str) -> Callable[[Settings], Coroutine[Any, Any, None]]:
    try:
        # Imported late, so that a missing library is a line that says what to install.
        from portero_server.composition import serve as app
    except ModuleNotFoundError as missing:
        raise StartupProblem(
            f"the library {missing.name} is missing; install the server with: pip install 'portero[server,local]'"
        ) from None
    return {
        "serve": app.serve,
        "migrate": app.migrate,
        "check": app.check,
        "faces check": app.check_faces,
        "faces repair": app.repair_faces,
        "faces outdated": app.list_outdated,
        "audit verify": app.check_audit,
    }[name]


def _add_backup(commands: Any) -> None:
    backup = commands.add_parser("backup", help="copy the database into one file, while servers run or not")
    backup.add_argument("target", metavar="TARGET", type=Path, help="the file, or a folder where it gets a name")
    backup.add_argument(
        "--decisions",
        action="store_true",
        help="only what must hold after a restore of an older backup: erasures, blocks, withdrawn consents, revoked "
        "keys; small, to be made every hour",
    )
    restore = commands.add_parser("restore", help="put a backup in the place of the database; no server may run")
    restore.add_argument("source", metavar="FILE", type=Path, help="what `backup` made")
    restore.add_argument("--replace", action="store_true", help="replace the database that is there; it is kept aside")
    restore.add_argument(
        "--later",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="a later backup, with --decisions or whole: who was erased by then stays erased; may be given several "
        "times. The database that is there is asked in any case",
    )
    restore.add_argument(
        "--nothing-later", action="store_true", help="nothing tells who was erased since: restore all the same"
    )


def _backup_command(given: argparse.Namespace) -> Callable[[Settings], Coroutine[Any, Any, None]]:
    _command("serve")  # For its line about a missing library.
    from portero_server.composition.backup_commands import Backup, Restore

    if given.command == "backup":
        return Backup(given.target, given.decisions)
    return Restore(given.source, tuple(given.later), given.nothing_later, given.replace)


def _add_detector(commands: Any) -> None:
    doctor = commands.add_parser(
        "doctor", help="say what finds faces on this machine, how small and how far away, and what encodes them"
    )
    doctor.add_argument(
        "--lens", metavar="DEGREES", type=_lens, default=70.0, help="what the camera's lens covers across; default 70"
    )
    models = commands.add_parser("models", help="the files of the models that find and encode faces")
    models.add_argument("action", choices=("list", "verify"), help="list: print them; verify: also compare checksums")


def _lens(word: str) -> float:
    degrees = float(word)
    if not 1.0 <= degrees <= 179.0:
        raise argparse.ArgumentTypeError("must be 1 to 179 degrees")
    return degrees


def _detector_command(given: argparse.Namespace) -> Callable[[Settings], Coroutine[Any, Any, None]]:
    _command("serve")  # For its line about a missing library.
    from portero_server.composition.detector_commands import Doctor, ModelCommand

    return Doctor(given.lens) if given.command == "doctor" else ModelCommand(verify=given.action == "verify")


def _add_keys(commands: Any) -> None:
    keys = commands.add_parser("keys", help="API keys, straight in the database: the first admin's, for one")
    actions = keys.add_subparsers(dest="action", required=True)
    create = actions.add_parser("create", help="make a key and print it, this once")
    create.add_argument("name", metavar="NAME", help="what people call it")
    create.add_argument(
        "--role",
        dest="roles",
        action="append",
        required=True,
        choices=("admin", "operator", "reader", "check-in-desk", "bridge", "metrics", "teacher", "guardian"),
        help="what it may do; may be given several times",
    )
    create.add_argument("--camera", dest="cameras", metavar="ID", action="append", default=[], help="only this camera")
    create.add_argument("--site", dest="sites", metavar="NAME", action="append", default=[], help="only this site")
    create.add_argument("--group", dest="groups", metavar="ID", action="append", default=[], help="of a teacher")
    create.add_argument("--person", dest="people", metavar="ID", action="append", default=[], help="of a guardian")
    create.add_argument("--days", type=float, help="after which it expires; default: never")
    actions.add_parser("list", help="all keys, never their texts")
    revoke = actions.add_parser("revoke", help="revoke a key: servers refuse it within 15 seconds")
    revoke.add_argument("name", metavar="ID", help="the key's id, as listed")


def _key_command(given: argparse.Namespace) -> Callable[[Settings], Coroutine[Any, Any, None]]:
    _command("serve")  # For its line about a missing library.
    from portero_server.composition.key_commands import KeyCommand

    return KeyCommand(
        given.action,
        getattr(given, "name", ""),
        tuple(getattr(given, "roles", ())),
        tuple(getattr(given, "cameras", ())),
        tuple(getattr(given, "sites", ())),
        getattr(given, "days", None),
        tuple(getattr(given, "groups", ())),
        tuple(getattr(given, "people", ())),
    )


def _add_webhook(commands: Any) -> None:
    webhook = commands.add_parser("webhook", help="the webhook that is told of sightings (PORTERO_WEBHOOK_URL)")
    actions = webhook.add_subparsers(dest="action", required=True)
    actions.add_parser("test", help="send a message of type webhook.test, and say what was answered")
    actions.add_parser("status", help="say how far events are sent, and whether it was stopped by an answer of 410")
    actions.add_parser("resume", help="send again to a webhook that answered 410")
    replay = actions.add_parser("replay", help="send again what happened since a time; ids are the same as before")
    replay.add_argument("since", metavar="TIME", type=_moment, help="with its zone, as 2026-03-02T08:00:00-03:00")


def _moment(word: str) -> datetime:
    try:
        moment = datetime.fromisoformat(word)
    except ValueError:
        raise argparse.ArgumentTypeError("must be a time as 2026-03-02T08:00:00-03:00") from None
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError("must have its zone, as 2026-03-02T08:00:00-03:00 or 2026-03-02T11:00:00Z")
    return moment


def _webhook_command(given: argparse.Namespace) -> Callable[[Settings], Coroutine[Any, Any, None]]:
    _command("serve")  # For its line about a missing library.
    from portero_server.composition.webhook_commands import WebhookCommand

    return WebhookCommand(given.action, getattr(given, "since", None))


def _add_vault(commands: Any) -> None:
    vault = commands.add_parser("vault", help="the photo vault (PORTERO_PHOTO_VAULT)")
    actions = vault.add_subparsers(dest="action", required=True)
    key = actions.add_parser("key", help="make a key file, which only you can read")
    key.add_argument("target", metavar="FILE", type=Path, help="where it goes; must not exist")


def _vault_command(given: argparse.Namespace) -> Callable[[Settings], Coroutine[Any, Any, None]]:
    _command("serve")  # For its line about a missing library.
    from portero_server.composition.vault_commands import VaultKey

    return VaultKey(given.target)


def _add_certificates(commands: Any) -> None:
    certificates = commands.add_parser(
        "certificates", help="make a development authority, and certificates of it for the server and for bridges"
    )
    certificates.add_argument("folder", metavar="DIR", type=Path, help="where the files go; keys only you can read")
    certificates.add_argument(
        "--server", metavar="NAME,...", default="", help="host names and addresses of the server: localhost,127.0.0.1"
    )
    certificates.add_argument(
        "--bridge", metavar="NAME", action="append", default=[], help="a bridge's name; may be given several times"
    )
    certificates.add_argument("--days", type=float, default=30.0, help="how long they hold; default 30")
    certificates.add_argument("--renew", action="store_true", help="replace certificates that exist")


def _make_certificates(given: argparse.Namespace) -> None:
    from portero_server.certificates import Order, make_certificates

    order = Order(
        server=[name.strip() for name in given.server.split(",") if name.strip()],
        bridges=given.bridge,
        days=given.days,
        renew=given.renew,
    )
    for path in make_certificates(given.folder, order, SystemClock().now()):
        sys.stdout.write(f"{path}\n")


def _run(command: Callable[[Settings], Coroutine[Any, Any, None]], settings: Settings) -> None:
    import asyncio

    try:
        import uvloop
    except ModuleNotFoundError:
        asyncio.run(command(settings))
    else:
        uvloop.run(command(settings))


if __name__ == "__main__":
    raise SystemExit(main())
