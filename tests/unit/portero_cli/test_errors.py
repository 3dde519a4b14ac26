from __future__ import annotations

import json
import sys
from pathlib import Path

import grpc
import pytest

from portero_cli.exits import ExitCode, error_document, exit_code_of
from portero_client import (
    AlreadyExists,
    DeadlineExceeded,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    PorteroError,
    ResourceExhausted,
    ServerFault,
    Unauthenticated,
    Unreachable,
)
from tests.support.client.command_line import Cli
from tests.support.client.server import FakeServer
from tests.support.client.wire import Refusal
from tests.support.images.jpegs import picture


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotFound("x"), 3),
        (InvalidArgument("x"), 4),
        (Unreachable("x"), 5),
        (DeadlineExceeded("x"), 5),
        (Unauthenticated("x"), 6),
        (PermissionDenied("x"), 6),
        (AlreadyExists("x"), 7),
        (ResourceExhausted("x"), 8),
        (ServerFault("x"), 1),
        (PorteroError("x"), 1),
    ],
)
def test_each_kind_of_error_has_its_exit_code(error: PorteroError, code: int) -> None:
    """A script can tell apart what went wrong by the exit code alone."""
    assert exit_code_of(error) == code


def test_every_exit_code_says_what_it_means() -> None:
    """No two codes are the same, and each has its meaning for the reference page."""
    assert len({int(code) for code in ExitCode}) == len(list(ExitCode))
    assert all(code.meaning for code in ExitCode)


async def test_an_unreachable_server_is_one_line(cli: Cli, server: FakeServer) -> None:
    """Without a server a command ends with code 5 and one line that names the address and the cause."""
    await server.stop()
    result = await cli("sightings")
    assert (result.code, result.out) == (5, "")
    assert result.err == (
        f"error: no Portero server answers at {server.address}: connection refused"
        " (is it running? `portero doctor` shows more)\n"
    )


async def test_an_unknown_person_is_one_line(cli: Cli) -> None:
    """What does not exist ends with code 3 and its name."""
    result = await cli("people", "show", "nobody")
    assert (result.code, result.out, result.err) == (3, "", "error: people/nobody does not exist\n")


async def test_with_json_an_error_is_a_document(cli: Cli, server: FakeServer) -> None:
    """A program reads from one line of stderr what went wrong, where, and whether to try again; stdout stays empty."""
    result = await cli("people", "show", "nobody", "--json")
    assert (result.code, result.out) == (3, "")
    assert json.loads(result.err) == {
        "error": {
            "kind": "not_found",
            "exit_code": 3,
            "message": "people/nobody does not exist",
            "reason": "NOT_FOUND",
            "retryable": False,
            "resource": "people/nobody",
        }
    }
    assert result.err.count("\n") == 1
    result = await cli("--json", "people", "show", "No Body")
    error = json.loads(result.err)["error"]
    assert (error["kind"], error["field"], error["exit_code"]) == ("invalid_input", "name", result.code)
    result = await cli("people", "shew", "ana", "--json")
    error = json.loads(result.err)["error"]
    assert (error["kind"], error["exit_code"], result.code) == ("usage", 2, 2)
    await server.stop()
    error = json.loads((await cli("sightings", "--json")).err)["error"]
    assert (error["kind"], error["retryable"]) == ("unreachable", True)
    assert "connection refused" in error["message"]


def test_a_time_to_wait_is_in_the_document() -> None:
    """What the server said about when to come back is a duration; an error of the program itself has no reason."""
    document = error_document(ExitCode.LIMIT, "enough", ResourceExhausted("enough", retry_after=2.5))
    assert document["error"]["retry_after"] == "2.5s"
    assert error_document(ExitCode.FAILED, "broken") == {
        "error": {"kind": "failed", "exit_code": 1, "message": "broken"}
    }


async def test_what_follows_two_dashes_is_no_option(cli: Cli) -> None:
    """A person called --json is not a wish for a document."""
    result = await cli("people", "show", "--", "--json")
    assert result.err.startswith("error: ")


async def test_a_malformed_name_never_travels(cli: Cli, server: FakeServer) -> None:
    """A name that nobody can have is refused here, with the rule."""
    result = await cli("people", "show", "No Body")
    assert result.code == 4
    assert result.err == (
        "error: the person's id must be 1 to 63 characters of [a-z0-9-] beginning with a letter or digit,"
        " not 'No Body'\n"
    )
    assert not server.calls


async def test_an_oversized_photo_never_travels(cli: Cli, server: FakeServer, tmp_path: Path) -> None:
    """A file above 256 MiB is refused without being read or sent, and the limit is named."""
    large = tmp_path / "large.jpg"
    with large.open("wb") as file:
        file.truncate(256 * 1024 * 1024 + 1)
    result = await cli("search", large)
    assert result.code == 4
    assert result.err == f"error: {large} has 268,435,457 bytes; at most 268,435,456 (256 MiB) are read\n"
    assert not server.calls


@pytest.mark.parametrize(
    ("make", "words"), [(Path.mkdir, "is a folder"), (Path.touch, "is empty"), (lambda _: None, "no such file")]
)
async def test_a_photo_that_cannot_be_read_is_told(cli: Cli, tmp_path: Path, make: object, words: str) -> None:
    """A folder, an empty file and a missing one are each told as what they are."""
    assert callable(make)
    make(tmp_path / "photo.jpg")
    result = await cli("text", tmp_path / "photo.jpg")
    assert result.code == 4
    assert words in result.err


async def test_the_servers_refusal_is_passed_on(cli: Cli, server: FakeServer, tmp_path: Path) -> None:
    """A quota that is used up ends with code 8 and the server's sentence in one line."""
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(picture())
    server.refuse("SearchByImage", Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "50 a second\nare taken", reason="Q"))
    result = await cli("search", photo)
    assert (result.code, result.err) == (8, "error: 50 a second are taken\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("people", "add", "Ana"), "Missing argument 'PHOTO...'. See `portero people add --help`."),
        (
            ("search", "x.jpg", "--candidates", "21"),
            "'--candidates': Input should be less than or equal to 20. See",
        ),
        (("serch", "x.jpg"), "No such command 'serch'. Did you mean 'search'? See `portero --help`."),
        (("sightings", "--kind", "some"), "'some' is not one of"),
        (("people", "list", "--nope"), "No such option: --nope"),
    ],
)
async def test_a_wrong_command_line_is_one_line(cli: Cli, arguments: tuple[str, ...], words: str) -> None:
    """A wrong command line ends with code 2, and one line says what is wrong and where help is."""
    result = await cli(*arguments)
    assert result.code == 2
    assert words in result.err
    assert result.err.count("\n") == 1


async def test_a_wrong_address_is_one_line(cli: Cli) -> None:
    """An address that is none is refused with an example."""
    result = await cli("people", "list", "--server", "http://portero")
    assert result.code == 4
    assert "must be HOST:PORT, as 127.0.0.1:50051" in result.err


async def test_the_server_may_stand_before_or_after_the_command(
    cli: Cli, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Global options work in both places, and the later one wins."""
    monkeypatch.setenv("PORTERO_SERVER", "127.0.0.1:1")
    assert (await cli("--server", server.address, "people", "list")).code == 0
    assert (await cli("people", "list", "--server", server.address)).code == 0
    assert (await cli("--server", "127.0.0.1:1", "cameras", "--server", server.address)).code == 0
    assert (await cli("--json", "cameras", "list", "--server", server.address)).document["cameras"] == []


async def test_an_unforeseen_fault_is_one_line_unless_asked_for(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug ends with code 1 and one line; PORTERO_DEBUG shows where it is."""

    def broken(path: Path) -> bytes:
        raise ZeroDivisionError("division by zero")

    monkeypatch.delenv("PORTERO_DEBUG", raising=False)
    monkeypatch.setattr("portero_cli.commands.search.read_photo", broken)
    result = await cli("search", "x.jpg")
    assert result.code == 1
    assert result.err == "error: internal error: ZeroDivisionError: division by zero (PORTERO_DEBUG=1 shows where)\n"
    monkeypatch.setenv("PORTERO_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        await cli("search", "x.jpg")


async def test_a_missing_extra_is_one_line(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """On a machine without the bridge's packages, streaming says what to do; it is no internal fault."""
    for module in [name for name in sys.modules if name.startswith("portero_bridge")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "httpx2", None)
    result = await cli("stream", tmp_path, "--camera", "door")
    assert result.code == 1
    assert result.err.startswith("error: this needs a package that is not installed (httpx2); `portero doctor` shows")
