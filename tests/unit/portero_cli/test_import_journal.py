"""What an import notes, and what one that was killed finds of it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from portero_cli.import_journal import journal_of, opened_journal
from portero_cli.import_report import Outcome, PhotoOutcome
from portero_client import InvalidArgument

_SOURCE = Path("people")


def _outcome(number: int) -> PhotoOutcome:
    return PhotoOutcome(f"ñ/{number}.jpg", "people/ñ", "Ñ", Outcome.REFUSED, "", "NO_FACE", 'a "face"\nis missing')


def test_a_run_goes_on_where_the_one_before_was_cut(tmp_path: Path) -> None:
    """Cut after any byte, the journal still tells every whole line, and what is noted then is told with it."""
    report = tmp_path / "r.csv"
    with opened_journal(report, _SOURCE, "server:1") as journal:
        request = journal.request_id("ana", "Ana", {})
        for number in range(3):
            journal.note(f"stamp {number}", _outcome(number))
        journal.note_done("ana")
    path = journal_of(report)
    assert path.stat().st_mode & 0o777 == 0o600
    whole = path.read_bytes()
    head_ends = whole.index(b"\n", 1) + 1
    chance = random.Random(1)
    for cut in (head_ends, len(whole), *(chance.randrange(head_ends, len(whole)) for _ in range(40))):
        path.write_bytes(whole[:cut])
        told = whole[:cut].count(b'is missing"}')
        with opened_journal(report, _SOURCE, "server:1") as journal:
            found = [journal.outcome_of(_outcome(number).photo, f"stamp {number}") for number in range(3)]
            assert found == [_outcome(number) if number < told else None for number in range(3)]
            assert journal.request_id("ana", "Ana", {}) == request != journal.request_id("ana", "Ana", {"room": "1"})
            assert journal.outcome_of(_outcome(0).photo, "changed") is None
            journal.note("stamp 9", _outcome(9))
        with opened_journal(report, _SOURCE, "server:1") as journal:
            assert journal.outcome_of(_outcome(9).photo, "stamp 9") == _outcome(9)
            assert journal.is_done("ana") == (cut >= len(whole) - 1)


def test_a_journal_of_another_import_is_not_gone_on_with(tmp_path: Path) -> None:
    """Another source or server needs another report; without a report nothing is written."""
    report = tmp_path / "r.csv"
    with opened_journal(report, _SOURCE, "server:1"):
        pass
    for source, server in ((Path("others"), "server:1"), (_SOURCE, "server:2")):
        with pytest.raises(InvalidArgument, match="is of an import of"), opened_journal(report, source, server):
            pass
    with opened_journal(None, _SOURCE, "server:1") as journal:
        journal.note("stamp", _outcome(1))
        assert journal.outcome_of(_outcome(1).photo, "stamp") == _outcome(1)
    assert [path.name for path in tmp_path.iterdir()] == ["r.csv.part"]
