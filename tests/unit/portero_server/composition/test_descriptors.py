"""The limit of open descriptors at start."""

from __future__ import annotations

import resource

import pytest

from portero_server.composition.descriptors import Descriptors, raise_descriptor_limit

_INFINITE = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("given", "told", "raised"),
    [
        ((1024, 4096), Descriptors(1024, 4096), (4096, 4096)),
        ((4096, 4096), Descriptors(4096, 4096), None),
        ((1024, _INFINITE), Descriptors(1024, 1_048_576), (1_048_576, _INFINITE)),
        ((_INFINITE, _INFINITE), Descriptors(_INFINITE, _INFINITE), None),
    ],
)
def test_the_limit_is_raised_as_far_as_the_system_allows(
    given: tuple[int, int], told: Descriptors, raised: tuple[int, int] | None
) -> None:
    """The soft limit becomes the hard one; what is enough already is left alone."""
    asked: list[tuple[int, int]] = []
    assert raise_descriptor_limit(lambda _: given, lambda _, limits: asked.append(limits)) == told
    assert asked == ([] if raised is None else [raised])


def test_a_system_that_refuses_keeps_its_limit() -> None:
    """The server starts with the limit it has."""

    def refuse(kind: int, limits: tuple[int, int]) -> None:
        raise ValueError("not allowed")

    assert raise_descriptor_limit(lambda _: (256, 1024), refuse) == Descriptors(256, 256)
