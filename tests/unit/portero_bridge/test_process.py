"""The bridge as a process: started, stopped, and killed without warning."""

import hashlib
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from portero_bridge.__main__ import run
from tests.support.bridge.killed_process import BridgeProcess
from tests.support.bridge.mjpeg_camera import MjpegCamera
from tests.support.bridge.pictures import picture
from tests.support.bridge.server import BridgeServer


@pytest.fixture
async def bridge(server: BridgeServer, camera: MjpegCamera, tmp_path: Path) -> AsyncIterator[BridgeProcess]:
    """Yields a bridge with a spool for one lossless camera, not started yet."""
    config = tmp_path / "bridge.yaml"
    address = camera.url.replace("://", "://viewer:s3cret@")
    config.write_text(
        f"{{server: '{server.address}', metrics_listen: '127.0.0.1:0', spool_directory: '{tmp_path / 'spool'}',"
        " server_retry_cap: 0.05, camera_retry_cap: 0.05,"
        f" cameras: [{{name: door, source: '{address}', rate: null, mode: lossless}}]}}"
    )
    bridge = BridgeProcess(config)
    yield bridge
    await bridge.stop(signal.SIGKILL)


def digests(server: BridgeServer) -> list[str]:
    """Returns the digests of the frames that the server has, in the order of their sequences."""
    return [digest for _, (digest, _) in sorted(server.record("door").frames.items())]


def sent(count: int) -> list[str]:
    """Returns the digests of the camera's first pictures."""
    return [hashlib.sha256(picture(number)).hexdigest() for number in range(1, count + 1)]


async def test_killed_bridge_loses_no_frame(server: BridgeServer, camera: MjpegCamera, bridge: BridgeProcess) -> None:
    """Frames that were sent without an ack, and frames that never left the disk, arrive after kill -9."""
    server.behavior.acks = False
    await bridge.start()
    await camera.connected()
    await camera.show(5)
    await server.until_frames("door", 5)
    await server.stop()
    await camera.show(5)
    await bridge.metric("portero_bridge_spool_frames", lambda frames: frames == 10)
    assert await bridge.stop(signal.SIGKILL) == -signal.SIGKILL

    server.behavior.acks = True
    await server.start()
    await bridge.start()
    await camera.connected(times=2)
    await camera.show(1)
    await server.until_durable("door", 11)
    assert digests(server) == sent(11)
    assert server.record("door").gaps == {}
    assert len(server.records) == 1
    await bridge.metric("portero_bridge_spool_frames", lambda frames: frames == 0)


async def test_kills_at_any_moment_leave_one_unbroken_numbering(
    server: BridgeServer, camera: MjpegCamera, bridge: BridgeProcess
) -> None:
    """However often it is killed in the middle of its work, no sequence is missing, doubled, or changed."""
    for kills in range(1, 4):
        await bridge.start()
        await camera.connected(times=kills)
        await camera.show(4)
        await server.until_frames("door", kills)
        await bridge.stop(signal.SIGKILL)
    await bridge.start()
    await camera.connected(times=4)
    await camera.show(1)
    last = hashlib.sha256(picture(13)).hexdigest()
    await server.until(lambda: last in digests(server))
    assert await bridge.stop(signal.SIGTERM) == 0
    frames = digests(server)
    assert sorted(server.record("door").frames) == list(range(1, len(frames) + 1))
    assert server.record("door").durable == len(frames)
    assert server.record("door").gaps == {}
    assert len(server.records) == 1
    assert len(set(frames)) == len(frames)
    # What the bridge had not read when it was killed was never its own; what it had is in the camera's order.
    assert [digest for digest in sent(13) if digest in frames] == frames


async def test_terminated_bridge_finishes_its_streams(
    server: BridgeServer, camera: MjpegCamera, bridge: BridgeProcess
) -> None:
    """SIGTERM sends Finish, waits for the account, and exits with 0; no line shows a password."""
    await bridge.start()
    await camera.connected()
    await camera.show(2)
    await server.until_durable("door", 2)
    await bridge.says("stream_opened", "camera=door")
    assert await bridge.stop(signal.SIGTERM) == 0
    assert server.stream("door").finishing
    output = "".join(bridge.lines)
    assert "stream_finished camera=door" in output
    assert output.count("stream_opened") == output.count("source_up") == 1
    assert not re.search("s3cret|viewer", output)


def test_wrong_settings_are_one_line_and_exit_2(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Start-up problems name what to change."""
    (tmp_path / "bridge.yaml").write_text("{cameras: [{name: a, source: '0', rate: 999}]}")
    assert run(["--config", str(tmp_path / "bridge.yaml")]) == 2
    assert run(["synthetic:", "--camera", "a", "--server", "nowhere"]) == 2
    assert run(["synthetic:", "--camera", "a", "--metrics-listen", "256.1.1.1:1"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert "line 1, camera a: rate: Input should be less than or equal to 120" in lines[0]
    assert "HOST:PORT" in lines[1]
    assert "metrics_listen: cannot listen at 256.1.1.1:1" in lines[2]


def test_recording_that_fails_exits_1(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A folder without images is told in one line, though no server was there."""
    assert run([str(tmp_path), "--camera", "a", "--once", "--server", "127.0.0.1:9"]) == 1
    assert "portero-bridge: the folder holds no image" in capsys.readouterr().err
