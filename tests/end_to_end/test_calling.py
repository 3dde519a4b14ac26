"""What clients/CALLING.md types into a shell, run as it stands against a real server."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path

import grpc
import pytest

from portero_server.vision.opencv import cv2
from tests.support.images import portraits
from tests.support.processes.server_process import created_key, running_server
from tests.support.repository import ROOT
from tests.support.time.timeouts import PATIENCE

PAGE = (ROOT / "clients" / "CALLING.md").read_text(encoding="utf-8")
OPEN, WITH_KEY = re.findall(r"```sh\n(.*?)```", PAGE, flags=re.DOTALL)
STAND_IN = ROOT / "tests" / "support" / "client" / "grpcurl.py"


@pytest.fixture(params=["reflection", "grpcurl"])
def programs(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Returns a PATH with grpcurl: the real one, or what makes the same calls by the server's reflection."""
    if request.param == "grpcurl":
        if shutil.which("grpcurl") is None:
            pytest.skip("grpcurl is not installed; the same commands are run by Python's reflection client")
        return os.environ["PATH"]
    program = tmp_path / "bin" / "grpcurl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{STAND_IN}" "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return f"{program.parent}:{os.environ['PATH']}"


async def typed(commands: str, address: str, folder: Path, path: str) -> str:
    """Types commands into a shell that ends at the first one that fails; returns what they printed."""
    process = await asyncio.create_subprocess_exec(
        "sh",
        "-ec",
        commands.replace("127.0.0.1:50051", address),
        env={**os.environ, "PATH": path},
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE):
        out, errors = await process.communicate()
    assert (process.returncode, errors.decode()) == (0, "")
    return out.decode()


@pytest.mark.slow
async def test_the_commands_of_the_page_do_what_it_says(tmp_path: Path, programs: str) -> None:
    """Services are listed and described, a person is added, taught, found and renamed, and sightings are listed."""
    (tmp_path / "ana.jpg").write_bytes(cv2.imencode(".jpg", portraits.hopper())[1].tobytes())
    async with running_server(tmp_path, engine="local") as server:
        out = await typed(OPEN, server.address, tmp_path, programs)
    assert "portero.v1.GalleryService" in out
    assert re.search(r"rpc SearchByImage ", out)
    assert re.search(r'"name": "people/ana/faces/\w+"', out)
    assert re.search(r'"match": \{\s+"person": "people/ana",\s+"displayName": "Ana Luz"', out)
    assert '"displayName": "Ana L."' in out


async def test_a_key_goes_with_each_call(tmp_path: Path, programs: str) -> None:
    """Where keys are required, the header of the page opens reflection and the call."""
    (tmp_path / "ana.key").write_text(await created_key(tmp_path, "ana", "admin"), encoding="ascii")
    async with running_server(tmp_path, engine="scripted", auth="required") as server:
        assert (await typed(WITH_KEY, server.address, tmp_path, programs)).strip() in ("{}", "{\n}")
        # 64 and the status code, as grpcurl ends.
        with pytest.raises(AssertionError, match=f"{64 + grpc.StatusCode.UNAUTHENTICATED.value[0]} != 0"):
            await typed(WITH_KEY.replace("Bearer", "Bear"), server.address, tmp_path, programs)
