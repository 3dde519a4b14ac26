"""Finds whom a face without a name may show, by what the decisions about it saw."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_NEAR = 0.2
"""A candidate is near the threshold within this share of what lies between it and 1; reviews ask about as many."""


@dataclass(frozen=True, slots=True)
class FaceLook:
    """One decision about a face.

    Attributes:
        compared: Whether the face was compared with the gallery.
        quality: Of its shot, 0..1.
        sure_quality: A shot of less quality names nobody alone, 0..1.
        threshold: Least similarity of a match, 0..1.
        candidates: People with their similarity, 0..1.
    """

    compared: bool
    quality: float
    sure_quality: float
    threshold: float
    candidates: tuple[tuple[str, float], ...] = ()


def suspects_of(looks: Iterable[FaceLook]) -> frozenset[str]:
    """Returns the ids of the people whom the face may show: matches that were not sure, and candidates near one."""
    return frozenset(
        person_id
        for look in looks
        for person_id, similarity in look.candidates
        if similarity >= look.threshold - _NEAR * (1.0 - look.threshold)
    )


def is_unclear(looks: Sequence[FaceLook]) -> bool:
    """Returns whether the face was seen too poorly to exclude anybody: no shot that could name somebody was compared.

    Also where nothing is known of the decisions: what is not known excludes nobody.
    """
    return not any(look.compared and look.quality >= look.sure_quality for look in looks)
