"""Snapshots: pictures of sightings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class SnapshotKind(Enum):
    """What a snapshot shows."""

    FACE = "face"
    """Head and shoulders, from the best shot."""
    CONTEXT = "context"
    """The whole frame of that shot, if the server keeps it."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A picture of a sighting, in which privacy zones and other people's faces are black.

    Attributes:
        jpeg: A JPEG file.
        kind: What it shows.
        capture_time: When it was captured, UTC.
        quality: Quality of the shot, 0..1.
        expire_time: From when on the server does not show it any more, UTC.
    """

    jpeg: bytes
    kind: SnapshotKind
    capture_time: datetime
    quality: float
    expire_time: datetime


@dataclass(frozen=True, slots=True)
class SnapshotLink:
    """A link by which anybody can look at a snapshot for a time.

    Attributes:
        url: Where it is, to be read with GET.
        kind: What it shows.
        expire_time: Until when the link works at the longest, UTC.
    """

    url: str
    kind: SnapshotKind
    expire_time: datetime


@dataclass(frozen=True, slots=True)
class SnapshotCheck:
    """Whether the server can keep snapshots.

    Attributes:
        enabled: Whether it keeps any at all.
        writable: Whether a file could be written, read and deleted just now.
        problem: Why not, in words; empty: it could, or none are kept.
    """

    enabled: bool
    writable: bool
    problem: str
