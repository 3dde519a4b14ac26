"""What the disk keeps, and what it does when it is full, damaged, or in use."""

import os
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies

from portero_client.errors import SpoolDamaged, SpoolFault
from portero_client.streaming.frames import Entry, Frame, Gap, GapReason, first_sequence, last_sequence
from portero_client.streaming.spool.reserve import Reserve
from portero_client.streaming.spool.spool import Spool, SpoolLimits, SpoolPolicy

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
LIMITS = SpoolLimits(max_bytes=1_000, max_age=timedelta(hours=1), policy=SpoolPolicy.DROP_OLDEST)
NEWEST = SpoolLimits(max_bytes=1_000, max_age=timedelta(hours=1), policy=SpoolPolicy.DROP_NEWEST)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Returns where a spool may be."""
    return tmp_path / "lobby.spool"


def open_spool(path: Path, limits: SpoolLimits = LIMITS, epoch: str = "first") -> Spool:
    """Opens the spool, with a small reserve."""
    return Spool(path, epoch, limits, Reserve(path.with_name("reserve"), size=4096))


def fill(spool: Spool, count: int, size: int = 100, now: datetime = NOW) -> None:
    """Appends frames that are as large as said."""
    for _ in range(count):
        number = spool.last_sequence + 1
        spool.append(now, str(number).encode().ljust(size, b"."), now)


def contents(spool: Spool, after: int = 0) -> list[Entry]:
    """Returns what follows a sequence."""
    return spool.read_after(after, 1_000, 10**9)


def test_frames_survive_the_process(path: Path) -> None:
    """Epoch, numbers, capture times and content are there again after the file was left open and lost."""
    spool = open_spool(path)
    taken = NOW + timedelta(microseconds=123_457)
    spool.append(taken, b"one", NOW)
    spool.append(taken, b"two", NOW)
    spool.close()
    again = open_spool(path, epoch="another")
    assert again.epoch == "first"
    assert again.last_sequence == 2
    assert contents(again) == [Frame(1, taken, b"one"), Frame(2, taken, b"two")]
    assert (again.frames, again.bytes) == (2, 6)


def test_released_frames_are_gone_and_the_numbering_goes_on(path: Path) -> None:
    """What is durable leaves the file, and an emptied spool still knows its numbers."""
    spool = open_spool(path)
    fill(spool, 3)
    spool.release(3)
    assert (spool.frames, spool.bytes) == (0, 0)
    spool.close()
    again = open_spool(path)
    assert (again.durable_sequence, again.last_sequence) == (3, 3)
    fill(again, 1)
    assert [first_sequence(entry) for entry in contents(again)] == [4]


def test_full_spool_drops_the_oldest_that_was_not_handed_out(path: Path) -> None:
    """Frames that the stream has already are kept; the next oldest become one gap."""
    spool = open_spool(path)
    fill(spool, 10)
    handed_out = spool.read_after(0, 2, 10**9)
    assert len(handed_out) == 2
    assert spool.append(NOW, b"x" * 250, NOW) == 3
    assert spool.append(NOW, b"y" * 100, NOW) == 1
    after = contents(spool, after=2)
    assert after[0] == Gap(3, 6, GapReason.SPOOL_FULL)
    assert [first_sequence(entry) for entry in after[1:]] == [7, 8, 9, 10, 11, 12]
    assert spool.bytes <= 1_000


def test_full_spool_may_refuse_the_newest(path: Path) -> None:
    """With the other policy the frames that are there stay, and the new ones become one gap."""
    spool = open_spool(path, NEWEST)
    fill(spool, 10)
    assert spool.append(NOW, b"x" * 100, NOW) == 1
    assert spool.append(NOW, b"x" * 100, NOW) == 1
    assert contents(spool)[10:] == [Gap(11, 12, GapReason.SPOOL_FULL)]
    assert spool.frames == 10


def test_frames_over_age_become_a_gap(path: Path) -> None:
    """Age bounds the spool whatever its policy, when the next frame comes."""
    spool = open_spool(path, NEWEST)
    fill(spool, 3)
    later = NOW + timedelta(minutes=59)
    fill(spool, 1, now=later)
    fill(spool, 1, now=NOW + timedelta(minutes=61))
    assert contents(spool)[0] == Gap(1, 3, GapReason.SPOOL_FULL)
    assert spool.frames == 2


def test_frame_larger_than_the_spool_drops_no_other(path: Path) -> None:
    """A picture that could never fit becomes a gap by itself."""
    spool = open_spool(path)
    fill(spool, 5)
    assert spool.append(NOW, b"x" * 2_000, NOW) == 1
    assert spool.frames == 5
    assert contents(spool)[-1] == Gap(6, 6, GapReason.SPOOL_FULL)


def test_full_disk_is_a_gap(path: Path) -> None:
    """Frames that the disk refuses are lost with a note, and the numbering goes on afterward."""
    spool = open_spool(path, SpoolLimits(10**9, timedelta(hours=1), SpoolPolicy.DROP_OLDEST))
    fill(spool, 2)
    _set_disk(spool, pages=1)
    for _ in range(3):
        with pytest.raises(SpoolFault):
            spool.append(NOW, b"x" * 100_000, NOW)
    _set_disk(spool, pages=10**6)
    fill(spool, 1)
    assert contents(spool)[2] == Gap(3, 5, GapReason.SPOOL_FAILED)
    assert first_sequence(contents(spool)[3]) == 6


def test_losses_are_noted_as_soon_as_the_disk_takes_a_note(path: Path) -> None:
    """Where a picture finds no room but a few bytes do, the gap is reported without a further frame."""
    spool = open_spool(path, SpoolLimits(10**9, timedelta(hours=1), SpoolPolicy.DROP_OLDEST))
    fill(spool, 1)
    (pages,) = spool._connection.execute("PRAGMA page_count").fetchone()
    _set_disk(spool, pages)
    with pytest.raises(SpoolFault):
        spool.append(NOW, b"x" * 100_000, NOW)
    assert contents(spool, after=1) == [Gap(2, 2, GapReason.SPOOL_FAILED)]
    assert spool.last_sequence == 2


def test_spent_reserve_lets_notes_through_and_frames_only_where_frames_left(path: Path) -> None:
    """On a full disk losses are noted and frames released, and the room that they leave is used again."""
    disk = [10**9]
    reserve = Reserve(path.with_name("reserve"), size=4096, free=lambda folder: disk[0])
    spool = Spool(path, "first", SpoolLimits(10**9, timedelta(hours=1), SpoolPolicy.DROP_OLDEST), reserve)
    fill(spool, 4, size=50_000)
    disk[0] = 0
    (pages,) = spool._connection.execute("PRAGMA page_count").fetchone()
    _set_disk(spool, pages)
    for _ in range(3):
        with pytest.raises(SpoolFault):
            spool.append(NOW, b"x" * 50_000, NOW)
    kept_when_full = reserve.is_kept
    assert contents(spool, after=4) == [Gap(5, 7, GapReason.SPOOL_FAILED)]
    spool.release(3)
    fill(spool, 1, size=50_000)
    disk[0] = 10**9
    fill(spool, 1, size=50_000)
    assert (kept_when_full, reserve.is_kept) == (False, True)
    assert [first_sequence(entry) for entry in contents(spool, after=3)] == [4, 5, 8, 9]


def test_reserve_is_taken_over_and_gives_way(tmp_path: Path) -> None:
    """A reserve that an earlier process left counts, and one that finds no room twice over is not made."""
    path = tmp_path / "reserve"
    assert Reserve(path, size=100, free=lambda folder: 200).is_kept
    assert Reserve(path, size=100, free=lambda folder: 0).is_kept
    reserve = Reserve(path, size=100, free=lambda folder: 199)
    assert reserve.spend()
    assert not reserve.spend()
    assert not reserve.restore()
    assert not path.exists()


def test_new_epoch_keeps_the_frames(path: Path) -> None:
    """Renumbered from 1 on, in order, and so after a restart."""
    spool = open_spool(path, NEWEST)
    fill(spool, 11)
    spool.release(4)
    kept = [entry.jpeg for entry in contents(spool, after=4) if isinstance(entry, Frame)]
    spool.renumber("second")
    spool.close()
    again = open_spool(path)
    assert again.epoch == "second"
    entries = contents(again)
    assert [entry.jpeg for entry in entries if isinstance(entry, Frame)] == kept
    assert first_sequence(entries[0]) == 1
    assert entries[-1] == Gap(7, 7, GapReason.SPOOL_FULL)
    assert again.last_sequence == 7


def test_release_within_a_gap_keeps_its_rest(path: Path) -> None:
    """A watermark that ends inside a gap leaves the part beyond it."""
    spool = open_spool(path, NEWEST)
    fill(spool, 13)
    spool.release(11)
    assert contents(spool, after=11) == [Gap(12, 13, GapReason.SPOOL_FULL)]


def test_damaged_file_is_recognized(path: Path) -> None:
    """Noise, and a database of somebody else, are not a spool."""
    path.write_bytes(b"SQLite format 3\x00" + b"noise" * 1_000)
    with pytest.raises(SpoolDamaged):
        open_spool(path)
    path.unlink()
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA user_version = 1")
        other.execute("CREATE TABLE something (else_entirely)")
    other.close()
    with pytest.raises(SpoolDamaged):
        open_spool(path)
    path.unlink()
    with sqlite3.connect(path) as younger:
        younger.execute("PRAGMA user_version = 99")
    younger.close()
    with pytest.raises(SpoolDamaged, match="version 99"):
        open_spool(path)


def test_torn_page_is_recognized(path: Path) -> None:
    """A file that lost a page in the middle is not trusted."""
    spool = open_spool(path)
    fill(spool, 9)
    spool.close()
    content = bytearray(path.read_bytes())
    content[4096:8192] = b"\x5a" * 4096
    path.write_bytes(content)
    with pytest.raises(SpoolDamaged):
        open_spool(path)


def test_spool_of_a_living_bridge_is_refused(path: Path) -> None:
    """Two bridges cannot number the same camera; that is a fault, not damage."""
    spool = open_spool(path)
    fill(spool, 1)
    with pytest.raises(SpoolFault):
        open_spool(path)
    spool.close()


@settings(max_examples=40, deadline=None)
@given(
    steps=strategies.lists(
        strategies.one_of(
            strategies.tuples(strategies.just("append"), strategies.integers(10, 400)),
            strategies.tuples(strategies.just("read"), strategies.integers(1, 3)),
            strategies.tuples(strategies.just("release"), strategies.integers(1, 5)),
            strategies.tuples(strategies.just("reopen"), strategies.just(0)),
            strategies.tuples(strategies.just("age"), strategies.integers(10, 50)),
        ),
        max_size=40,
    ),
    policy=strategies.sampled_from(SpoolPolicy),
)
def test_no_order_of_steps_makes_a_hole(
    steps: list[tuple[str, int]], policy: SpoolPolicy, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Every number beyond the watermark is a frame or in a gap exactly once, within the bound of bytes."""
    path = tmp_path_factory.mktemp("spool") / "camera.spool"
    limits = SpoolLimits(1_000, timedelta(hours=1), policy)
    spool, now, cursor = open_spool(path, limits), NOW, 0
    for step, amount in steps:
        if step == "append":
            fill(spool, 1, amount, now)
        elif step == "read":
            for entry in spool.read_after(cursor, amount, 500):
                assert first_sequence(entry) == cursor + 1
                cursor = last_sequence(entry)
        elif step == "release":
            spool.release(min(cursor, spool.durable_sequence + amount))
        elif step == "age":
            now += timedelta(minutes=amount)
        else:
            spool.close()
            spool = open_spool(path, limits)
            cursor = spool.durable_sequence
        assert spool.bytes <= 1_000
    kept = contents(spool, spool.durable_sequence)
    expected = spool.durable_sequence + 1
    for entry in kept:
        assert first_sequence(entry) == expected
        expected = last_sequence(entry) + 1
        assert not isinstance(entry, Frame) or entry.jpeg.startswith(str(entry.sequence).encode())
    assert expected == spool.last_sequence + 1
    assert spool.frames == sum(isinstance(entry, Frame) for entry in kept)
    assert spool.bytes == sum(len(entry.jpeg) for entry in kept if isinstance(entry, Frame))
    spool.close()


def _set_disk(spool: Spool, pages: int) -> None:
    """Lets the file grow no further than so many pages, which is how a full disk looks to SQLite."""
    spool._connection.execute(f"PRAGMA max_page_count = {pages}")


def test_a_frame_that_was_let_go_of_is_overwritten(path: Path) -> None:
    """After its acknowledgment no byte of a frame is left in the files, though others of its size still are."""
    limits = SpoolLimits(max_bytes=10**6, max_age=timedelta(hours=1), policy=SpoolPolicy.DROP_OLDEST)
    spool = open_spool(path, limits)
    for number in range(1, 9):
        spool.append(NOW, (b"face-%d-" % number) * 4_000, NOW)
    spool.release(5)
    spool.close()
    kept = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert [number for number in range(1, 9) if b"face-%d-" % number in kept] == [6, 7, 8]


def test_a_spool_is_its_owners_alone(tmp_path: Path) -> None:
    """Pictures of people are in the file and its log: a new one is private, and one left readable is made so."""
    path = tmp_path / "door.spool"
    before = os.umask(0)
    try:
        for left_readable in (False, True):
            if left_readable:
                path.chmod(0o644)
            spool = Spool(path, "e", LIMITS)
            spool.append(NOW, b"x", NOW)
            modes = {
                file.name: file.stat().st_mode & 0o777
                for file in tmp_path.glob("door.spool*")
                if "reserve" not in file.name
            }
            spool.close()
            assert set(modes.values()) == {0o600}, modes
    finally:
        os.umask(before)


def test_recordings_have_no_age(path: Path) -> None:
    """Where no age is given, frames taken years ago wait like others, and only the bound in bytes makes room."""
    spool = open_spool(path, SpoolLimits(max_bytes=20, max_age=None))
    taken = NOW - timedelta(days=3650)
    assert [spool.append(taken, b"x" * 10, NOW) for _ in range(3)] == [0, 0, 1]
    assert [type(entry) for entry in contents(spool, 0)] == [Gap, Frame, Frame]
    spool.close()
