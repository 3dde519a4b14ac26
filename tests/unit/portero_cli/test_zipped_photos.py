"""Photos in archives, sound ones and ones that were made to do harm."""

from __future__ import annotations

import struct
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import pytest

from portero_cli.zipped_photos import MOST_ENTRIES, opened_zip
from portero_client import InvalidArgument
from tests.support.images.jpegs import picture


def zipped(path: Path, files: dict[str, bytes], compression: int = ZIP_STORED) -> Path:
    """Writes an archive."""
    with ZipFile(path, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_an_archive_is_read_like_a_folder(tmp_path: Path) -> None:
    """Folders, photos by name or contents, and other files are told apart; hidden ones are nowhere."""
    names = ("ana/10.jpg", "ana/9.jpg", "ana/no suffix", "ana/notes.txt", "ana/.hidden.jpg", "__MACOSX/._9.jpg")
    path = zipped(tmp_path / "a.zip", {name: b"words" if "notes" in name else picture() for name in names})
    with opened_zip(path) as photos:
        assert photos.look_into(path).folders == (path / "ana",)
        inside = photos.look_into(path / "ana")
        assert [each.name for each in inside.photos] == ["9.jpg", "10.jpg", "no suffix"]
        assert [each.name for each in inside.others] == ["notes.txt"]
        assert photos.read(path / "ana/9.jpg") == picture()
        assert photos.stamp(path / "ana/9.jpg") == photos.stamp(path / "ana/10.jpg") != ""
        assert photos.unsafe == []
        with pytest.raises(InvalidArgument, match="no such file in the archive"):
            photos.read(path / "ana/gone.jpg")


def test_names_are_read_as_their_authors_saw_them(tmp_path: Path) -> None:
    """Accents of macOS, which tells nothing of its encoding, and of Windows come out right, and backslashes too."""
    path = tmp_path / "a.zip"
    for raw, seen in (("Ana Díaz/1.jpg".encode(), "Ana Díaz"), ("Ana Díaz\\1.jpg".encode("cp850"), "Ana Díaz")):
        stand_in = "x" * len(raw)
        zipped(path, {stand_in: picture()})
        path.write_bytes(path.read_bytes().replace(stand_in.encode(), raw))
        with opened_zip(path) as photos:
            assert [each.name for each in photos.look_into(path).folders] == [seen]
            assert photos.read(path / seen / "1.jpg") == picture()


def test_names_that_lead_out_are_told_and_not_read(tmp_path: Path) -> None:
    """Absolute names, parents, drives, endless depth and second files of a name are left out, each with its reason."""
    path = tmp_path / "a.zip"
    with ZipFile(path, "w") as archive:
        for name in ("/etc/ana.jpg", "../ana.jpg", "a/../../b.jpg", "C:/a.jpg", "d/" * 40 + "a.jpg", "ok/a.jpg"):
            archive.writestr(ZipInfo(name), picture())
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("ok/a.jpg", b"other")
        archive.writestr("ok/a.jpg/inside.jpg", picture())
    with opened_zip(path) as photos:
        assert [each.reason for each in photos.unsafe] == ["UNSAFE_PATH"] * 5 + ["TWICE"] * 2
        assert photos.look_into(path).folders == (path / "ok",)
        assert photos.read(path / "ok/a.jpg") == picture()


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    """A file that unpacks to far more than it is, and an archive whose entries overlap, are refused before reading."""
    path = zipped(tmp_path / "a.zip", {"ana.bmp": b"BM" + bytes(10_000_000)}, compression=ZIP_DEFLATED)
    with opened_zip(path) as photos, pytest.raises(InvalidArgument, match="over 200 times its size"):
        photos.read(path / "ana.bmp")
    data = zipped(tmp_path / "b.zip", {"a.jpg": picture(), "b.jpg": picture()}).read_bytes()
    # The sizes of the second entry of the table of contents claim the whole file.
    at = data.rindex(b"PK\x01\x02") + 20
    (tmp_path / "b.zip").write_bytes(data[:at] + struct.pack("<II", len(data), len(data)) + data[at + 8 :])
    with pytest.raises(InvalidArgument, match="entries overlap"), opened_zip(tmp_path / "b.zip"):
        pass


def test_what_cannot_be_read_is_told_by_its_name(tmp_path: Path) -> None:
    """Damaged and encrypted files, files that are not archives, and too many entries are refused in words."""
    path = zipped(tmp_path / "a.zip", {"a.jpg": picture(), "b.jpg": b"", "c.jpg": picture()})
    data = bytearray(path.read_bytes())
    data[data.index(b"a.jpg") + 200] ^= 0xFF
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with opened_zip(path) as photos:
        for name, said in (("a.jpg", "cannot be read: bad crc"), ("b.jpg", "is empty"), ("c.jpg", "is encrypted")):
            with pytest.raises(InvalidArgument, match=said):
                photos.read(path / name)
    (tmp_path / "c.zip").write_bytes(b"no archive")
    with pytest.raises(InvalidArgument, match="is not a ZIP archive"), opened_zip(tmp_path / "c.zip"):
        pass


def test_an_archive_of_too_many_entries_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of entries is bounded, and the message says by what."""
    assert MOST_ENTRIES == 100_000
    monkeypatch.setattr("portero_cli.zipped_photos.MOST_ENTRIES", 2)
    path = zipped(tmp_path / "a.zip", dict.fromkeys(("a.jpg", "b.jpg", "c.jpg"), picture()))
    with pytest.raises(InvalidArgument, match="has 3 entries; at most 2"), opened_zip(path):
        pass
