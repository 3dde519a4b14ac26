"""`portero attendance report` shows and writes what records add up to."""

from __future__ import annotations

import csv
import io
import stat
import sys
from pathlib import Path

import openpyxl
import pytest
from portero.v1 import attendance_group_service_pb2 as group_pb2

from portero_cli.exits import ExitCode
from tests.support.client.command_line import Cli
from tests.support.client.server import FakeServer


async def test_a_report_adds_up_in_three_formats(cli: Cli, lesson: FakeServer) -> None:
    """A table, JSON, and CSV that a program reads back; who was removed has no name."""
    document = (await cli("attendance", "report", "--group", "1b", "--json")).document
    assert document["report_time"] == "2026-03-02T18:00:00Z"
    assert document["totals"][0] == {
        "person": "people/ana",
        "display_name": "Ana Núñez",
        "present_count": 8,
        "late_count": 1,
        "left_early_count": 0,
        "absent_count": 0,
        "excused_count": 0,
        "unproven_count": 1,
        "credit": 9.0,
        "percentage": 100.0,
        "lowest_percentage": 90.0,
        "highest_percentage": 100.0,
        "present": "30000s",
        "late": "1200s",
    }
    rows = list(csv.DictReader(io.StringIO((await cli("attendance", "report", "--group", "1b", "--csv")).out)))
    assert (rows[0]["person"], rows[0]["name"]) == ("ana", "Ana Núñez")
    assert (rows[0]["person"], rows[0]["unproven"], rows[0]["lowest_percentage"]) == ("ana", "1", "90.0")
    assert (rows[1]["person"], rows[1]["excused"], rows[1]["percentage"]) == ("(removed)", "2", "")
    assert "90.0 to 100.0" in (await cli("attendance", "report", "--group", "1b")).out
    lesson.attendance.totals.clear()
    assert "no record" in (await cli("attendance", "report", "--group", "1b")).out


@pytest.mark.parametrize("beginning", ["=", "+", "-", "@", "\t"])
async def test_no_name_is_run_as_a_formula(cli: Cli, lesson: FakeServer, beginning: str) -> None:
    """A name that begins as formulas do is text in a spreadsheet."""
    lesson.attendance.totals[0].display_name = f"{beginning}HYPERLINK(1)"
    lines = (await cli("attendance", "report", "--group", "1b", "--csv")).out
    row = next(csv.DictReader(io.StringIO(lines, newline="")))
    assert row["name"] == f"'{beginning}HYPERLINK(1)"


async def test_a_month_is_that_of_the_groups_time_zone(cli: Cli, lesson: FakeServer) -> None:
    """It begins at midnight there, and ends before the midnight of the next month; so does a day."""
    _santiago(lesson)
    await cli("attendance", "report", "--group", "1b", "--month", "2026-03")
    await cli("attendance", "report", "--group", "1b", "--day", "2026-04-04")
    month, day = lesson.attendance.reports
    assert month.start_time.ToJsonString() == "2026-03-01T03:00:00Z"
    assert month.end_time.ToJsonString() == "2026-04-01T03:00:00Z"
    assert (day.end_time.ToDatetime() - day.start_time.ToDatetime()).total_seconds() == 25 * 3600


async def test_a_workbook_is_written_for_its_owner_only(cli: Cli, lesson: FakeServer, tmp_path: Path) -> None:
    """In the language that was asked for, with everybody's name."""
    _santiago(lesson)
    file = tmp_path / "1b.xlsx"
    asked = ("--group", "1b", "--month", "2026-03", "--output", file, "--language", "es", "--json")
    done = await cli("attendance", "report", *asked)
    assert done.document == {"file": str(file), "format": "xlsx", "people": 2}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    sheet = openpyxl.load_workbook(file)["Registros"]
    assert [cell.value for cell in sheet["A"]] == ["Nombre", "Ana Núñez"]


async def test_a_document_is_written(cli: Cli, lesson: FakeServer, tmp_path: Path) -> None:
    """As the file's name ends, or as the format says."""
    _santiago(lesson)
    for name, more in (("1b.pdf", ()), ("1b", ("--format", "pdf"))):
        done = await cli("attendance", "report", "--group", "1b", "--output", tmp_path / name, *more)
        assert done.code == ExitCode.OK
        assert (tmp_path / name).read_bytes().startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--format", "pdf"), "name it with --output"),
        (("--output", "1b.doc"), "must end in .csv, .xlsx or .pdf"),
        (("--format", "table", "--output", "1b.csv"), "a table is shown"),
        (("--csv", "--format", "pdf"), "not both"),
        (("--day", "2026-03-02", "--month", "2026-03"), "one of --day, --month"),
        (("--month", "2026-13"), "is not a month"),
    ],
)
async def test_what_does_not_fit_together_is_refused(
    cli: Cli, lesson: FakeServer, arguments: tuple[str, ...], complaint: str
) -> None:
    """With what to write instead, before anything is asked."""
    refused = await cli("attendance", "report", "--group", "1b", *arguments)
    assert refused.code == (ExitCode.USAGE if complaint == "is not a month" else ExitCode.INVALID_INPUT)
    assert complaint in refused.err
    assert lesson.attendance.reports == []


async def test_without_the_packages_it_says_what_to_install(
    cli: Cli, lesson: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name of the extra."""
    monkeypatch.delitem(sys.modules, "portero_reports.workbook", raising=False)
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    refused = await cli("attendance", "report", "--group", "1b", "--output", tmp_path / "1b.xlsx")
    assert refused.code == ExitCode.INVALID_INPUT
    assert "pip install 'portero[reports]'" in refused.err


def _santiago(server: FakeServer) -> None:
    group = group_pb2.AttendanceGroup(
        name="attendanceGroups/1b", display_name="1° básico B", time_zone="America/Santiago"
    )
    server.attendance.groups[group.name] = group
