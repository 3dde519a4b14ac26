"""Every odd camera of the table: what comes of it is what the table says."""

import contextlib
import dataclasses
import hashlib
import random
import re
import ssl
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from portero_bridge.errors import SourceFault
from portero_bridge.sources.base import SourceOptions
from portero_bridge.sources.mjpeg import MjpegSource
from portero_client.streaming.clock import SystemClock
from tests.support.bridge.clock import JumpingClock
from tests.support.bridge.odd_camera import PASSWORD, Answer, OddCamera, OddServer, Then
from tests.support.bridge.odd_cameras import ODD_CAMERAS
from tests.support.tls.certificates import Authority, server_context

Options = Callable[..., SourceOptions]
_DAMAGE = (b"", b"\r\n", b"\n", b":", b"\xff", b'"', b",", b"9", b" \x00")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Returns an authority that nobody knows."""
    return Authority(tmp_path_factory.mktemp("authority"))


def _server_context(authority: Authority) -> tuple[ssl.SSLContext, str]:
    """Returns a camera's TLS, and the fingerprint of its certificate."""
    context = server_context(authority)
    first = re.match(
        r"-----BEGIN.*?-----END CERTIFICATE-----", (authority.folder / "camera.crt").read_text(), re.DOTALL
    )
    assert first is not None
    return context, hashlib.sha256(ssl.PEM_cert_to_DER_cert(first[0])).hexdigest()


@pytest.mark.parametrize("camera", ODD_CAMERAS, ids=[camera.name for camera in ODD_CAMERAS])
async def test_what_the_table_says_comes_of_it(
    camera: OddCamera, source_options: Options, authority: Authority, tmp_path: Path
) -> None:
    """The pictures come whole and in order, without waiting for the next; then the fault that is told, if any."""
    tls, fingerprint = _server_context(authority) if camera.tls else (None, "")
    given: dict[object, object] = {"CA": authority.file, "RIGHT": fingerprint}
    options = {name: given.get(value, value) for name, value in camera.options.items()}
    trimmed = 0
    async with OddServer(camera, tls) as server:
        # Who drips is noticed by the time that it takes; nobody else takes any.
        clock = SystemClock() if camera.then is Then.DRIP else JumpingClock()
        source = MjpegSource(source_options(server.address, clock=clock, **options))
        async with aclosing(source.images()) as images:
            for number in range(1, camera.pictures + 1):
                captured = await anext(images)
                assert captured.image == camera.shows(number)
                trimmed += captured.trimmed
            assert trimmed == camera.trimmed
            if camera.fault:
                with pytest.raises(SourceFault) as raised:
                    await anext(images)
                assert re.search(camera.fault, raised.value.message)
                assert PASSWORD not in raised.value.message
                assert "token" not in raised.value.message


def test_each_odd_camera_is_named_once() -> None:
    """Rows of the table are told apart by their name."""
    names = [camera.name for camera in ODD_CAMERAS]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("seed", range(8))
async def test_nothing_that_a_camera_sends_is_unforeseen(seed: int, source_options: Options) -> None:
    """Answers of odd cameras with flipped, lost and doubled bytes give pictures or a fault, and nothing else."""
    draw = random.Random(seed)
    for _ in range(40):
        camera = draw.choice([camera for camera in ODD_CAMERAS if not camera.tls and camera.then is not Then.DRIP])
        damaged = dataclasses.replace(camera, answer=_damaged(camera.answer, draw), then=Then.CLOSE)
        async with OddServer(damaged) as server:
            options = source_options(server.address, clock=JumpingClock(), read_timeout=0.2)
            async with aclosing(MjpegSource(options).images()) as images:
                with contextlib.suppress(SourceFault):
                    for _ in range(4):
                        assert isinstance((await anext(images)).image, bytes)


def _damaged(answer: Answer, draw: random.Random) -> Answer:
    """Returns answers in which some bytes, mostly of the head, are others."""

    def serve(request: bytes, number: int) -> bytes:
        data = bytearray(answer(request, number))
        for _ in range(draw.randint(0, 4)):
            at = draw.randrange(min(len(data), draw.choice([60, 300, 3000])) or 1)
            data[at : at + draw.randint(0, 2)] = draw.choice(
                [b"", b"\r\n", b"\n", b":", b"\xff", b'"', b",", b"9", b" \x00"]
            )
        return bytes(data)

    return serve
