"""Tests of opening networks with onnxruntime."""

from __future__ import annotations

import pytest

from portero_server.errors import StartupProblem
from portero_server.vision.runtime import UnusableModel, load_library, open_network


def test_content_that_is_no_model_is_told() -> None:
    """What onnxruntime cannot load is an error of its own, so that the caller can name the file."""
    with pytest.raises(UnusableModel):
        open_network(b"not a model", "a test")


def test_missing_library_is_told() -> None:
    """A library that is missing is named, with what needs it and what installs it."""
    with pytest.raises(StartupProblem, match=r"no_such_library, which a test needs, .*pip install 'portero\[local\]'"):
        load_library("no_such_library", "a test")
