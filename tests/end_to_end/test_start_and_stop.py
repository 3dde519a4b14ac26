"""How the server starts, refuses to start, and stops, as its operator sees it."""

from __future__ import annotations

import socket
from pathlib import Path

import grpc
import httpx
import psutil
import pytest
from portero.v1 import camera_service_pb2, camera_service_pb2_grpc, recognition_service_pb2_grpc, stream_pb2

from tests.support.processes.server_process import ended_server, running_server
from tests.support.server.stream_harness import jpeg
from tests.support.time.timeouts import PATIENCE


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"listen": "nowhere"}, "PORTERO_LISTEN"),
        ({"listen": "0.0.0.0:0"}, "PORTERO_PLAINTEXT_OFF_LOOPBACK=true"),
        ({"listen": "0.0.0.0:0", "plaintext_off_loopback": "true"}, "PORTERO_ANYONE_OFF_LOOPBACK=true"),
        ({"tls_certificate": "/nowhere.crt", "tls_key": "/nowhere.key"}, "/nowhere.crt cannot be read"),
        ({"match_threshold": "1.5"}, "PORTERO_MATCH_THRESHOLD"),
        ({"engine": "oracle"}, "PORTERO_ENGINE"),
        ({"database_url": "postgresql://x/y"}, "PORTERO_DATABASE_URL"),
        ({"database_url": "mysql+aiomysql://u:secret@127.0.0.1:1/portero"}, "127.0.0.1:1"),
        ({"database_url": "sqlite+aiosqlite:////nowhere/at/all.db"}, "/nowhere/at does not exist"),
    ],
)
async def test_a_wrong_setting_is_one_readable_line(tmp_path: Path, settings: dict[str, str], words: str) -> None:
    """Start-up ends with exit code 1 and one line that names what is wrong, without traceback or password."""
    code, errors = await ended_server("serve", tmp_path, **settings)
    assert code == 1
    assert len(errors.strip().splitlines()) == 1
    assert words in errors
    assert "secret" not in errors


async def test_a_taken_port_is_one_readable_line(tmp_path: Path) -> None:
    """A port somebody else listens on is named together with the setting to change."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, errors = await ended_server("serve", tmp_path, listen=f"127.0.0.1:{taken.getsockname()[1]}")
    assert code == 1
    assert "PORTERO_LISTEN" in errors.strip().splitlines()[-1]
    assert "Traceback" not in errors


async def test_without_settings_only_loopback_is_bound(tmp_path: Path) -> None:
    """With no certificate, token or address the server listens on two ports of the loopback interface, and no other."""
    async with running_server(tmp_path) as server:
        family = [psutil.Process(server.process.pid)]
        family += family[0].children(recursive=True)
        bound = {
            connection.laddr
            for process in family
            for connection in process.net_connections("inet")
            if connection.status == psutil.CONN_LISTEN or connection.type == socket.SOCK_DGRAM
        }
        # gRPC's sockets speak both families.
        assert {f"{address.ip.removeprefix('::ffff:')}:{address.port}" for address in bound} == {
            server.address,
            server.admin,
        }
        assert server.address.startswith("127.0.0.1:")
        assert server.admin.startswith("127.0.0.1:")
        assert await server.stop() == 0


async def test_check_tries_everything_and_serves_nothing(tmp_path: Path) -> None:
    """`check` exits with 0 on a sound installation."""
    code, errors = await ended_server("check", tmp_path)
    assert (code, errors) == (0, "")


async def test_sigterm_drains_a_stream_and_exits_with_zero(tmp_path: Path) -> None:
    """A bridge is told to go, its frames are made durable, and the server exits with 0 within its grace."""
    async with running_server(tmp_path) as server, grpc.aio.insecure_channel(server.address) as channel:
        cameras = camera_service_pb2_grpc.CameraServiceStub(channel)
        await cameras.CreateCamera(camera_service_pb2.CreateCameraRequest(camera_id="door"))
        call = recognition_service_pb2_grpc.RecognitionServiceStub(channel).StreamFrames()
        opening = stream_pb2.OpenStream(camera="cameras/door", epoch="e1", mode=stream_pb2.DELIVERY_MODE_LIVE)
        await call.write(stream_pb2.StreamFramesRequest(open=opening))
        frame = stream_pb2.Frame(sequence=1, jpeg=jpeg())
        frame.capture_time.GetCurrentTime()
        await call.write(stream_pb2.StreamFramesRequest(frame=frame))
        kinds: list[str] = []
        durable = 0
        while (answer := await call.read()) is not grpc.aio.EOF:
            assert isinstance(answer, stream_pb2.StreamFramesResponse)
            kinds.append(str(answer.WhichOneof("message")))
            if kinds == ["opened"]:
                server.process.terminate()
            if kinds[-1] == "drain":
                await call.done_writing()
            if kinds[-1] == "finished":
                durable = answer.finished.durable_sequence
        assert "drain" in kinds
        assert kinds[-1] == "finished"
        assert durable == 1
        assert await server.process.wait() == 0
    assert [line["event"] for line in server.lines][-1] == "stopped"


async def test_the_admin_port_tells_life_readiness_and_metrics(tmp_path: Path) -> None:
    """/livez, /readyz and /metrics answer; anything else says what there is; only GET is taken."""
    async with (
        running_server(tmp_path) as server,
        httpx.AsyncClient(base_url=f"http://{server.admin}", timeout=PATIENCE) as http,
    ):
        assert (await http.get("/livez")).text == "ok\n"
        assert (await http.get("/readyz")).status_code == 200
        metrics = (await http.get("/metrics")).text
        assert 'portero_frames_total{outcome="unchanged"} 0.0' in metrics
        assert (await http.get("/")).status_code == 404
        assert (await http.post("/metrics")).status_code == 405
        assert await server.stop() == 0
