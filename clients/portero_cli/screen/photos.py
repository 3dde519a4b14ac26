"""Tables for what enrollments warn of: photos that are poor, and people who may be taken for each other."""

from __future__ import annotations

from collections.abc import Iterable

from portero_cli.screen.sheet import Sheet, table
from portero_cli.screen.tables import local_time, percent
from portero_client import ConfusablePair
from portero_client.names import PEOPLE


def photos_table(photos: Iterable[tuple[str, bool, str]]) -> Sheet:
    """Returns the table of photos: each with whether it can be enrolled, and what is wrong with it."""
    return table(
        "photo", "enroll", "what to do", rows=((name, _verdict(usable, words), words) for name, usable, words in photos)
    )


def pairs_table(pairs: Iterable[ConfusablePair]) -> Sheet:
    """Returns the table of people who may be taken for each other."""
    return table(
        "id",
        "name",
        "other id",
        "other name",
        "similarity",
        "since",
        rows=(
            (
                PEOPLE.identifier(pair.first_person),
                pair.first_display_name,
                PEOPLE.identifier(pair.second_person),
                pair.second_display_name,
                percent(pair.similarity),
                local_time(pair.find_time),
            )
            for pair in pairs
        ),
        spare=("since",),
    )


def _verdict(usable: bool, words: str) -> str:
    if not usable:
        return "no"
    return "yes, but poor" if words else "yes"
