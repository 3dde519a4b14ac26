from __future__ import annotations

import json

from portero.v1 import sighting_service_pb2 as pb2

from tests.support.client.command_line import Cli
from tests.support.client.server import FakeServer


async def test_events_are_lines_for_people(cli: Cli, server: FakeServer) -> None:
    """Each event is a line with time, camera, what happened and who."""
    server.sightings.store("s1", "door", "ana")
    server.sightings.store("s2", "door")
    await server.sightings.tell(pb2.SIGHTING_EVENT_KIND_STARTED, "s1")
    await server.sightings.tell(pb2.SIGHTING_EVENT_KIND_LEFT, "s2")
    result = await cli("watch", "--after", "0", "--count", "2")
    first, second = result.out.splitlines()
    assert first.split()[2:] == ["door", "started", "Ana", "(90%)"]
    assert second.split()[2:] == ["door", "left", "unknown"]
    assert result.code == 0


async def test_events_are_documents_for_machines(cli: Cli, server: FakeServer) -> None:
    """Each event is a JSON document on a line of its own, with the position to go on after."""
    server.sightings.store("s1", "door", "ana")
    server.sightings.store("s2", "desk", "ana")
    for sighting in ("s1", "s2", "s1"):
        await server.sightings.tell(pb2.SIGHTING_EVENT_KIND_STARTED, sighting)
    out = (await cli("--json", "watch", "--after", "1", "--camera", "door", "--count", "1")).out
    [event] = [json.loads(line) for line in out.splitlines()]
    assert (event["position"], event["kind"]) == (3, "started")
    assert event["sighting"]["display_name"] == "Ana"
    assert event["event_time"] == "2025-06-15T15:06:45Z"


async def test_a_watch_is_of_one_person_or_kind(cli: Cli, server: FakeServer) -> None:
    """--person and --kind let through what is asked for, and nothing else."""
    for sighting, person in (("s1", "ana"), ("s2", ""), ("s3", "bo")):
        server.sightings.store(sighting, "door", person)
        await server.sightings.tell(pb2.SIGHTING_EVENT_KIND_STARTED, sighting)
    assert "Bo" in (await cli("watch", "--after", "0", "--person", "bo", "--count", "1")).out
    assert "unknown" in (await cli("watch", "--after", "0", "--kind", "unknown", "--count", "1")).out
    named = await cli("watch", "--after", "0", "--kind", "named", "--count", "2")
    assert [line.split()[4] for line in named.out.splitlines()] == ["Ana", "Bo"]


async def test_a_watch_of_an_absent_server_ends_at_once(cli: Cli, server: FakeServer) -> None:
    """Although a watch resumes for ever, one that cannot even begin says so."""
    await server.stop()
    result = await cli("watch")
    assert (result.code, result.err.count("\n")) == (5, 1)
    assert f"no Portero server answers at {server.address}: connection refused" in result.err
