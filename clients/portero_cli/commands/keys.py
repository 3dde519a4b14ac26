"""`portero keys`: who may call the server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from portero_cli.completing import complete_cameras, complete_keys
from portero_cli.exits import ExitCode
from portero_cli.screen.asking import YesOption, confirm
from portero_cli.screen.listing import LimitOption, PageTokenOption, note_rest
from portero_cli.screen.sheet import Sheet, table
from portero_cli.screen.tables import local_time
from portero_cli.session import Session, command
from portero_cli.several import done_to_each
from portero_cli.times import parse_duration
from portero_client import ApiKey, Role
from portero_client.names import CAMERAS, KEYS


def add_to(app: typer.Typer) -> None:
    """Registers the group `portero keys` with the application."""
    group = typer.Typer(help="Manage API keys; for admins.", no_args_is_help=True)
    group.command("create")(create)
    group.command("list")(list_keys)
    group.command("revoke")(revoke)
    app.add_typer(group, name="keys")


@command
async def create(
    session: Session,
    display_name: Annotated[str, typer.Argument(metavar="NAME", help="Display name.", show_default=False)],
    roles: Annotated[list[Role], typer.Option("--role", help="What it may do. May be repeated.", show_default=False)],
    cameras: Annotated[
        list[str] | None,
        typer.Option(
            "--camera",
            help="Only for this camera. May be repeated.",
            show_default=False,
            autocompletion=complete_cameras,
        ),
    ] = None,
    sites: Annotated[
        list[str] | None,
        typer.Option("--site", help="Only for cameras of this site. May be repeated.", show_default=False),
    ] = None,
    groups: Annotated[
        list[str] | None,
        typer.Option("--group", help="Of a teacher: whose attendance. May be repeated.", show_default=False),
    ] = None,
    people: Annotated[
        list[str] | None,
        typer.Option("--person", help="Of a guardian: whose attendance. May be repeated.", show_default=False),
    ] = None,
    lasts: Annotated[
        timedelta | None,
        typer.Option(
            "--lasts",
            parser=parse_duration,
            metavar="DURATION",
            help="Time until it expires, such as 90d. Default: never.",
            show_default=False,
        ),
    ] = None,
) -> ExitCode:
    """Create a key and print its text, which is shown only once."""
    async with session.client() as client:
        made = await client.keys.create(
            display_name,
            roles=roles,
            cameras=cameras or (),
            sites=sites or (),
            groups=groups or (),
            people=people or (),
            expire_time=None if lasts is None else datetime.now(UTC) + lasts,
        )
    session.output.note(f"{made.key.name}; its text is shown only once:")
    session.output.show({"key": made.key, "text": made.text}, made.text)
    return ExitCode.OK


@command
async def list_keys(session: Session, limit: LimitOption = 100, page_token: PageTokenOption = "") -> ExitCode:
    """List keys by id, including revoked and expired ones."""
    async with session.client() as client:
        page = await client.keys.list(page_token=page_token).first(limit)
    session.output.show(
        {"keys": page.items, "next_page_token": page.next_page_token},
        _keys_table(page.items) if page.items else "no key",
    )
    note_rest(session.output, page)
    return ExitCode.OK


@command
async def revoke(
    session: Session,
    keys: Annotated[
        list[str],
        typer.Argument(metavar="KEY...", help="Ids, or keys/ID.", show_default=False, autocompletion=complete_keys),
    ],
    yes: YesOption = False,
) -> ExitCode:
    """Revoke keys: servers refuse them, and end their streams, within 15 seconds."""
    confirm(f"Revoke {', '.join(keys)}?", yes)
    async with session.client() as client:
        return await done_to_each(keys, KEYS.name, client.keys.revoke, session.output, "revoked")


def _keys_table(keys: tuple[ApiKey, ...]) -> Sheet:
    return table(
        "id",
        "name",
        "roles",
        "only for",
        "state",
        "last used",
        rows=(
            (
                KEYS.identifier(key.name),
                key.display_name,
                " ".join(role.value for role in key.roles),
                _only_for(key),
                _state(key),
                local_time(key.last_use_time) if key.last_use_time else "never",
            )
            for key in keys
        ),
        spare=("last used", "only for"),
    )


def _only_for(key: ApiKey) -> str:
    places = (*map(CAMERAS.identifier, key.cameras), *(f"sites/{site}" for site in key.sites))
    return " ".join((*places, *key.groups, *key.people))


def _state(key: ApiKey) -> str:
    if key.revoke_time is not None:
        return f"revoked {local_time(key.revoke_time)}"
    if key.expire_time is None:
        return "good"
    ended = key.expire_time <= datetime.now(UTC)
    return f"{'expired' if ended else 'good until'} {local_time(key.expire_time)}"
