"""What a request asks for in its query."""

from __future__ import annotations

import pytest

from portero_console.compreface.errors import Code, CompreFaceError
from portero_console.compreface.parameters import Analysis, analysis_of, page_of, subject_of


def test_what_is_left_out_has_its_default() -> None:
    """Empty values count as left out."""
    assert analysis_of({"limit": "", "status": ""}) == Analysis(0, 0.0, 1, status=False)
    assert page_of({}) == (0, 20)


def test_values_are_read() -> None:
    """More subjects than the server returns are as many as it returns."""
    query = {"limit": "3", "det_prob_threshold": "0.8", "prediction_count": "50", "status": "True"}
    assert analysis_of(query) == Analysis(3, 0.8, 20, status=True)
    assert page_of({"page": "2", "size": "1000"}) == (2, 1000)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"limit": "-1"}, Code.VALIDATION_CONSTRAINT_VIOLATION),
        ({"limit": "1.5"}, Code.INCORRECT_ARGUMENT),
        ({"limit": "1" * 10}, Code.INCORRECT_ARGUMENT),
        ({"det_prob_threshold": "1.1"}, Code.VALIDATION_CONSTRAINT_VIOLATION),
        ({"det_prob_threshold": "nan"}, Code.VALIDATION_CONSTRAINT_VIOLATION),
        ({"det_prob_threshold": "x"}, Code.INCORRECT_ARGUMENT),
        ({"prediction_count": "0"}, Code.INCORRECT_PREDICTION_COUNT),
        ({"status": "maybe"}, Code.INCORRECT_ARGUMENT),
    ],
)
def test_a_value_that_cannot_be_used_is_named(query: dict[str, str], code: Code) -> None:
    """The sentence begins with the parameter."""
    with pytest.raises(CompreFaceError, match=f"^{next(iter(query))} must be") as raised:
        analysis_of(query)
    assert raised.value.code == code


@pytest.mark.parametrize("query", [{"page": "-1"}, {"size": "0"}, {"size": "1001"}])
def test_a_page_that_there_cannot_be_is_refused(query: dict[str, str]) -> None:
    """Pages are counted from 0, and have 1 to 1000 examples."""
    with pytest.raises(CompreFaceError, match=f"^{next(iter(query))} must be"):
        page_of(query)


def test_a_subject_has_no_white_space_around_it() -> None:
    """It is stored so; what is nothing else is no subject."""
    assert subject_of(" Ana Luz\n") == "Ana Luz"
    with pytest.raises(CompreFaceError, match="subject must not be empty"):
        subject_of(7)
