"""`portero checkin`, `document`, `checkins` and `guests`."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from portero.v1 import document_service_pb2 as pb2
from portero.v1 import privacy_service_pb2

from portero_cli.exits import ExitCode
from tests.support.client.command_line import Cli
from tests.support.client.documents import READING, SESSION, check_in
from tests.support.client.photos import photo
from tests.support.client.server import FakeServer
from tests.support.time.timeouts import PATIENCE

GUEST = pb2.Guest(
    name="guests/g1", display_name="Ana Luz", run="20111222-9", arrival_date="2026-11-27", check_in="checkIns/c1"
)
RECEIPT = privacy_service_pb2.Erasure(
    name="erasures/e1", removed=[privacy_service_pb2.PlaceCount(place="check_ins", count=2)]
)


@pytest.fixture
def card(tmp_path: Path) -> str:
    """A picture of a card."""
    (tmp_path / "card.jpg").write_bytes(photo("card"))
    return str(tmp_path / "card.jpg")


async def test_a_check_in_with_pictures_is_reported(cli: Cli, server: FakeServer, card: str) -> None:
    """The report begins with the answer and shows each check, also those that are not made; accepted is exit code 0."""
    server.documents.answers["StartCheckIn"] = [pb2.StartCheckInResponse(check_in=check_in())] * 2
    done = await cli("checkin", card, card, "--face", card)
    assert done.code == ExitCode.OK
    assert done.out.startswith("ACCEPTED\n")
    for shown in ("registry", "not checked", "70%, 80% needed", "25% moves as one", "SOTO", "mrz ✓"):
        assert shown in done.out, shown
    told = await cli("checkin", card, "--json")
    assert told.document["check_in"]["result"] == "accepted"
    assert told.document["check_in"]["checks"][1] == {
        "name": "registry",
        "outcome": "not_checked",
        "reason": "unspecified",
    }


async def test_whoever_is_not_accepted_ends_with_another_code(cli: Cli, server: FakeServer) -> None:
    """A check-in at a camera is waited for; what a person must look at says why, and is exit code 1."""
    server.documents.answers = {
        "StartCheckIn": [pb2.StartCheckInResponse(check_in=check_in(running=True))],
        "GetCheckIn": [pb2.GetCheckInResponse(check_in=check_in(accepted=False))],
    }
    done = await cli("checkin", "--camera", "desk", "--replace")
    assert done.code == ExitCode.FAILED
    assert done.out.startswith("REVIEW - face doubtful\n")
    assert "show the card" in done.err
    asked = server.documents.asked[0]
    assert isinstance(asked, pb2.StartCheckInRequest)
    assert (asked.camera, asked.replace) == ("cameras/desk", True)


async def test_a_liveness_session_is_shown_at_once(cli: Cli, server: FakeServer) -> None:
    """What the page on the guest's device needs is printed before the wait, and the result is in the report."""
    begun, done = check_in(running=True), check_in(accepted=False)
    for told in (begun, done):
        told.liveness_session.CopyFrom(SESSION)
    done.liveness_session.result = pb2.LIVENESS_RESULT_OTHER_FACE
    server.documents.answers = {
        "StartCheckIn": [pb2.StartCheckInResponse(check_in=begun)],
        "GetCheckIn": [pb2.GetCheckInResponse(check_in=each) for each in (done, begun)],
    }
    shown = await cli("checkin", "--camera", "desk", "--liveness")
    assert "liveness session 3b6e0d9e-session in us-east-1, until " in shown.err
    assert "other face" in shown.out
    assert "3b6e0d9e-session in us-east-1" in (await cli("checkins", "show", "c1")).out
    asked = server.documents.asked[0]
    assert isinstance(asked, pb2.StartCheckInRequest)
    assert asked.liveness


async def test_whoever_stops_waiting_cancels(cli: Cli, server: FakeServer) -> None:
    """Ctrl-C cancels a check-in at a camera, so that nobody who comes next is taken for its guest."""
    running = check_in(running=True)
    server.documents.answers = {
        "StartCheckIn": [pb2.StartCheckInResponse(check_in=running)],
        "GetCheckIn": [pb2.GetCheckInResponse(check_in=running)] * 1000,
        "CancelCheckIn": [pb2.CancelCheckInResponse(check_in=running)],
    }
    waiting = asyncio.create_task(cli("checkin", "--camera", "desk"))
    async with asyncio.timeout(PATIENCE):
        while True:
            if len(server.documents.asked) > 1:
                break
            await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert isinstance(server.documents.asked[-1], pb2.CancelCheckInRequest)


async def test_what_does_not_go_together_is_said(cli: Cli, card: str) -> None:
    """Neither pictures nor camera, or what is for the other of the two, is a wrong command line."""
    for arguments in (
        ("checkin",),
        ("checkin", "--camera", "desk", "--face", card),
        ("checkin", card, "--replace"),
        ("checkin", card, "--liveness"),
        ("document",),
    ):
        assert (await cli(*arguments)).code == ExitCode.USAGE


async def test_a_document_is_read(cli: Cli, server: FakeServer, card: str) -> None:
    """A reading shows each field, what its sources say, and what is wrong."""
    server.documents.answers["ReadDocument"] = [pb2.ReadDocumentResponse(document=READING, paid_calls=1)]
    read = await cli("document", card)
    assert "id card 2013" in read.out
    assert "not read" in read.out
    assert "wrong with it: unreadable" in read.out


async def test_check_ins_are_listed_shown_and_decided(cli: Cli, server: FakeServer) -> None:
    """A person finds what is undecided, and decides with a reason."""
    failed = check_in("c3", running=True)
    failed.state, failed.failure = pb2.CHECK_IN_STATE_FAILED, pb2.CHECK_IN_FAILURE_TIMED_OUT
    decided = check_in(accepted=False)
    decided.review.decision, decided.review.reason = pb2.REVIEW_DECISION_ACCEPTED, "had a beard"
    server.documents.answers = {
        "ListCheckIns": [pb2.ListCheckInsResponse(check_ins=[check_in(), check_in("c2", accepted=False), failed])],
        "GetCheckIn": [pb2.GetCheckInResponse(check_in=decided)],
        "ReviewCheckIn": [pb2.ReviewCheckInResponse(check_in=decided)] * 2,
        "CancelCheckIn": [pb2.CancelCheckInResponse(check_in=failed)],
    }
    listed = await cli("checkins", "list", "--undecided", "--result", "review", "--run", "20111222-9")
    for words in ("accepted", "face doubtful", "failed: timed out", "expected"):
        assert words in listed.out
    shown = await cli("checkins", "show", "c1")
    assert shown.out.startswith("ACCEPTED BY A PERSON - face doubtful\n")
    assert "local: had a beard" in shown.out
    assert (await cli("checkins", "accept", "c1", "--reason", "had a beard")).out == (
        "checkIns/c1 is accepted by a person\n"
    )
    assert (await cli("checkins", "reject", "c1", "--reason", "no")).code == ExitCode.OK
    assert (await cli("checkins", "reject", "c1")).code == ExitCode.USAGE
    assert (await cli("checkins", "cancel", "c3")).out == "checkIns/c3: failed: timed out\n"
    asked = server.documents.asked[0]
    assert isinstance(asked, pb2.ListCheckInsRequest)
    assert (asked.undecided, asked.run, asked.result) == (True, "20111222-9", pb2.CHECK_IN_RESULT_REVIEW)


async def test_changes_are_followed(cli: Cli, server: FakeServer) -> None:
    """Each change is a line, with --json a document with its position."""
    server.documents.changes = [
        pb2.WatchCheckInsResponse(position=5, check_in=check_in(accepted=False)),
        pb2.WatchCheckInsResponse(position=6, check_in=check_in("c2")),
    ]
    lines = (await cli("checkins", "watch", "--count", "2")).out.splitlines()
    assert "review (face doubtful)" in lines[0]
    assert "accepted" in lines[1]
    told = await cli("checkins", "watch", "--count", "1", "--after", "4", "--json")
    assert json.loads(told.out)["position"] == 5


async def test_a_holder_is_exported_and_erased(cli: Cli, server: FakeServer, tmp_path: Path) -> None:
    """An export is a JSON document, or a private file that is not overwritten; an erasure gives a receipt."""
    record = privacy_service_pb2.ExportRecord(kind="check_in", json='{"run": "20111222-9"}')
    server.documents.answers = {
        "ExportHolder": [pb2.ExportHolderResponse(records=[record])] * 3,
        "EraseHolder": [pb2.EraseHolderResponse(erasure=RECEIPT)],
        "EraseCheckIn": [pb2.EraseCheckInResponse(erasure=RECEIPT)],
    }
    told = await cli("checkins", "export", "--run", "20111222-9")
    assert told.document == {"records": [{"kind": "check_in", "run": "20111222-9"}]}
    file = tmp_path / "export.json"
    assert (await cli("checkins", "export", "--number", "X1", "-o", str(file))).code == ExitCode.OK
    assert json.loads(file.read_text())["records"]
    assert (await cli("checkins", "export", "--run", "20111222-9", "-o", str(file))).code == ExitCode.INVALID_INPUT
    erased = await cli("checkins", "erase", "--run", "20111222-9", "--yes")
    assert erased.out == "erased: 2 check-ins; receipt erasures/e1\n"
    assert (await cli("checkins", "erase", "c1", "--yes")).code == ExitCode.OK
    assert (await cli("checkins", "erase", "c1", "--run", "1-9", "--yes")).code == ExitCode.USAGE


async def test_guests_are_imported_listed_and_removed(cli: Cli, server: FakeServer, tmp_path: Path) -> None:
    """A CSV file becomes guests in batches that the server takes; the list says who has come."""
    server.documents.answers = {
        "ImportGuests": [pb2.ImportGuestsResponse(guests=[GUEST], known_count=999), pb2.ImportGuestsResponse()],
        "ListGuests": [pb2.ListGuestsResponse(guests=[GUEST]), pb2.ListGuestsResponse()],
        "DeleteGuest": [pb2.DeleteGuestResponse()],
    }
    file = tmp_path / "guests.csv"
    file.write_text("name,run\n" + "Ana Luz,20.111.222-9\n" * 1001)
    imported = await cli("guests", "import", str(file))
    assert imported.out == "1 guests were added, 999 were on the list already\n"
    first, second = server.documents.asked
    assert isinstance(first, pb2.ImportGuestsRequest)
    assert isinstance(second, pb2.ImportGuestsRequest)
    assert (len(first.guests), len(second.guests)) == (1000, 1)
    listed = await cli("guests", "list", "--day", "2026-11-27")
    assert "Ana Luz" in listed.out
    assert "c1" in listed.out
    assert (await cli("guests", "list")).out == "nobody is expected\n"
    assert (await cli("guests", "list", "--day", "today")).code == ExitCode.USAGE
    assert (await cli("guests", "remove", "g1", "--yes")).code == ExitCode.OK
    assert (await cli("guests", "import", str(tmp_path / "none.csv"))).code == ExitCode.INVALID_INPUT
