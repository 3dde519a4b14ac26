from __future__ import annotations

import inspect
from datetime import timedelta
from typing import Annotated

import grpc
import pytest
import typer

from portero_cli.wording import reworded, words_of
from portero_client import InvalidArgument
from tests.support.client.command_line import Cli
from tests.support.client.server import FakeServer
from tests.support.client.wire import Refusal


def command(
    photo: Annotated[str, typer.Argument(metavar="PHOTO", help="A photo.")],
    names: Annotated[list[str], typer.Argument(metavar="[NAME...]", help="Names.")],
    visit_gap: Annotated[timedelta | None, typer.Option("--visit-gap", "-g", help="A gap.")] = None,
    until: Annotated[str, typer.Option("--until", help="A time.")] = "",
) -> None:
    """A command with arguments and options."""


WORDS = words_of(inspect.signature(command, eval_str=True).parameters.values())


@pytest.mark.parametrize(
    ("field", "message", "words"),
    [
        ("camera.visit_gap", "camera.visit_gap must be more than 0", "--visit-gap must be more than 0"),
        ("end_time", "end_time must be after start_time", "--until must be after start_time"),
        ("image", "image is not a JPEG; send another image", "PHOTO is not a JPEG; send another image"),
        ("image", "no face was found in the image", "no face was found in the image"),
        ("names", "names must be short", "NAME must be short"),
        ("labels", "person.labels must be at most 32", "person.labels must be at most 32"),
    ],
)
def test_fields_are_named_as_in_the_help(field: str, message: str, words: str) -> None:
    """A field of the contract becomes its option or argument; plain words of the sentence stay as they are."""
    assert reworded(InvalidArgument(message, field=field, reason="R"), WORDS).message == words


@pytest.mark.parametrize(
    ("arguments", "method", "field", "words"),
    [
        (("cameras", "set", "door", "--visit-gap", "2w"), "UpdateCamera", "camera.visit_gap", "--visit-gap"),
        (("cameras", "add", "desk", "--threshold", "7"), "CreateCamera", "camera.similarity_threshold", "--threshold"),
        (("people", "list", "--contains", "x"), "ListPeople", "display_name_contains", "--contains"),
        (("sightings", "--since", "1h", "--until", "2h"), "ListSightings", "end_time", "--until"),
        (("sightings", "--page-token", "x"), "ListSightings", "page_token", "--page-token"),
        (("keys", "create", "x", "--role", "reader", "--lasts", "0s"), "CreateKey", "key.expire_time", "--lasts"),
    ],
)
async def test_a_refusal_of_the_server_is_in_the_options_words(
    cli: Cli, server: FakeServer, arguments: tuple[str, ...], method: str, field: str, words: str
) -> None:
    """Whoever typed an option reads its name, and not that of a field which they have never seen."""
    await cli("cameras", "add", "door")
    server.refuse(method, Refusal(grpc.StatusCode.INVALID_ARGUMENT, f"{field} must be other", field=field))
    result = await cli(*arguments)
    assert (result.code, result.err) == (4, f"error: {words} must be other\n")
