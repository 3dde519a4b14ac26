"""`portero people import`: sources, reports, and imports that are cut and go on."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import grpc
import pytest

from tests.support.client.command_line import Cli
from tests.support.client.photos import photo
from tests.support.client.server import FakeServer
from tests.support.client.wire import Refusal
from tests.unit.portero_cli.commands.test_people import write


def _reported(report: Path) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = json.loads(report.read_text())["photos"]
    return lines


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twenty people with two photos each, one of every fifth person's without a face; one person has none at all."""
    people = tmp_path / "people"
    for number in range(20):
        name = f"p-{'abcdefghijklmnopqrst'[number]}"
        write(people, f"{name}/1.jpg", photo(name))
        write(people, f"{name}/2.jpg", photo() if number % 5 == 0 else photo(name, quality=0.8))
    write(people, "nobody/1.jpg", photo())
    return people


async def test_a_list_is_imported_with_ids_and_labels(cli: Cli, server: FakeServer, tmp_path: Path) -> None:
    """A line is a person with the photos it names; one that is not there is a line of its own."""
    write(tmp_path, "1.jpg", photo("ana"))
    table = write(tmp_path, "list.csv", b"nombre;id;foto;external_id\nAna;a-1;1.jpg|2.jpg;C7\n")
    result = await cli("people", "import", table)
    assert result.code == 4
    assert "2 photos: 1 enrolled of 1 person, 1 refused" in result.out
    assert "2.jpg cannot be read: no such file or directory" in result.out
    known = server.gallery.known["people/a-1"].person
    assert (known.display_name, dict(known.labels)) == ("Ana", {"external_id": "C7"})


async def test_the_report_tells_every_photo(cli: Cli, server: FakeServer, folder: Path, tmp_path: Path) -> None:
    """All 41 photos are in it once, refused ones with a reason; the terminal sums up, and no journal is left."""
    report = tmp_path / "report.json"
    result = await cli("people", "import", folder, "--report", report)
    assert result.code == 4
    assert result.out.splitlines()[-1] == "41 photos: 36 enrolled of 20 people, 5 refused"
    lines = _reported(report)
    assert Counter(line["outcome"] for line in lines) == {"enrolled": 36, "refused": 5}
    assert len({line["photo"] for line in lines}) == 41
    assert all(line["message"] == "no face was found in the image" for line in lines if line["reason"])
    assert not (tmp_path / "report.json.part").exists()
    assert "people/nobody" not in server.gallery.known


async def test_an_import_goes_on_after_the_server_failed(
    cli: Cli, server: FakeServer, folder: Path, tmp_path: Path
) -> None:
    """What was done is not asked for again, and the report is that of one import without a failure."""
    whole, report = tmp_path / "whole.json", tmp_path / "report.json"
    server.refuse("EnrollFace", Refusal(grpc.StatusCode.PERMISSION_DENIED, "not now", reason="ROLE"), 99, after=17)
    result = await cli("people", "import", folder, "--report", report)
    assert (result.code, result.err) == (6, "error: not now\n")
    assert (tmp_path / "report.json.part").exists()
    server.admit_all()
    before = server.calls["EnrollFace"]
    assert (await cli("people", "import", folder, "--report", report)).code == 4
    assert server.calls["EnrollFace"] - before == 41 - 17
    await cli("people", "import", folder, "--report", whole)
    assert _reported(report) == _reported(whole)
    assert sum(len(known.faces) for known in server.gallery.known.values()) == 36
    assert "people/nobody" not in server.gallery.known


async def test_who_waits_for_a_consent_does_not_end_the_import(
    cli: Cli, server: FakeServer, folder: Path, tmp_path: Path
) -> None:
    """Everybody whose consent is missing is told as such, and all were tried."""
    server.refuse("EnrollFace", Refusal(grpc.StatusCode.FAILED_PRECONDITION, "not yet", reason="CONSENT_MISSING"), 99)
    report = tmp_path / "report.json"
    result = await cli("people", "import", folder, "--report", report)
    assert result.code == 4
    assert Counter(line["reason"] for line in _reported(report)) == {"CONSENT_MISSING": 41}


async def test_a_report_that_cannot_be_is_told_before_anything_is_done(
    cli: Cli, server: FakeServer, folder: Path, tmp_path: Path
) -> None:
    """A name that says no form is refused, and nobody is added."""
    result = await cli("people", "import", folder, "--report", tmp_path / "report.xlsx")
    assert (result.code, server.gallery.known) == (4, {})
    assert "must end in .csv or .json" in result.err


async def test_people_who_look_alike_are_told_beside_the_report(cli: Cli, tmp_path: Path) -> None:
    """The same face under two names is a warning, also where the terminal only sums up."""
    for person in ("ana", "anna"):
        write(tmp_path / "people", f"{person}/1.jpg", photo("ana", quality=0.9 if person == "ana" else 0.8))
    result = await cli("people", "import", tmp_path / "people", "--report", tmp_path / "report.csv")
    assert result.code == 0
    assert "has much the same face, 95% alike" in result.out
