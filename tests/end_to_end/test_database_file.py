"""The database's file is taken away from a running server: nothing is acknowledged that is not in it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import httpx2
from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import recognition_service_pb2_grpc, stream_pb2

from portero_client import ConnectionSettings, PorteroClient
from tests.support.images.jpegs import picture
from tests.support.processes.server_process import running_server
from tests.support.time.timeouts import PATIENCE

_OPENING = stream_pb2.StreamFramesRequest(
    open=stream_pb2.OpenStream(camera="cameras/door", epoch="life", mode=stream_pb2.DELIVERY_MODE_LOSSLESS)
)


def _frame(sequence: int) -> stream_pb2.StreamFramesRequest:
    captured = Timestamp()
    captured.FromDatetime(datetime.now(UTC))
    return stream_pb2.StreamFramesRequest(
        frame=stream_pb2.Frame(sequence=sequence, capture_time=captured, jpeg=picture())
    )


@contextlib.asynccontextmanager
async def _stream(address: str) -> AsyncIterator[Any]:
    async with grpc.aio.insecure_channel(address) as channel:
        stream: Any = recognition_service_pb2_grpc.RecognitionServiceStub(channel).StreamFrames()
        await stream.write(_OPENING)
        assert (await stream.read()).HasField("opened")
        yield stream


async def _acknowledged(stream: Any, sequence: int) -> None:
    """Reads until the frames up to `sequence` are acknowledged."""
    while (answer := await stream.read()) != grpc.aio.EOF:
        if answer.HasField("ack") and answer.ack.durable_sequence >= sequence:
            return
    raise AssertionError("the stream ended")


def _move(source: Path, target: Path) -> None:
    """Moves the database's file with its log."""
    for file in list(source.glob("portero.db*")):
        file.rename(target / file.name)


async def test_frames_wait_while_the_file_is_away_and_are_in_it_when_it_is_back(tmp_path: Path) -> None:
    """With its file moved away the server says so and acknowledges nothing; moved back, the frames are in it."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    async with (
        running_server(tmp_path, engine="scripted", readiness_interval="0.2") as server,
        httpx2.AsyncClient(base_url=f"http://{server.admin}", timeout=PATIENCE) as http,
        PorteroClient(ConnectionSettings(server.address)) as client,
    ):
        await client.cameras.create("door")
        async with _stream(server.address) as stream, asyncio.timeout(PATIENCE):
            await stream.write(_frame(1))
            await _acknowledged(stream, 1)
            _move(tmp_path, elsewhere)
            await stream.write(_frame(2))
            acknowledged = asyncio.create_task(_acknowledged(stream, 2))
            while (ready := await http.get("/readyz")).status_code == 200:
                assert not acknowledged.done(), "a frame was acknowledged that is in no file"
            assert "portero.db" in ready.text
            assert not acknowledged.done()
            _move(elsewhere, tmp_path)
            await acknowledged
            while (await http.get("/readyz")).status_code != 200:
                pass
