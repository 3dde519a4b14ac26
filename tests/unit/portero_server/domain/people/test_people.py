"""Names and labels are checked where they come in, and errors name the field and the limit."""

from __future__ import annotations

import pytest

from portero_server.domain.people.people import checked_display_name, checked_identifier, checked_labels
from portero_server.errors import InvalidInput


@pytest.mark.parametrize("value", ["a", "ana-luz", "0", "a" * 63])
def test_takes_sound_identifiers(value: str) -> None:
    """Identifiers of 1 to 63 small letters, digits and dashes pass."""
    assert checked_identifier(value, "person_id") == value


@pytest.mark.parametrize("value", ["", "-a", "A", "a b", "a" * 64, "ñ", "a/b"])
def test_refuses_unsound_identifiers(value: str) -> None:
    """Anything else is refused, naming the field and the limit."""
    with pytest.raises(InvalidInput, match="person_id must be 1 to 63") as caught:
        checked_identifier(value, "person_id")
    assert caught.value.field == "person_id"


def test_trims_display_names() -> None:
    """Blanks around a name are not part of it."""
    assert checked_display_name("  Ana Luz ") == "Ana Luz"


@pytest.mark.parametrize("value", ["", "   ", "x" * 201, "a\nb", "a\x00b"])
def test_refuses_unprintable_or_overlong_names(value: str) -> None:
    """Empty, overlong and unprintable names are refused."""
    with pytest.raises(InvalidInput, match="1 to 200 printable"):
        checked_display_name(value)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ({str(number): "x" for number in range(33)}, "at most 32"),
        ({"Room": "1"}, "each key"),
        ({"room": "x" * 201}, "at most 200"),
    ],
)
def test_refuses_labels_beyond_their_limits(labels: dict[str, str], words: str) -> None:
    """Too many labels, a bad key and an overlong value are each told apart."""
    with pytest.raises(InvalidInput, match=words):
        checked_labels(labels)
