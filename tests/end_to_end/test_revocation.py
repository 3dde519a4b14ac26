"""Keys made and revoked by a process of their own, under streams that a real server serves over TLS."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from typing import Protocol, cast

import grpc
import pytest
from portero.v1 import camera_service_pb2 as cameras
from portero.v1 import recognition_service_pb2_grpc, sighting_service_pb2_grpc, stream_pb2
from portero.v1 import sighting_service_pb2 as sightings
from portero.v1.camera_service_pb2_grpc import CameraServiceStub

from tests.support.processes.server_process import managed_keys, running_server
from tests.support.time.timeouts import PATIENCE
from tests.support.tls.certificates import Authority

pytestmark = pytest.mark.slow


class Readable(Protocol):
    """A call whose answers are read one by one."""

    async def read(self) -> object:
        """Returns the next answer, or EOF."""
        ...


def _key_of(printed: str) -> str:
    return next(word for word in printed.split() if word.startswith("ptk_"))


def _bearer(key: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {key}"),)


async def _cut(call: Awaitable[object]) -> grpc.StatusCode:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        async with asyncio.timeout(PATIENCE):
            await call
    return refused.value.code()


async def test_revoked_keys_are_cut_off_from_open_streams(tmp_path: Path) -> None:
    """A camera's stream and a watch whose keys another process revokes are ended as UNAUTHENTICATED."""
    authority = Authority(tmp_path / "certificates")
    files = authority.server_files()
    async with running_server(
        tmp_path, engine="scripted", auth="required", tls_certificate=str(files.certificate), tls_key=str(files.key)
    ) as server:
        admin = _key_of(await managed_keys(tmp_path, "create", "--role", "admin", "desk"))
        bridge = _key_of(await managed_keys(tmp_path, "create", "--role", "bridge", "--camera", "door", "box"))
        reader = _key_of(await managed_keys(tmp_path, "create", "--role", "reader", "screen"))
        async with authority.channel(int(server.address.rpartition(":")[2])) as channel:
            door = cameras.CreateCameraRequest(camera_id="door", camera=cameras.Camera(display_name="Door"))
            await CameraServiceStub(channel).CreateCamera(door, metadata=_bearer(admin))
            stream = recognition_service_pb2_grpc.RecognitionServiceStub(channel).StreamFrames(metadata=_bearer(bridge))
            opening = stream_pb2.OpenStream(camera="cameras/door", epoch="e1", mode=stream_pb2.DELIVERY_MODE_LIVE)
            await stream.write(stream_pb2.StreamFramesRequest(open=opening))
            opened = await stream.read()
            assert isinstance(opened, stream_pb2.StreamFramesResponse)
            assert opened.WhichOneof("message") == "opened"
            watch = sighting_service_pb2_grpc.SightingServiceStub(channel).WatchSightings(
                sightings.WatchSightingsRequest(), metadata=_bearer(reader)
            )
            await watch.initial_metadata()
            for key in (bridge, reader):
                await managed_keys(tmp_path, "revoke", key.split("_")[1])
            cuts = await asyncio.gather(*(_cut(_drained(cast("Readable", call))) for call in (stream, watch)))
        assert await server.stop() == 0
    # How soon is promised, and shown in virtual time: tests/unit/portero_server/rpc/auth/test_watch.py.
    assert cuts == [grpc.StatusCode.UNAUTHENTICATED] * 2


async def _drained(call: Readable) -> None:
    while await call.read() is not grpc.aio.EOF:
        pass
