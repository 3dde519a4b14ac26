"""The buffer on disk: frames are written to the spool before the delivery sees them."""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Self, TypeVar

from portero_client.errors import SpoolDamaged, SpoolFault
from portero_client.streaming.buffers.base import mint_epoch
from portero_client.streaming.clock import Clock
from portero_client.streaming.context import StreamContext
from portero_client.streaming.events import SpoolFailed
from portero_client.streaming.frames import GapReason
from portero_client.streaming.spool.file import set_aside
from portero_client.streaming.spool.spool import Spool, SpoolLimits

# Bounds of one read: enough to keep a fast server busy, little enough not to hold memory for long.
_BATCH_ENTRIES = 16
_BATCH_BYTES = 4 * 1024 * 1024
# Seconds between two attempts to read or to release while the disk fails.
_DISK_RETRY = 1.0

_ResultT = TypeVar("_ResultT")


class SpoolThread:
    """A spool and the one thread that uses it, so that a slow disk blocks nothing else."""

    def __init__(self, spool: Spool, thread: ThreadPoolExecutor) -> None:
        self.spool = spool
        self._thread = thread

    @classmethod
    async def open(cls, path: Path, clock: Clock, limits: SpoolLimits) -> tuple[Self, SpoolDamaged | None]:
        """Opens the spool at a path; a damaged one is renamed, and a new one is created.

        Returns:
            The spool, and what was wrong with the one that was set aside.

        Raises:
            SpoolFault: The disk refused, or another process has the file.
        """
        thread = ThreadPoolExecutor(1, thread_name_prefix=f"spool-{path.stem}")
        try:
            spool, damage = await asyncio.get_running_loop().run_in_executor(
                thread, _open, path, mint_epoch(clock), limits, clock.now()
            )
        except BaseException:
            thread.shutdown(wait=False)
            raise
        return cls(spool, thread), damage

    async def do(self, work: Callable[[Spool], _ResultT]) -> _ResultT:
        """Runs a function with the spool, after the functions submitted before."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, self.spool)

    async def aclose(self) -> None:
        """Closes the spool after the function in progress; its frames stay on disk."""
        await self.do(Spool.close)
        self._thread.shutdown(wait=False)


class SpoolBuffer:
    """Numbers frames by writing them to the spool, and feeds the delivery from it.

    Args:
        context: The camera's state.
        thread: The open spool.
        source_waits: Whether the source can wait for room; if not, the spool's policy decides.
        give_up: Set when the spool is of no more use, and the server there to take frames without it.
    """

    survives = True

    def __init__(
        self, context: StreamContext, thread: SpoolThread, *, source_waits: bool, give_up: asyncio.Event | None = None
    ) -> None:
        self._context = context
        self._thread = thread
        self._source_waits = source_waits
        self._failing = False
        self._lost = False
        self._give_up = give_up or asyncio.Event()
        # Between a read and its offer the numbering must not change.
        self._numbering = asyncio.Lock()

    @property
    def numbered_through(self) -> int:
        """The highest sequence assigned so far."""
        return self._thread.spool.last_sequence

    async def put(self, capture_time: datetime, jpeg: bytes) -> None:
        """Writes a frame to the spool. If the disk refuses it, a gap is recorded instead of raising an error.

        Raises:
            SpoolDamaged: The file is no longer sound.
        """
        context, spool = self._context, self._thread.spool
        while self._source_waits and not spool.has_room(len(jpeg)) and spool.frames:
            await context.bell.wait()
        now = context.clock.now()
        # What is still on the disk makes room on it when it was delivered.
        read_out = context.delivery.last_sequence >= spool.last_sequence
        try:
            full, lost = await self._thread.do(lambda spool: (spool.append(capture_time, jpeg, now), spool.is_lost()))
        except SpoolFault as fault:
            context.meter.frames_missing(GapReason.SPOOL_FAILED, 1)
            if not self._failing:
                context.emit(SpoolFailed(context.camera, fault.message))
            self._failing = True
        else:
            self._failing = False
            context.meter.frames_missing(GapReason.SPOOL_FULL, full)
            self._note_loss(lost)
        self._note()
        if context.delivery.is_engaged and (self._lost or (self._failing and read_out)):
            self._give_up.set()

    def _note_loss(self, lost: bool) -> None:
        if lost and not self._lost:
            words = "its file was deleted or replaced: what is in it survives no restart, and a new one is begun"
            self._context.emit(SpoolFailed(self._context.camera, words))
        self._lost = lost

    async def renumber(self) -> None:
        """Starts a new epoch with the frames on disk and in the delivery.

        Raises:
            SpoolFault: The disk refused.
            SpoolDamaged: The file is no longer sound.
        """
        delivery = self._context.delivery
        epoch = mint_epoch(self._context.clock)
        async with self._numbering:
            durable = delivery.durable_sequence

            def begin(spool: Spool) -> None:
                spool.release(durable)
                spool.renumber(epoch)

            await self._thread.do(begin)
            delivery.renumber(epoch)

    async def run(self) -> None:
        """Removes durable frames, and feeds the delivery, whenever something changed.

        Raises:
            SpoolDamaged: The file is no longer sound.
        """
        while True:
            try:
                idle = not await self._step()
            except SpoolFault:
                idle = False
                await self._context.clock.sleep(_DISK_RETRY)
            if idle:
                await self._context.bell.wait()

    async def emptied(self) -> None:
        """Returns once everything in the buffer has been passed to the delivery."""
        while self._context.delivery.last_sequence < self.numbered_through:
            await self._context.bell.wait()

    async def aclose(self) -> None:
        """Removes durable frames. If the disk refuses, the next session skips them when it resumes."""
        durable = self._context.delivery.durable_sequence
        with contextlib.suppress(SpoolFault, SpoolDamaged):
            await self._thread.do(lambda spool: spool.release(durable))

    async def _step(self) -> bool:
        """Does what can be done now. Returns whether there was anything to do."""
        delivery, spool = self._context.delivery, self._thread.spool
        async with self._numbering:
            after = delivery.last_sequence
            feeds = delivery.has_room and after < spool.last_sequence
            if feeds:
                entries = await self._thread.do(lambda spool: spool.read_after(after, _BATCH_ENTRIES, _BATCH_BYTES))
                now = self._context.clock.monotonic()
                for entry in entries:
                    if not delivery.has_room:
                        break
                    delivery.offer(entry, now)
            # Second, because a full disk can be read although it cannot be written.
            durable = delivery.durable_sequence
            releases = durable > spool.durable_sequence
            if releases:
                await self._thread.do(lambda spool: spool.release(durable))
        if releases or feeds:
            self._note()
        return releases or feeds

    def _note(self) -> None:
        spool = self._thread.spool
        self._context.meter.spooled(spool.frames, spool.bytes)
        self._context.changed()


def _open(path: Path, epoch: str, limits: SpoolLimits, now: datetime) -> tuple[Spool, SpoolDamaged | None]:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            return Spool(path, epoch, limits), None
        except SpoolDamaged as damage:
            kept_as = set_aside(path, now)
            return Spool(path, epoch, limits), SpoolDamaged(f"{damage.message}; kept as {kept_as.name}")
    except OSError as error:
        raise SpoolFault(f"the spool's disk refused: {error.strerror}") from error
