"""`portero keys` makes, lists and revokes API keys."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from portero.v1 import access_service_pb2 as pb2

from portero_cli.exits import ExitCode
from portero_client import PorteroClient, Role
from tests.support.client.command_line import Cli
from tests.support.client.server import FakeServer


async def test_the_text_of_a_new_key_is_all_there_is_on_stdout(cli: Cli, server: FakeServer) -> None:
    """A script takes the key from stdout; roles, cameras, sites and the end reach the server."""
    made = await cli(
        "keys", "create", "Lobby", "--role", "bridge", "--role", "reader", "--camera", "door", "--site", "lobby",
        "--lasts", "2h",
    )  # fmt: skip
    assert (made.code, made.out) == (ExitCode.OK, "K0\n")
    assert "keys/k0" in made.err
    key = server.keys.keys["keys/k0"]
    assert list(key.roles) == [pb2.ROLE_BRIDGE, pb2.ROLE_READER]
    assert (list(key.cameras), list(key.sites)) == (["cameras/door"], ["lobby"])
    left = key.expire_time.ToDatetime(tzinfo=UTC) - datetime.now(UTC)
    assert timedelta(hours=1, minutes=50) < left <= timedelta(hours=2)


async def test_keys_are_listed_with_what_became_of_them(cli: Cli) -> None:
    """Revoked and good keys are told apart, and no text is shown."""
    for name in ("Lobby", "Desk"):
        await cli("keys", "create", name, "--role", "reader")
    assert (await cli("keys", "revoke", "k0", "--yes")).code == ExitCode.OK
    listed = (await cli("keys", "list")).out
    assert [line.split()[:2] for line in listed.splitlines() if "reader" in line] == [["k0", "Lobby"], ["k1", "Desk"]]
    assert listed.count("revoked") == 1
    assert "K0" not in listed
    document = (await cli("keys", "list", "--json")).document
    assert document["keys"][1] == {
        "name": "keys/k1",
        "display_name": "Desk",
        "roles": ["reader"],
        "cameras": [],
        "sites": [],
        "create_time": "2026-03-02T12:00:00Z",
        "creator": "local",
        "expire_time": None,
        "revoke_time": None,
        "last_use_time": None,
        "groups": [],
        "people": [],
    }


async def test_a_key_is_for_groups_or_people(cli: Cli, server: FakeServer) -> None:
    """A teacher's names groups, a guardian's people; the list shows for whom it is."""
    await cli("keys", "create", "Prof", "--role", "teacher", "--group", "1b", "--group", "2a")
    await cli("keys", "create", "Mum", "--role", "guardian", "--person", "ana")
    teacher, guardian = server.keys.keys["keys/k0"], server.keys.keys["keys/k1"]
    assert (list(teacher.roles), list(guardian.roles)) == ([pb2.ROLE_TEACHER], [pb2.ROLE_GUARDIAN])
    assert list(teacher.groups) == ["attendanceGroups/1b", "attendanceGroups/2a"]
    assert list(guardian.people) == ["people/ana"]
    listed = (await cli("keys", "list")).out
    assert "attendanceGroups/1b" in listed
    assert "people/ana" in listed


async def test_an_unknown_key_cannot_be_revoked(cli: Cli) -> None:
    """Revoking what does not exist is an error by name, and a role that does not exist is wrong usage."""
    gone = await cli("keys", "revoke", "nobody", "--yes")
    assert gone.code == ExitCode.NOT_FOUND
    assert "keys/nobody" in gone.err
    assert (await cli("keys", "create", "x", "--role", "wizard")).code == ExitCode.USAGE


async def test_a_new_key_is_not_in_its_representation(server: FakeServer) -> None:
    """Whoever logs what the SDK gave back does not log the key's text."""
    async with PorteroClient(server.address) as client:
        made = await client.keys.create("x", roles=[Role.READER])
    assert made.text == "K0"
    assert "K0" not in repr(made)
