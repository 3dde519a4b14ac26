"""The main job, as a newcomer runs it: server, bridge and camera in processes of their own."""

from __future__ import annotations

import asyncio
import json
import os
import sys

from tests.support.time.timeouts import PATIENCE


async def test_every_visit_of_the_demo_is_named_as_it_should_be() -> None:
    """`portero demo --once` checks its guest in, tells who attended, names all whom it shows, and ends with 0."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PORTERO_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "portero_cli",
        "demo",
        "--once",
        "--json",
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE):
        out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    document = json.loads(out)
    assert document["right"] is True
    assert "who is here, people and photos: http://127.0.0.1:" in errors.decode()
    names = sorted(sighting["display_name"] for sighting in document["sightings"])
    assert names == ["", "Eileen Collins", "Eileen Collins", "Grace Hopper", "Grace Hopper"]
    check_in = document["check_in"]
    assert (check_in["result"], check_in["reasons"]) == ("accepted", [])
    assert check_in["camera"] == "cameras/demo-desk"
    assert {each["person"]: each["status"] for each in document["attendance"]} == {
        "people/eileen-collins": "late",
        "people/grace-hopper": "unproven",
    }
    account = document["account"]
    assert account["missing"] == account["rejected"] == 0
    assert account["recognitions"] <= 10
