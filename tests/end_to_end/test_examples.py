"""The examples, each run as its reader would: against a real server, in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from portero_client import PorteroClient
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels
from tests.support.images import portraits
from tests.support.processes import node
from tests.support.processes.server_process import running_server
from tests.support.repository import ROOT
from tests.support.time.timeouts import PATIENCE

EXAMPLES = ROOT / "clients" / "portero_client" / "examples"
FRAMES = 20
# What becomes of a frame, in the words of StreamAccount as Node has them.
OUTCOMES = ("replayed", "rejected", "missing", "duplicate", "unchanged", "skipped", "empty", "withFaces")


class Desk:
    """A server with the local engine, and a folder of pictures beside it."""

    def __init__(self, address: str, folder: Path) -> None:
        self.address = address
        self.folder = folder

    def picture(self, name: str, pixels: Pixels) -> str:
        """Writes a picture; returns its path."""
        path = self.folder / name
        path.write_bytes(cv2.imencode(".jpg", pixels)[1].tobytes())
        return str(path)

    def visit(self) -> list[str]:
        """Writes the frames of a visit: an empty scene, then Eileen Collins walks through it."""
        return [
            self.picture(
                f"frame-{n:02}.jpg",
                portraits.frame_with(portraits.collins(), 0.7, left=640 if n < 2 else 40 + 10 * n, top=0),
            )
            for n in range(FRAMES)
        ]

    async def run(self, *command: str) -> tuple[int | None, str, str]:
        """Runs a program that finds the server; returns its exit code and what it printed."""
        process = await asyncio.create_subprocess_exec(
            *command,
            env={**os.environ, "PORTERO_SERVER": self.address},
            cwd=self.folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(PATIENCE):
            out, errors = await process.communicate()
        return process.returncode, out.decode(), errors.decode()

    async def example(self, name: str, *arguments: str) -> str:
        """Runs an example that must succeed; returns what it printed."""
        code, out, errors = await self.run(sys.executable, str(EXAMPLES / name), *arguments)
        assert (code, errors) == (0, "")
        return out


@asynccontextmanager
async def _desk(folder: Path) -> AsyncIterator[Desk]:
    async with running_server(folder, engine="local") as server:
        yield Desk(server.address, folder)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Yields a running server."""
    async with _desk(tmp_path) as running:
        yield running


@pytest.mark.slow
async def test_a_person_is_enrolled_found_compared_streamed_and_watched(desk: Desk) -> None:
    """The Python examples, in the order in which one would try them, do what they say."""
    collins = desk.picture("collins.jpg", portraits.collins())
    again = desk.picture("again.jpg", portraits.another(portraits.collins()))
    hopper = desk.picture("hopper.jpg", portraits.hopper())
    enrolled = await desk.example("enroll.py", "Eileen Collins", collins)
    person = enrolled.splitlines()[0]
    assert re.fullmatch(rf"{person}\n.*collins\.jpg: {person}/faces/\w+\n", enrolled)
    found = await desk.example("search.py", again)
    assert found.startswith(f"Eileen Collins ({person}), similarity 0.")
    assert await desk.example("search.py", hopper) == "unknown\n"
    assert (await desk.example("compare.py", collins, again)).startswith("same, similarity ")
    assert (await desk.example("compare.py", collins, hopper)).startswith("different, similarity ")
    streamed = await desk.example("stream.py", "lobby", *desk.visit())
    assert re.search(r"(?m)^frame \d+: Eileen Collins$", streamed)
    assert "StreamAccount(" in streamed
    store = desk.folder / "position.txt"
    watched = await desk.example("watch.py", str(store), "lobby", "--count", "1")
    assert re.fullmatch(r"started cameras/lobby (Eileen Collins|unknown)\n", watched)
    assert int(store.read_text(encoding="ascii")) > 0


@pytest.mark.slow
async def test_a_photo_without_a_face_leaves_nobody_behind(desk: Desk) -> None:
    """Where no photograph can be learned, the example says why and removes the person it made."""
    empty = desk.picture("empty.jpg", portraits.frame_with(portraits.collins(), 0.6, left=640, top=20))
    code, out, errors = await desk.run(sys.executable, str(EXAMPLES / "enroll.py"), "Nobody", empty)
    assert code == 1
    assert errors.startswith(f"{empty}: ")
    assert "Traceback" not in out + errors
    async with PorteroClient(desk.address) as client:
        assert [person async for person in client.people.list()] == []
        code, _, errors = await desk.run(sys.executable, str(EXAMPLES / "search.py"), empty)
        assert (code, "Traceback" in errors) in ((0, False), (1, False))


@pytest.mark.slow
@pytest.mark.skipif(bool(node.missing()), reason=node.missing() or "node and its packages are there")
async def test_node_streams_with_the_contract_alone(desk: Desk) -> None:
    """From Node, without generated code, pictures go out within the credit and the name comes back."""
    await desk.example("enroll.py", "Eileen Collins", desk.picture("collins.jpg", portraits.collins()))
    code, out, errors = await desk.run("node", str(node.EXAMPLE / "stream.mjs"), "lobby", *desk.visit())
    assert (code, errors) == (0, "")
    assert re.search(r"(?m)^frame \d+: Eileen Collins$", out)
    account = json.loads(out.splitlines()[-1])
    assert sum(account.get(outcome, 0) for outcome in OUTCOMES) == FRAMES
    assert account["withFaces"] > 0
