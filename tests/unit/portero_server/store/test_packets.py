"""A MariaDB that takes only small packets: the smallest of all, and the smallest that is enough."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence

import pytest
from sqlalchemy import text

from portero_server.clock import SystemClock
from portero_server.domain.cameras import CameraMode
from portero_server.domain.detection.detections import Text, TextKind
from portero_server.domain.detection.geometry import Box
from portero_server.domain.recording.quarantine import Quarantine
from portero_server.domain.recording.sightings import CommitResult, StreamCommit, StreamRow, TextFinding
from portero_server.domain.streams.frames import FrameOutcome
from portero_server.domain.streams.messages import Finished, Rejected, TextRead
from portero_server.engines.base import CallContext, Pixels
from portero_server.errors import StoreUnavailable
from portero_server.store import schema
from portero_server.store.commit.recording import Recording
from portero_server.store.database import Database
from portero_server.store.faults import StoreRefused
from portero_server.store.packets import LEAST
from portero_server.store.streams import StreamStore
from portero_server.streaming.recorder import Recorder
from portero_server.telemetry.metrics import Metrics
from portero_server.vision.analysis import FrameAnalysis
from tests.support.server.stream_harness import PIXELS, camera, stream_harness
from tests.support.store.commits import at
from tests.support.store.fixtures import cleaned_schema
from tests.support.store.mariadb import MariaDB
from tests.support.time.timeouts import PATIENCE
from tests.support.time.virtual_time import ManualClock
from tests.unit.portero_server.store.commit.test_recording import rows_of

_SMALLEST = 1024
"""MariaDB takes no smaller limit."""


@pytest.fixture
def limited(mariadb: MariaDB, migrated_schema: str) -> Iterator[MariaDB]:
    """A server whose new connections take packets of LEAST bytes."""
    ((usual,),) = mariadb.execute("SELECT @@global.max_allowed_packet")
    mariadb.execute(f"SET GLOBAL max_allowed_packet = {LEAST}")
    yield mariadb
    mariadb.execute(f"SET GLOBAL max_allowed_packet = {usual}")


@pytest.fixture
async def small(limited: MariaDB) -> AsyncIterator[Database]:
    """A database on it, with all tables and no rows."""
    opened = Database(cleaned_schema(limited), pool_size=5, timeout=PATIENCE)
    yield opened
    await opened.aclose()


async def test_a_server_that_takes_too_little_is_not_used(limited: MariaDB) -> None:
    """With the smallest limit there is, not even an empty unit of work runs; the message names the limit."""
    limited.execute(f"SET GLOBAL max_allowed_packet = {_SMALLEST}")
    database = Database(limited.url("portero"), pool_size=1, timeout=PATIENCE)
    with pytest.raises(StoreUnavailable, match=r"max_allowed_packet is 1024 bytes; at least 65536 are needed"):
        await database.check()
    limited.execute(f"SET GLOBAL max_allowed_packet = {LEAST}")
    await database.check()
    await database.aclose()


@pytest.mark.parametrize("letter", ["x", "'", "\u00f1", "\U0001f6aa"], ids=["plain", "escaped", "two bytes", "four"])
async def test_the_largest_statement_arrives_and_a_larger_one_is_refused(small: Database, letter: str) -> None:
    """What is refused is counted as it would be sent, and nothing that would fit is refused for long."""
    width = max(len(letter.encode()), 2 if letter == "'" else 1)
    fits = (LEAST - 200) // width

    async def said(letters: int) -> int:
        length: int = await small.run(
            lambda connection: connection.scalar(text("SELECT CHAR_LENGTH(:said)"), {"said": letter * letters})
        )
        return length

    assert await said(fits) == fits
    with pytest.raises(StoreRefused, match=rf"exceeds the database server's max_allowed_packet of {LEAST} bytes"):
        await said(fits + 200)
    assert await said(fits) == fits


@pytest.mark.parametrize(
    "letters",
    [
        pytest.param(LEAST - 150, id="by a little"),
        pytest.param(20_000_000, id="so that the server hangs up", marks=pytest.mark.slow),
    ],
)
async def test_a_row_that_is_too_large_is_put_aside_and_the_others_are_stored(small: Database, letters: int) -> None:
    """The text of one frame does not fit in a packet: that frame is refused, those before and after it are stored."""
    contents = iter(["ROOM 12", "x" * letters, "ROOM 14"])

    async def read(pixels: Pixels, context: CallContext) -> tuple[Text, ...]:
        return (Text(next(contents), TextKind.LINE, Box(0, 0, 1, 1), 0.99),)

    clear = FrameAnalysis(FrameOutcome.EMPTY, pixels=PIXELS, sharpness=0.9)
    async with stream_harness(
        {1: clear, 2: clear, 3: clear},
        read_text=read,
        cameras=[camera(mode=CameraMode.TEXT)],
        clock=SystemClock(),
        store=_Store(small),
    ) as harness:
        session = await harness.open()
        async with asyncio.TaskGroup() as group:
            group.create_task(harness.listen(session))
            running = group.create_task(session.run())
            for sequence in (1, 2, 3):
                harness.send(session, sequence)
                await asyncio.sleep(0.3)
            session.finish()
            await running
        harness.streams.close(session, "finished")
    assert [each.durable_sequence for each in harness.said if isinstance(each, Finished)] == [3]
    assert [each.sequence for each in harness.said if isinstance(each, Rejected)] == [2]
    assert [each.sequence for each in harness.said if isinstance(each, TextRead)] == [1, 3]
    assert [each["sequence"] for each in await rows_of(small, schema.texts)] == [1, 3]


async def test_streams_that_are_too_much_together_are_written_in_parts(small: Database) -> None:
    """Sixteen streams with ten kilobytes each are six times what fits: all are stored, and no stream is refused."""
    streams, store = StreamStore(small, ManualClock()), _Store(small)
    many = []
    for number in range(16):
        row = await streams.open(f"door-{number}", "e1", f"s{number}")
        finding = TextFinding(1, at(1), ("x" * 10_000,))
        commit = StreamCommit(
            row.stream_id, row.camera_id, row.session, 1, outcomes={FrameOutcome.EMPTY: 1}, texts=(finding,)
        )
        many.append(_Once(commit))
    recorder = Recorder(
        store, SystemClock(), Metrics(version="0", engine="scripted").store, _NoListener(), interval=0.01
    )
    running = asyncio.create_task(recorder.run())
    for stream in many:
        recorder.mark(stream)
    await asyncio.wait_for(recorder.idle(), PATIENCE)
    running.cancel()
    assert [stream.heard for stream in many] == [["committed"]] * 16
    assert len(await rows_of(small, schema.texts)) == 16
    assert store.written < 16


class _Store:
    """Streams and commits of one database, as the pipeline wants them; counts the transactions that were written."""

    def __init__(self, database: Database) -> None:
        self._streams = StreamStore(database, ManualClock())
        self._recording = Recording(database, ManualClock())
        self.written = 0

    async def open(self, camera_id: str, epoch: str, session: str) -> StreamRow:
        return await self._streams.open(camera_id, epoch, session)

    async def followed(self) -> Sequence[StreamRow]:
        return await self._streams.followed()

    async def commit(self, commits: Sequence[StreamCommit]) -> CommitResult:
        result = await self._recording.commit(commits)
        self.written += 1
        return result


class _Once:
    """A stream with one commit."""

    def __init__(self, commit: StreamCommit) -> None:
        self._commit: StreamCommit | None = commit
        self.heard: list[str] = []

    def take(self) -> StreamCommit | None:
        taken, self._commit = self._commit, None
        return taken

    def committed(self, commit: StreamCommit, result: CommitResult) -> None:
        self.heard.append("committed")

    def superseded(self) -> None:
        self.heard.append("superseded")

    def quarantine(self, commit: StreamCommit) -> Quarantine | None:
        self.heard.append("refused")
        return None

    def put_aside(self, search: Quarantine) -> None:
        self.heard.append("put aside")

    def failed(self, commit: StreamCommit, error: Exception) -> None:
        self.heard.append("failed")


class _NoListener:
    def notify(self, position: int) -> None:
        """Nobody watches."""
