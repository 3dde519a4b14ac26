"""Chains of audit entries, and what somebody with access to the database could do to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from portero_server.domain.audit.chain import GENESIS, Actor, Chain, Deed, Entry, Head, digest_of
from portero_server.domain.audit.check import Tampering
from portero_server.errors import PorteroError

MOMENT = datetime(2026, 3, 1, 8, tzinfo=UTC)


def deed(number: int) -> Deed:
    """Returns a deed that differs from others by its resource."""
    return Deed(Actor("keys/k1", "192.0.2.1", "key", "k1"), "GalleryService/EnrollFace", f"people/p{number}")


def chain(length: int) -> tuple[list[Entry], Head]:
    """Returns a sound chain and its head."""
    made = Chain(Head())
    for number in range(length):
        made.append(deed(number), MOMENT + timedelta(seconds=number))
    return made.appended, made.head


def edited(entries: Sequence[Entry], place: int) -> list[Entry]:
    """Has the entry at a place speak of somebody else."""
    return [
        replace(entry, deed=replace(entry.deed, resource="people/other")) if entry.position == place else entry
        for entry in entries
    ]


def edited_and_sealed(entries: Sequence[Entry], place: int) -> list[Entry]:
    """Does so and gives the entry the digest that it then must have."""
    return [
        replace(entry, digest=entry.digest_at(place)) if entry.position == place else entry
        for entry in edited(entries, place)
    ]


def removed(entries: Sequence[Entry], place: int) -> list[Entry]:
    """Takes the entry at a place out."""
    return [entry for entry in entries if entry.position != place]


def removed_and_renumbered(entries: Sequence[Entry], place: int) -> list[Entry]:
    """Takes it out and closes the gap."""
    return [replace(entry, position=number) for number, entry in enumerate(removed(entries, place), 1)]


def swapped(entries: Sequence[Entry], place: int) -> list[Entry]:
    """Exchanges the positions of an entry and the next."""
    other = {place: place + 1, place + 1: place}
    moved = [replace(entry, position=other.get(entry.position, entry.position)) for entry in entries]
    return sorted(moved, key=lambda entry: entry.position)


def inserted(entries: Sequence[Entry], place: int) -> list[Entry]:
    """Puts a forged entry, sealed as it should be, at a place and makes room for it."""
    previous = entries[place - 2].digest if place > 1 else GENESIS
    forged = Entry(place, MOMENT, deed(999), previous, digest_of(place, MOMENT, deed(999), previous))
    later = [replace(entry, position=entry.position + 1) for entry in entries[place - 1 :]]
    return [*entries[: place - 1], forged, *later]


def cut(entries: Sequence[Entry], place: int) -> list[Entry]:
    """Takes an entry and all after it."""
    return list(entries[: place - 1])


Tamper = Callable[[Sequence[Entry], int], list[Entry]]

WAYS: Mapping[str, tuple[Tamper, Tampering]] = {
    "edited": (edited, Tampering.EDITED),
    "edited and sealed": (edited_and_sealed, Tampering.EDITED),
    "removed": (removed, Tampering.REMOVED),
    "removed and renumbered": (removed_and_renumbered, Tampering.REMOVED),
    "reordered": (swapped, Tampering.REORDERED),
    "inserted": (inserted, Tampering.INSERTED),
    "cut": (cut, Tampering.CUT),
}
"""Every way by name, with what it must be found to be when done in the middle of a chain."""


class MemoryLog:
    """An AuditLog in memory; raises `trouble` on writing while there is some."""

    def __init__(self) -> None:
        self.chain = Chain(Head())
        self.trouble: PorteroError | None = None

    @property
    def deeds(self) -> list[Deed]:
        """What was recorded, in order."""
        return [entry.deed for entry in self.chain.appended]

    async def append(self, deeds: Sequence[Deed], at: datetime) -> Sequence[Entry]:
        """Appends."""
        if self.trouble is not None:
            raise self.trouble
        return [self.chain.append(deed, at) for deed in deeds]

    async def head(self) -> Head:
        """Returns the end."""
        return self.chain.head

    async def page(self, after: int, limit: int) -> tuple[Sequence[Entry], Head]:
        """Returns entries after a position."""
        return [entry for entry in self.chain.appended if entry.position > after][:limit], self.chain.head

    async def newest(self, limit: int, before: int | None = None) -> Sequence[Entry]:
        """Returns the newest first."""
        return [e for e in reversed(self.chain.appended) if before is None or e.position < before][:limit]
