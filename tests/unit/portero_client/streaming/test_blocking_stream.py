"""Streaming from threads: the same as plain functions."""

import asyncio
import inspect
import threading
from pathlib import Path

import pytest
from portero.v1 import stream_pb2

from portero_client import (
    BlockingCameraStream,
    BlockingPorteroClient,
    CameraStream,
    ConnectionSettings,
    DeliveryMode,
    FailedPrecondition,
    NotFound,
    StreamResult,
    TrackUpdated,
)
from tests.support.bridge.pictures import picture
from tests.support.bridge.server import BridgeServer


def test_both_streams_offer_the_same() -> None:
    """The blocking stream has every property and function of the asynchronous one; `aclose` is called `close`."""

    def offered(owner: type) -> dict[str, list[inspect.Parameter]]:
        return {
            name: list(inspect.signature(part).parameters.values()) if inspect.isfunction(part) else []
            for name, part in vars(owner).items()
            if not name.startswith("_")
        }

    asynchronous = offered(CameraStream)
    asynchronous["close"] = asynchronous.pop("aclose")
    assert offered(BlockingCameraStream) == asynchronous


async def test_a_thread_sends_while_another_reads(server: BridgeServer) -> None:
    """Pictures go out from one thread, results come to another, and leaving the block finishes the stream."""
    loop = asyncio.get_running_loop()
    results: list[StreamResult] = []

    def say() -> None:
        update = stream_pb2.TrackUpdate(track="t1", state=stream_pb2.TRACK_STATE_CONFIRMED, sequence=2)
        server.stream("lobby").say(stream_pb2.StreamFramesResponse(track_update=update))

    def work() -> None:
        with BlockingPorteroClient(ConnectionSettings(server.address)) as portero:
            with portero.stream("lobby", mode=DeliveryMode.LOSSLESS) as camera:
                reader = threading.Thread(target=lambda: results.extend(camera))
                reader.start()
                assert [camera.send(picture(n)) for n in (1, 2)] == [1, 2]
                asyncio.run_coroutine_threadsafe(server.until_frames("lobby", 2), loop).result()
                loop.call_soon_threadsafe(say)
                account = camera.finish()
                reader.join()
            assert account is not None
            assert account.empty == 2
            assert (camera.dropped, camera.unacked_frames, camera.missed_results) == ({}, 0, 0)

    await asyncio.to_thread(work)
    [result] = results
    assert isinstance(result, TrackUpdated)


async def test_a_refusal_is_raised_to_the_thread() -> None:
    """What the server refuses is the same error as in the asynchronous client."""
    server = BridgeServer(cameras=set())
    await server.start()

    def work() -> None:
        with (
            BlockingPorteroClient(ConnectionSettings(server.address)) as portero,
            pytest.raises(NotFound),
            portero.stream("lobby", register=False) as camera,
        ):
            list(camera)

    await asyncio.to_thread(work)
    await server.stop()


async def test_closing_ends_what_waits(server: BridgeServer, tmp_path: Path) -> None:
    """`close` of a stream ends an iteration in another thread; `close` of the client ends its streams."""

    def work() -> None:
        portero = BlockingPorteroClient(ConnectionSettings(server.address))
        with portero.stream("lobby", mode=DeliveryMode.LOSSLESS, spool=tmp_path / "lobby.spool") as camera:
            camera.send(picture(1))
            reader = threading.Thread(target=lambda: list(camera))
            reader.start()
            camera.close()
            reader.join()
        stream = portero.stream("lobby")
        with pytest.raises(FailedPrecondition, match="enter it"):
            stream.send(picture(1))
        with pytest.raises(FailedPrecondition, match="client was closed"), stream:  # noqa: PT012 - leaving raises too
            portero.close()
            stream.send(picture(1))

    await asyncio.to_thread(work)
    assert threading.active_count() < 20
