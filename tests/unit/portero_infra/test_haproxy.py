"""The committed configuration of HAProxy."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from portero.v1 import recognition_service_pb2_grpc, stream_pb2

from portero_client import ConnectionSettings, PorteroClient
from tests.support.images.patch_photos import ANA, photo
from tests.support.processes.haproxy_process import CONFIGURATION, haproxy_environment, running_haproxy
from tests.support.processes.server_process import running_server

_PROGRAM = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
_needs_haproxy = pytest.mark.skipif(_PROGRAM is None, reason="haproxy is not installed")


def test_guide_names_every_variable() -> None:
    """Whoever follows the guide sets all that the configuration reads."""
    guide = CONFIGURATION.with_name("README.md").read_text(encoding="utf-8")
    read = {part.partition("}")[0] for part in CONFIGURATION.read_text(encoding="utf-8").split('"${')[1:]}
    assert read == {"PORTERO_BIND", "PORTERO_CERTIFICATE", "PORTERO_SERVER"}
    assert all(f"{name}=" in guide for name in read)


@_needs_haproxy
def test_haproxy_takes_it(tmp_path: Path) -> None:
    """HAProxy finds no fault with it, warnings included."""
    environment, _ = haproxy_environment(tmp_path, "127.0.0.1:1")
    assert _PROGRAM is not None
    checked = subprocess.run(
        [_PROGRAM, "-dW", "-c", "-f", str(CONFIGURATION)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr


@_needs_haproxy
@pytest.mark.slow
async def test_streams_and_calls_pass(tmp_path: Path) -> None:
    """Through the proxy, over TLS, a health check is answered and a camera's stream is acknowledged both ways."""
    processors = os.sched_getaffinity(0)
    async with (
        running_server(tmp_path, engine="scripted", limit_by_address="0") as server,
        running_haproxy(tmp_path, server.address, processors) as proxy,
    ):
        async with PorteroClient(ConnectionSettings(server.address)) as client:
            await client.cameras.create("door")
        credentials = grpc.ssl_channel_credentials(proxy.authority.read_bytes())
        async with grpc.aio.secure_channel(proxy.address, credentials) as channel:
            health = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
            assert health.status == health_pb2.HealthCheckResponse.SERVING
            call = recognition_service_pb2_grpc.RecognitionServiceStub(channel).StreamFrames()
            opening = stream_pb2.OpenStream(camera="cameras/door", epoch="e1", mode=stream_pb2.DELIVERY_MODE_LOSSLESS)
            await call.write(stream_pb2.StreamFramesRequest(open=opening))
            opened = await call.read()
            assert isinstance(opened, stream_pb2.StreamFramesResponse)
            assert opened.WhichOneof("message") == "opened"
            frame = stream_pb2.Frame(sequence=1, jpeg=photo(ANA, kind=".jpg"))
            frame.capture_time.GetCurrentTime()
            await call.write(stream_pb2.StreamFramesRequest(frame=frame))
            while True:
                answer = await call.read()
                assert isinstance(answer, stream_pb2.StreamFramesResponse)
                if answer.WhichOneof("message") == "ack" and answer.ack.durable_sequence == 1:
                    break
            call.cancel()
