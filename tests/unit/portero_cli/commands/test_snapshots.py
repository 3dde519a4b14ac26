"""`portero snapshots`: pictures of sightings."""

from __future__ import annotations

from pathlib import Path

from portero.v1 import snapshot_service_pb2 as pb2

from tests.support.client.command_line import Cli
from tests.support.client.server import FakeServer


async def test_a_picture_is_saved_for_nobody_else(cli: Cli, server: FakeServer, tmp_path: Path) -> None:
    """A file that is there is not written over, and none is made where there is no picture."""
    for kind, content in ((pb2.SNAPSHOT_KIND_FACE, b"face"), (pb2.SNAPSHOT_KIND_CONTEXT, b"frame")):
        server.snapshots.pictures["sightings/s1", kind] = content
    face, frame = tmp_path / "face.jpg", tmp_path / "frame.jpg"
    told = await cli("snapshots", "save", "s1", str(face))
    assert (told.code, face.read_bytes(), face.stat().st_mode & 0o777) == (0, b"face", 0o600)
    assert f"{face}: taken 2025-06-15" in told.out
    document = (await cli("snapshots", "save", "s1", str(frame), "--context", "--json")).document
    assert (frame.read_bytes(), document["kind"], document["quality"]) == (b"frame", "context", 0.5)
    assert (await cli("snapshots", "save", "s1", str(face))).code == 4
    assert (await cli("snapshots", "save", "s2", str(tmp_path / "other.jpg"))).code == 3
    assert not (tmp_path / "other.jpg").exists()


async def test_a_link_is_printed_alone(cli: Cli, server: FakeServer) -> None:
    """So that it can be handed on; it lasts as long as asked, or as the server allows."""
    assert (await cli("snapshots", "link", "s1")).out == "https://bucket.example/sightings/s1\n"
    document = (await cli("snapshots", "link", "s1", "--context", "--seconds", "90", "--json")).document
    assert (document["kind"], server.snapshots.lifetimes) == ("context", [None, 90])


async def test_the_check_fails_only_where_pictures_are_to_be_kept(cli: Cli, server: FakeServer) -> None:
    """It says why in words, as the doctor does, whose work it is not to fail for it."""
    off = await cli("snapshots", "check")
    assert (off.code, off.out) == (0, "none are kept: PORTERO_SNAPSHOTS is not set\n")
    assert "snapshots" not in (await cli("doctor")).out
    server.snapshots.enabled = True
    fine = await cli("snapshots", "check")
    assert (fine.code, fine.out) == (0, "can be kept\n")
    server.snapshots.problem = "the bucket pictures of the snapshots refuses (AccessDenied)"
    broken = await cli("snapshots", "check")
    assert (broken.code, broken.out) == (1, f"{server.snapshots.problem}\n")
    checks = (await cli("doctor", "--json")).document["checks"]
    (line,) = [each for each in checks if each["check"] == "snapshots"]
    assert (line["ok"], line["needed"], line["detail"]) == (False, False, server.snapshots.problem)
