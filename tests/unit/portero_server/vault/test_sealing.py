"""A sealed photograph opens for its person, under its name, with its key, and in no other way."""

from __future__ import annotations

import pytest

from portero_server.vault.sealing import PhotoSeal, PictureSeal, SealBroken

KEY, NEXT = b"a" * 32, b"b" * 32
PHOTO = b"\x89PNG what was enrolled"


def test_what_was_sealed_opens_and_shows_nothing() -> None:
    """The same bytes come back; the sealed ones hold neither photo nor person, and differ each time."""
    seal = PhotoSeal([KEY])
    first, second = (seal.seal("ana", "p1", PHOTO) for _ in range(2))
    assert seal.open("ana", "p1", first) == seal.open("ana", "p1", second) == PHOTO
    assert first != second
    assert PHOTO not in first
    assert b"ana" not in first


@pytest.mark.parametrize(("person_id", "photo_id"), [("ben", "p1"), ("ana", "p2"), ("anap", "1")])
def test_an_exchanged_object_does_not_open(person_id: str, photo_id: str) -> None:
    """Under another name, or for another person, an object is refused as exchanged."""
    seal = PhotoSeal([KEY])
    with pytest.raises(SealBroken, match="exchanged") as caught:
        seal.open(person_id, photo_id, seal.seal("ana", "p1", PHOTO))
    assert caught.value.reason == "PHOTO_DAMAGED"


def test_every_changed_byte_is_noticed() -> None:
    """Whichever byte is flipped, and wherever the object is cut, nothing opens."""
    seal = PhotoSeal([KEY])
    sealed = seal.seal("ana", "p1", PHOTO)
    for place in range(len(sealed)):
        changed = bytes([*sealed[:place], sealed[place] ^ 1, *sealed[place + 1 :]])
        for damaged in (changed, sealed[:place]):
            with pytest.raises(SealBroken):
                seal.open("ana", "p1", damaged)


def test_an_older_key_still_opens_and_a_missing_one_is_named() -> None:
    """A key that was put behind a new one opens what it sealed; without it the reason is the key."""
    old = PhotoSeal([KEY]).seal("ana", "p1", PHOTO)
    both = PhotoSeal([NEXT, KEY])
    assert both.open("ana", "p1", old) == PHOTO
    new = both.seal("ana", "p1", PHOTO)
    assert PhotoSeal([NEXT]).open("ana", "p1", new) == PHOTO
    with pytest.raises(SealBroken) as caught:
        PhotoSeal([NEXT]).open("ana", "p1", old)
    assert caught.value.reason == "PHOTO_OF_OTHER_KEY"


def test_a_picture_opens_for_its_track_alone_and_is_no_photo() -> None:
    """One key may seal both: neither opens as the other."""
    seal = PictureSeal([KEY])
    sealed = seal.seal("door.e1.1", PHOTO)
    assert seal.open("door.e1.1", sealed) == PHOTO
    with pytest.raises(SealBroken) as caught:
        seal.open("door.e1.2", sealed)
    assert caught.value.reason == "PICTURE_DAMAGED"
    with pytest.raises(SealBroken):
        PhotoSeal([KEY]).open("door.e1.1", "review", sealed)
