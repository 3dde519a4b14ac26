"""Bridges of the simulation: the real delivery over a spool in memory, without gRPC or a disk."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from portero_bridge.backoff import Backoff
from portero_client.streaming.delivery.planner import Delivery
from portero_client.streaming.delivery.terms import Credit, DeliveryLimits, Sign, Terms
from portero_client.streaming.frames import DeliveryMode, Entry, Frame, Gap, GapReason, ImageLimits, last_sequence
from portero_client.streaming.notifier import Notifier
from portero_server.domain.streams.messages import Ack, Drain, Finished, Message, Opened, Rejected, TrackUpdate
from tests.simulation.network import Broken
from tests.simulation.servers import Alive, Beat, Finish, Link, Lost, Open, Request, Sent
from tests.support.model.ledger import Numbering, Told
from tests.support.model.script import camera_name, jpeg, shown

_HEARTBEAT = 2.0
_MAX_BYTES = 5 * 1024 * 1024
_SLOWEST_FRAME = 0.1
_LOST_SHARE = 0.02


@dataclass(slots=True)
class SimulatedSpool:
    """What survives the bridge: the numbering and the entries that are not durable."""

    epoch: str
    durable: int = 0
    last: int = 0
    next_index: int = 0
    entries: list[Entry] = field(default_factory=list)

    def release(self, durable: int) -> None:
        """Lets go of what is durable."""
        self.durable = max(self.durable, durable)
        while self.entries and last_sequence(self.entries[0]) <= self.durable:
            self.entries.pop(0)


class SimulatedBridge:
    """One camera's bridge, life after life, until its script of `frames` images is durable at the server.

    Attributes:
        done: Set when it is.
        link: Its present connection.
    """

    def __init__(
        self, camera: int, frames: int, told: Told, connect: Callable[[Link], None], make: Callable[[], Link], seed: int
    ) -> None:
        self._camera = camera
        self._frames = frames
        self._told = told
        self._connect = connect
        self._make = make
        self._chance = random.Random(seed)
        self.spool = SimulatedSpool(f"e{camera}")
        self.done = asyncio.Event()
        self.link: Link | None = None
        self._life: asyncio.Task[None] | None = None

    @property
    def _numbering(self) -> Numbering:
        return self._told.numbering(self._camera, self.spool.epoch)

    def start(self) -> None:
        """Begins a life with what the spool holds."""
        self._life = asyncio.create_task(_Life(self).run())

    async def kill(self) -> None:
        """Ends the present life at once."""
        if self._life is not None:
            self._life.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._life
            self._life = None
        if self.link is not None:
            self.link.reset()

    def connect(self) -> Link:
        """Opens a connection to whatever server there is."""
        self.link = self._make()
        self._connect(self.link)
        return self.link

    def draw(self) -> float:
        """Returns a number in 0..1."""
        return self._chance.random()

    def shoot(self) -> bool:
        """Takes the next image into the spool, or loses it at the disk; says whether there was one."""
        spool = self.spool
        if spool.next_index >= self._frames:
            return False
        index, spool.next_index = spool.next_index, spool.next_index + 1
        spool.last += 1
        if self.draw() < _LOST_SHARE:
            spool.entries.append(Gap(spool.last, spool.last, GapReason.SPOOL_FAILED))
            return True
        spool.entries.append(Frame(spool.last, shown(self._camera, index).captured, jpeg(self._camera, index)))
        self._numbering.index_of[spool.last] = index
        return True

    def opened(self, message: Opened) -> None:
        """Notes a promise."""
        numbering = self._numbering
        numbering.resumed.append((message.durable_sequence, numbering.acked))
        numbering.acked = max(numbering.acked, message.durable_sequence)

    def acked(self, message: Ack) -> None:
        """Notes a promise."""
        numbering = self._numbering
        numbering.acks.append((message.durable_sequence, numbering.acked))
        numbering.acked = max(numbering.acked, message.durable_sequence)

    def heard(self, message: Message) -> None:
        """Notes what else was said."""
        if isinstance(message, TrackUpdate):
            name = f"sightings/{message.sighting_id}" if message.sighting_id else "-"
            self._told.news.append((self._camera, message.track_id, message.state.value, name))
        elif isinstance(message, Rejected):
            self._numbering.refused.add(message.sequence)
        elif isinstance(message, Finished):
            self._numbering.finished = message.durable_sequence

    def begun_anew(self) -> None:
        """Notes what must never happen."""
        self._told.begun_anew.append(self._camera)

    @property
    def camera(self) -> str:
        """Its camera's name."""
        return camera_name(self._camera)


class _Life:
    def __init__(self, bridge: SimulatedBridge) -> None:
        self._bridge = bridge
        limits = DeliveryLimits(window_frames=24, open_timeout=2.0, stale_timeout=4.0)
        spool = bridge.spool
        self._delivery = Delivery(DeliveryMode.LOSSLESS, spool.epoch, limits, spool.durable)
        self._bell = Notifier()
        self._backoff = Backoff(0.1, 0.5, bridge.draw)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._shoot()), group.create_task(self._feed())]
            while not self._delivery.is_done:
                await self._session()
                await asyncio.sleep(self._backoff.next_delay())
            for task in tasks:
                task.cancel()
        self._bridge.done.set()

    async def _shoot(self) -> None:
        while self._bridge.shoot():
            self._bell.notify()
            await asyncio.sleep(_SLOWEST_FRAME * self._bridge.draw())
        while self._delivery.last_sequence < self._bridge.spool.last:
            await self._bell.wait()
        self._delivery.finish()
        self._bell.notify()

    async def _feed(self) -> None:
        delivery, spool = self._delivery, self._bridge.spool
        while True:
            # A crash may come between an acknowledgment and its release, which is what the pause is for.
            durable = delivery.durable_sequence
            await asyncio.sleep(0.01)
            spool.release(durable)
            for entry in spool.entries:
                if last_sequence(entry) > delivery.last_sequence and delivery.has_room:
                    delivery.offer(entry, self._now)
                    self._bell.notify()
            if delivery.durable_sequence == durable:
                await self._bell.wait()

    async def _session(self) -> None:
        delivery = self._delivery
        delivery.connecting(self._now)
        link = self._bridge.connect()
        try:
            async with asyncio.TaskGroup() as group:
                others = [group.create_task(self._write(link)), group.create_task(self._watch(link))]
                await self._listen(link)
                for task in others:
                    task.cancel()
        finally:
            delivery.disconnected()
            link.reset()
            self._bell.notify()

    async def _listen(self, link: Link) -> None:
        delivery = self._delivery
        while delivery.hang_up is None:
            try:
                message = await link.down.receive()
            except Broken:
                return
            now = self._now
            delivery.heard(now)
            match message:
                case None:
                    return
                case Opened():
                    terms = Terms(
                        message.session, message.durable_sequence, _credit(message), ImageLimits(_MAX_BYTES), _HEARTBEAT
                    )
                    delivery.opened(terms, self._bridge.spool.last, now)
                    if not delivery.is_open:
                        self._bridge.begun_anew()
                        raise AssertionError(f"the numbering is not known: {delivery.hang_up}")
                    self._backoff.succeeded()
                    self._bridge.opened(message)
                case Ack():
                    delivery.acked(message.durable_sequence, _credit(message), now)
                    self._bridge.acked(message)
                case Alive():
                    pass
                case Drain():
                    delivery.drained()
                case Finished():
                    delivery.finished(message.durable_sequence, now)
                    self._bridge.heard(message)
                case _:
                    self._bridge.heard(message)
            self._bell.notify()
            if delivery.is_done:
                return

    async def _write(self, link: Link) -> None:
        delivery = self._delivery
        while True:
            action = delivery.next_action(self._now)
            if action is None:
                await self._bell.wait(delivery.wake_at(self._now) - self._now)
                continue
            request: Request
            match action:
                case Frame():
                    request = Sent(action.sequence, action.capture_time, action.jpeg)
                case Gap():
                    request = Lost(action.first_sequence, action.last_sequence)
                case Sign.FINISH:
                    request = Finish()
                case Sign.OPEN:
                    request = Open(self._bridge.camera, delivery.epoch)
                case Sign.HEARTBEAT:
                    request = Beat()
            try:
                link.up.send(request)
            except Broken:
                return
            self._bell.notify()

    async def _watch(self, link: Link) -> None:
        delivery = self._delivery
        while delivery.check(self._now) is None:
            await self._bell.wait(delivery.wake_at(self._now) - self._now)
        link.down.break_off()

    @property
    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _credit(message: Opened | Ack) -> Credit:
    return Credit(message.credit.frames, message.credit.bytes)
