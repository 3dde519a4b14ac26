"""The admin port answers three paths, whatever is sent to it."""

from __future__ import annotations

import asyncio
import socket

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge

from portero_server.errors import StartupProblem, StoreUnavailable
from portero_server.telemetry.http import AdminHttp


async def _ready() -> None:
    return None


async def _not_ready() -> None:
    raise StoreUnavailable("the database does not answer")


async def _defect() -> None:
    raise ZeroDivisionError


async def _ask(admin: AdminHttp, request: bytes) -> bytes:
    port = await admin.start("127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    await admin.aclose()
    return answer


async def test_metrics_in_the_format_that_was_asked_for() -> None:
    """Prometheus gets OpenMetrics when it asks for it, text otherwise."""
    registry = CollectorRegistry()
    Counter("doors", "Doors opened.", registry=registry).inc()
    plain = await _ask(AdminHttp(registry, _ready), b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"200 OK" in plain
    assert b"doors_total 1.0" in plain
    wanted = b"GET /metrics HTTP/1.1\r\nAccept: application/openmetrics-text; version=1.0.0\r\n\r\n"
    assert (await _ask(AdminHttp(registry, _ready), wanted)).endswith(b"# EOF\n")


@pytest.mark.parametrize(
    ("ready", "status", "words"),
    [
        (_ready, b"200 OK", b"ok"),
        (_not_ready, b"503 Service Unavailable", b"DATABASE_UNAVAILABLE"),
        (_defect, b"503 Service Unavailable", b"INTERNAL"),
    ],
)
async def test_readiness_says_why_not(ready: object, status: bytes, words: bytes) -> None:
    """/readyz is 200 only when the server can work, and names the reason otherwise."""
    answer = await _ask(AdminHttp(CollectorRegistry(), ready), b"GET /readyz HTTP/1.1\r\n\r\n")  # type: ignore[arg-type]  # one of three
    assert status in answer
    assert words in answer


async def test_readiness_tells_what_is_wrong_although_the_server_can_work() -> None:
    """A note is a line of its own, and no outage; without one there is none."""
    notes: list[str | None] = ["gallery LOST: nobody is recognized", None]
    admin = AdminHttp(CollectorRegistry(), _ready, note=lambda: notes.pop(0))
    for body in (b"ok\ngallery LOST: nobody is recognized\n", b"ok\n"):
        answer = await _ask(admin, b"GET /readyz HTTP/1.1\r\n\r\n")
        assert b"200 OK" in answer
        assert answer.endswith(b"\r\n\r\n" + body)


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (b"GET /livez?x=1 HTTP/1.1\r\n\r\n", b"200 OK"),
        (b"GET /secrets HTTP/1.1\r\n\r\n", b"404 Not Found"),
        (b"POST /metrics HTTP/1.1\r\n\r\n", b"405 Method Not Allowed"),
        (b"nonsense", b""),
        (b"GET /" + b"x" * 20_000, b""),
        (b"\x00\xff\r\n\r\n", b"405 Method Not Allowed"),
    ],
)
async def test_odd_requests_are_answered_or_dropped(request_: bytes, answer: bytes) -> None:
    """Unknown paths and methods are refused; what is not HTTP gets no answer and harms nothing."""
    got = await _ask(AdminHttp(CollectorRegistry(), _ready), request_)
    assert answer in got if answer else got == b""


async def test_a_taken_port_is_a_start_up_problem() -> None:
    """An address that cannot be had is one line that names the setting."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(StartupProblem, match="PORTERO_ADMIN_LISTEN"):
            await AdminHttp(CollectorRegistry(), _ready).start("127.0.0.1", taken.getsockname()[1])


async def test_what_holds_for_the_moment_is_set_before_each_scrape() -> None:
    """A scrape, and only a scrape, has the figures of the moment brought up to date first."""
    registry = CollectorRegistry()
    doors = Gauge("doors_open", "Doors that are open.", registry=registry)
    admin = AdminHttp(registry, _ready, [lambda: doors.inc()])
    assert b"200 OK" in await _ask(admin, b"GET /readyz HTTP/1.1\r\n\r\n")
    assert b"doors_open 1.0" in await _ask(admin, b"GET /metrics HTTP/1.1\r\n\r\n")
