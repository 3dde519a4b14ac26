"""The audit trail: no change without an entry, no flood of entries, and a check beside what goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from portero_server.audit.trail import OVERFLOW, AuditTrail, check_trail
from portero_server.domain.audit.chain import RETIRED, SERVER, Actor, AuditOutcome, Deed, Entry, Head, retired_name
from portero_server.domain.audit.check import Tampering
from portero_server.errors import StoreUnavailable, Unavailable
from portero_server.store.faults import StoreRefused
from portero_server.telemetry.metrics import Metrics
from tests.support.server.audit_chains import MOMENT, MemoryLog, chain, deed, edited
from tests.support.time.virtual_time import ManualClock, in_virtual_time


def refused(peer: str = "192.0.2.1", action: str = "GalleryService/ListPeople") -> Deed:
    """Returns a refusal."""
    return Deed(Actor("", peer), action, outcome=AuditOutcome.NO_LOGIN, reason="CREDENTIALS_MISSING")


class Rig:
    """A trail over memory, and what it tells."""

    def __init__(self, most: int = 3) -> None:
        self.log = MemoryLog()
        self.clock = ManualClock()
        self.metrics = Metrics(version="", engine="")
        self.trail = AuditTrail(self.log, self.clock, self.metrics.audit, interval=1.0, most=most)

    def metric(self, name: str) -> float:
        """Returns a metric's value."""
        value = self.metrics.registry.get_sample_value(name)
        assert value is not None
        return value


async def test_what_is_recorded_is_committed_and_dated() -> None:
    """Recording returns when the entry is in the log, with the clock's time, and counts it."""
    rig = Rig()
    await rig.trail.record(deed(1))
    (entry,) = rig.log.chain.appended
    assert (entry.deed, entry.at) == (deed(1), rig.clock.now())
    assert rig.metric("portero_audit_entries_total") == 1


@pytest.mark.parametrize("trouble", [StoreUnavailable("away"), StoreRefused("broken")])
async def test_what_cannot_be_recorded_must_not_be_done(trouble: StoreUnavailable | StoreRefused) -> None:
    """A database that is away, or a chain that is broken, is an error for whoever wanted to do something."""
    rig = Rig()
    rig.log.trouble = trouble
    with pytest.raises(Unavailable):
        await rig.trail.record(deed(1))
    assert rig.metric("portero_audit_failures_total") == 1
    assert rig.metric("portero_audit_entries_total") == 0


async def test_refusals_that_are_alike_are_one_entry() -> None:
    """Refusals noted between two writings are counted together when they are alike, and told apart when not."""
    rig = Rig()
    for _ in range(1000):
        rig.trail.note(refused())
    rig.trail.note(refused(peer="192.0.2.2"))
    await rig.trail.flush()
    await rig.trail.flush()
    assert [(made.actor.peer, made.count) for made in rig.log.deeds] == [("192.0.2.1", 1000), ("192.0.2.2", 1)]


async def test_a_flood_of_refusals_is_bounded() -> None:
    """Beyond so many unlike refusals the rest is counted in one entry, and known ones go on being told apart."""
    rig = Rig(most=3)
    for number in range(50):
        rig.trail.note(refused(peer=f"192.0.2.{number}"))
    rig.trail.note(refused(peer="192.0.2.1"))
    await rig.trail.flush()
    assert [(made.action, made.count) for made in rig.log.deeds[:3]] == [(refused().action, n) for n in (1, 2, 1)]
    assert (rig.log.deeds[3].action, rig.log.deeds[3].count) == (OVERFLOW, 47)
    assert rig.metric("portero_audit_overflowed_total") == 47


async def test_refusals_wait_for_a_database_that_is_away() -> None:
    """What cannot be written is kept, within the bound, together with what comes meanwhile."""
    rig = Rig(most=2)
    rig.trail.note(refused())
    rig.log.trouble = StoreUnavailable("away")
    await rig.trail.flush()
    for peer in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
        rig.trail.note(refused(peer))
    await rig.trail.flush()
    rig.log.trouble = None
    await rig.trail.flush()
    assert [made.count for made in rig.log.deeds] == [2, 1, 1]
    assert rig.log.deeds[2].action == OVERFLOW


@in_virtual_time
async def test_refusals_are_written_within_a_second() -> None:
    """The trail's task writes what was noted each second, until it is canceled."""
    rig = Rig()
    running = asyncio.create_task(rig.trail.run())
    rig.trail.note(refused())
    await asyncio.sleep(1.1)
    assert len(rig.log.deeds) == 1
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_check_reads_everything() -> None:
    """A trail of many pages is checked whole, and tampering found."""
    rig = Rig()
    await rig.trail.record(*(deed(number) for number in range(1200)))
    assert (await rig.trail.check()).findings == ()
    rig.log.chain.appended = edited(rig.log.chain.appended, 1100)
    report = await rig.trail.check()
    assert [(finding.kind, finding.first) for finding in report.findings] == [(Tampering.EDITED, 1100)]
    assert report.head.count == 1200


class BusyLog(MemoryLog):
    """Somebody else appends whenever a page is read, for a while; and once retention removes the beginning."""

    def __init__(self, *, retires: bool) -> None:
        super().__init__()
        entries, self.chain.head = chain(20)
        self.chain.appended = entries
        self._writes = 5
        self._retires = retires

    async def page(self, after: int, limit: int) -> tuple[Sequence[Entry], Head]:
        """Appends between the rows and the head."""
        entries, _ = await super().page(after, 7)
        if self._writes:
            self._writes -= 1
            self.chain.append(deed(self._writes), MOMENT)
        if self._retires:
            self._retires = False
            self._retire(9)
        return entries, self.chain.head

    def _retire(self, count: int) -> None:
        last = self.chain.appended[count - 1]
        self.chain.appended = self.chain.appended[count:]
        head = self.chain.head
        self.chain.head = Head(head.count, head.digest, count, last.digest)
        self.chain.append(Deed(SERVER, RETIRED, retired_name(count, last.digest), AuditOutcome.DONE), MOMENT)


@pytest.mark.parametrize("retires", [False, True])
async def test_a_check_goes_on_beside_writers(retires: bool) -> None:
    """Entries appended, or retired by retention, while the trail is being checked are no findings."""
    report = await check_trail(BusyLog(retires=retires))
    assert report.findings == ()
    assert report.head.count == 25 + retires
