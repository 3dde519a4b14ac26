"""What tells one kept photograph from another."""

from __future__ import annotations

from portero_server.domain.people.photos import photo_digest


def test_a_digest_is_of_person_and_photo() -> None:
    """The same photo of the same person has one digest; another person or photo has another, also where texts join."""
    assert photo_digest("ana", b"photo") == photo_digest("ana", b"photo")
    assert len({photo_digest(*each) for each in (("ana", b"photo"), ("ana", b"foto"), ("anap", b"hoto"))}) == 3
