"""What a server told and stored of one film, in seconds from its first frame, whoever asked it."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.benchmarks.identity.truth import Place


@dataclass(frozen=True, slots=True)
class Tell:
    """A track as the bridge was told.

    Attributes:
        track: Which.
        told: When it was told.
        seen: When the frame was taken that it tells of.
        place: The box in that frame.
        name: Id of the person; empty: nobody.
        closed: Whether the track has ended.
    """

    track: str
    told: float
    seen: float
    place: Place
    name: str
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Followed:
    """Where the server itself had a track in a frame, if it was sure of it; the wire tells less."""

    track: str
    time: float
    place: Place


@dataclass(frozen=True, slots=True)
class Stored:
    """A sighting as it is stored in the end.

    Attributes:
        name: Id of the person; empty for a stranger.
        first, last: First and last seen.
        tracks: The tracks that belong to it.
    """

    name: str
    first: float
    last: float
    tracks: frozenset[str]


@dataclass(slots=True)
class Account:
    """Everything about one film.

    Attributes:
        calls: Calls of the engine.
        encodings: Faces that the local engine encoded beside it, for comparison; None: not known.
    """

    tells: list[Tell] = field(default_factory=list)
    followed: list[Followed] = field(default_factory=list)
    stored: list[Stored] = field(default_factory=list)
    calls: int = 0
    encodings: int | None = None
