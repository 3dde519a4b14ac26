"""A program that was made for CompreFace."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.console.browser import Browser
from tests.support.console.program import Program

Open = Callable[..., Browser]


@pytest.fixture
def program(open_browser: Open) -> Program:
    """A program on the console's own machine."""
    return Program(open_browser(compreface=True))
