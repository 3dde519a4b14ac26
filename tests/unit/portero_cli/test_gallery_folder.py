"""A gallery as a folder."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_cli.gallery_folder import GalleryFolderWriter, line_of, read_manifest, read_people, record_of
from portero_client import Box, Consent, FaceEncoding, FaceQuality, InvalidArgument, PersonRecord

_NOW = datetime(2026, 11, 27, tzinfo=UTC)
_TIMES = st.one_of(st.none(), st.datetimes(timezones=st.just(UTC)))
_FACES = st.builds(
    FaceEncoding,
    st.binary(max_size=8),
    st.text(max_size=5),
    st.one_of(st.none(), st.builds(Box, *[st.floats(0, 1)] * 4)),
    st.one_of(st.none(), st.builds(FaceQuality, *[st.floats(0, 1)] * 5)),
    _TIMES,
    st.just("local"),
    st.sampled_from(["m1", "m2"]),
)
_CONSENTS = st.builds(Consent, *[st.text(max_size=5)] * 5, *[st.datetimes(timezones=st.just(UTC))] * 2, _TIMES, _TIMES)
_RECORDS = st.builds(
    PersonRecord,
    st.text(max_size=5),
    st.text(max_size=9),
    st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
    _TIMES,
    st.lists(_FACES, max_size=2).map(tuple),
    st.lists(_CONSENTS, max_size=2).map(tuple),
    st.one_of(st.none(), st.text(max_size=3)),
    _TIMES,
)


@given(_RECORDS)
def test_a_person_is_a_line_and_the_line_is_the_person(record: PersonRecord) -> None:
    """Whatever the names and times, nothing is lost, and no line has two ends."""
    line = line_of(record)
    assert line.count(b"\n") == 1
    assert record_of(line) == record


def _written(folder: Path) -> None:
    writer = GalleryFolderWriter(folder)
    writer.add(PersonRecord("people/ana", "Ana", faces=(FaceEncoding(b"1234", engine="local", model_version="m1"),)))
    writer.add(PersonRecord("people/bo", "Bo", faces=(FaceEncoding(b""),)))
    writer.finish(_NOW)


def test_a_folder_tells_what_is_in_it_to_its_owner_only(tmp_path: Path) -> None:
    """Counts, models and time are in the manifest; nobody else may read folder or files."""
    _written(tmp_path / "g")
    manifest = read_manifest(tmp_path / "g")
    assert (manifest.people, manifest.models, manifest.kept_by_engine) == (2, {"local m1": 1}, 1)
    assert [record.person for record in read_people(tmp_path / "g")] == ["people/ana", "people/bo"]
    assert (tmp_path / "g").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "g").iterdir()} == {0o600}
    with pytest.raises(InvalidArgument, match="is not empty"):
        GalleryFolderWriter(tmp_path / "g")


def test_a_folder_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    """An export that was cut, changed, or made by a later version is told before anybody is imported."""
    GalleryFolderWriter(tmp_path / "cut").close()
    with pytest.raises(InvalidArgument, match="is not a complete export of `portero gallery export`"):
        read_manifest(tmp_path / "cut")
    _written(tmp_path / "g")
    people = tmp_path / "g" / "people.jsonl"
    people.write_bytes(people.read_bytes().replace(b"Ana", b"Eva"))
    with pytest.raises(InvalidArgument, match=r"people\.jsonl is damaged"):
        read_manifest(tmp_path / "g")
    manifest = tmp_path / "g" / "gallery.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "format": 2}))
    with pytest.raises(InvalidArgument, match="exported by a later version"):
        read_manifest(tmp_path / "g")
    people.write_text("{}\n")
    with pytest.raises(InvalidArgument, match="line 1: not an exported person"):
        list(read_people(tmp_path / "g"))
