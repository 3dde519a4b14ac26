"""The options that say what a subscription is told of."""

from __future__ import annotations

from typing import Annotated

import typer

from portero_cli.completing import complete_cameras, complete_people
from portero_client import AttendanceNoticeKind, SightingEventKind

KindsOption = Annotated[
    list[SightingEventKind] | None,
    typer.Option(
        "--event",
        help="Only events of this kind; the alerts are told only where they are named. May be repeated.",
        show_default=False,
    ),
]
CamerasOption = Annotated[
    list[str] | None,
    typer.Option(
        "--camera",
        help="Only events of this camera. May be repeated.",
        show_default=False,
        autocompletion=complete_cameras,
    ),
]
SitesOption = Annotated[
    list[str] | None,
    typer.Option("--site", help="Only events of this site's cameras. May be repeated.", show_default=False),
]
PeopleOption = Annotated[
    list[str] | None,
    typer.Option(
        "--person",
        help="Of people with a name, only this one. May be repeated.",
        show_default=False,
        autocompletion=complete_people,
    ),
]
SimilarityOption = Annotated[
    float, typer.Option("--min-similarity", min=0, max=1, help="Of people with a name, only matches so similar.")
]
WithoutStrangersOption = Annotated[
    bool, typer.Option("--without-strangers", help="Leave out events of people without a name.")
]
NoticesOption = Annotated[
    list[AttendanceNoticeKind] | None,
    typer.Option(
        "--attendance",
        help="Notices of attendance of this kind, and no events unless --event names some. May be repeated.",
        show_default=False,
    ),
]
GroupsOption = Annotated[
    list[str] | None,
    typer.Option("--group", help="Only notices of this group. May be repeated.", show_default=False),
]
ConcurrencyOption = Annotated[
    int | None,
    typer.Option(
        "--concurrency",
        min=1,
        max=32,
        help="Most messages in flight. Default: 8; to people always 1.",
        show_default=False,
    ),
]
