"""How the server starts, refuses to start, and stops, as its operator sees it."""

from __future__ import annotations

import socket
from pathlib import Path

import grpc
import httpx2
import psutil
import pytest
from portero.v1 import camera_service_pb2, camera_service_pb2_grpc, recognition_service_pb2_grpc, stream_pb2

from tests.support.processes.server_process import ended_server, running_server
from tests.support.server.stream_harness import jpeg
from tests.support.time.timeouts import PATIENCE
from tests.support.tls.certificates import Authority


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


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_check_tries_everything_and_serves_nothing(tmp_path: Path) -> None:
    """`check` exits with 0 on a sound installation."""
    code, errors = await ended_server("check", tmp_path)
    assert (code, errors) == (0, "")
    assert _names(tmp_path) == []


@pytest.mark.parametrize("command", ["check", "keys list", "audit verify", "faces outdated", "backup ."])
async def test_commands_that_look_create_nothing(tmp_path: Path, command: str) -> None:
    """Neither folder nor database comes into being; all but `check` say that there is none yet, and what makes it."""
    data = tmp_path / "share" / "portero"
    code, errors = await ended_server(command, tmp_path, database_url="", data_folder=str(data), engine="scripted")
    assert _names(tmp_path) == []
    assert code == (0 if command == "check" else 1)
    assert command == "check" or "`portero-server migrate` makes it" in errors


async def test_the_server_keeps_its_data_in_its_folder(tmp_path: Path) -> None:
    """Started anywhere, it makes the folder and the database for its owner only, and nothing where it was started."""
    (tmp_path / "here").mkdir()
    data = tmp_path / "share" / "portero"
    async with running_server(tmp_path / "here", database_url="", data_folder=str(data), engine="scripted") as server:
        assert await server.stop() == 0
    assert _names(tmp_path / "here") == []
    assert data.stat().st_mode & 0o777 == 0o700
    assert (data / "portero.db").stat().st_mode & 0o777 == 0o600


async def test_an_expired_certificate_is_refused_by_check_and_loud_in_serve(tmp_path: Path) -> None:
    """`check` fails and names file and date; `serve` goes on for those who are renewing it, and logs an error."""
    authority = Authority(tmp_path / "authority")
    files = authority.server_files(authority.server(expired=True))
    tls = {"tls_certificate": str(files.certificate), "tls_key": str(files.key), "engine": "scripted"}
    code, errors = await ended_server("check", tmp_path, **tls)
    assert code == 1
    assert "server.crt expired at" in errors
    async with running_server(tmp_path, **tls) as server:
        assert await server.stop() == 0
    (told,) = [line for line in server.lines if line["event"] == "certificate_does_not_hold"]
    assert told["level"] == "error"
    assert "server.crt expired at" in told["problem"]


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
        httpx2.AsyncClient(base_url=f"http://{server.admin}", timeout=PATIENCE) as http,
    ):
        assert (await http.get("/livez")).text == "ok\n"
        assert (await http.get("/readyz")).status_code == 200
        metrics = (await http.get("/metrics")).text
        assert 'portero_frames_total{outcome="unchanged"} 0.0' in metrics
        assert (await http.get("/")).status_code == 404
        assert (await http.post("/metrics")).status_code == 405
        assert await server.stop() == 0
