"""The thresholds of steering, and what is in force."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

UNLIMITED_RATE = 1000.0
"""Frames a second that lift an earlier request: no bridge is configured for more, and it never exceeds its own rate."""


class SteeringCause(Enum):
    """Why a bridge is asked for less; the names are those of the proto without the prefix."""

    OVERLOADED = "overloaded"
    IDLE = "idle"
    LARGE_FACES = "large_faces"
    CLOSED = "closed"
    BUDGET_SPENT = "budget_spent"


@dataclass(frozen=True, slots=True)
class SteeringPolicy:
    """When bridges are asked for less. Times are in seconds, rates in frames a second.

    Attributes:
        idle_after: A live stream in which nothing changed for so long is idle.
        idle_rate: What an idle stream is asked for.
        wait_limit: A live stream whose frames wait longer in the server, or that has no credit, is overloaded when that
            lasts for as long.
        min_rate: An overloaded stream is asked for no less.
        hold: Least time between two changes of an overloaded stream's rate.
        face_width: Width of a face, pixels, that serves recognition well; faces twice as wide are needlessly large.
        min_side: No longest side below this is asked for, pixels.
        max_side: The longest side that the server takes, pixels; asked for to lift an earlier request.
        visits: Number of visits that must all have been needlessly large.
        size_lasts: A smaller size is asked for at most so long; then the full one is tried again.
        pause_when_spent: Whether live streams pause while the budget is spent and nothing answers in place of the
            paid engine.
    """

    idle_after: float = 30.0
    idle_rate: float = 2.0
    wait_limit: float = 1.0
    min_rate: float = 1.0
    hold: float = 10.0
    face_width: int = 160
    min_side: int = 640
    max_side: int = 4096
    visits: int = 20
    size_lasts: float = 3600.0
    pause_when_spent: bool = True


@dataclass(frozen=True, slots=True)
class Asked:
    """What a bridge is asked for at present; None where nothing limits it.

    Attributes:
        max_rate: Frames a second.
        max_side: Longest side, pixels.
        pause: Seconds for which it is asked to send no more frames.
        causes: Why.
    """

    max_rate: float | None = None
    max_side: int | None = None
    pause: float | None = None
    causes: tuple[SteeringCause, ...] = ()


NOTHING_ASKED = Asked()
