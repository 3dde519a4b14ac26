"""Frames of one camera on disk, in one SQLite file, until they are durable at the server.

Synchronous, and used from one thread. Numbered frames survive kill -9 and power loss.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from portero_client.errors import SpoolFault
from portero_client.streaming.frames import Entry, Frame, Gap, GapReason
from portero_client.streaming.spool.file import faults, identity, open_file, overwrite_deleted, transaction
from portero_client.streaming.spool.reserve import Reserve

_UNIX_START = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class SpoolPolicy(StrEnum):
    """What a full spool does if the source cannot wait."""

    DROP_OLDEST = "drop_oldest"
    """The oldest frames that were not handed out yet make room."""

    DROP_NEWEST = "drop_newest"
    """The new frame is not kept."""


@dataclass(frozen=True, slots=True)
class SpoolLimits:
    """Bounds of a spool.

    Attributes:
        max_bytes: Bytes of JPEG; 1 GiB.
        max_age: A frame whose capture time is further back is dropped, whatever the policy; one day. None: none is,
            for recordings, whose capture times do not say how long a frame has waited.
        policy: What happens at the bound in bytes.
    """

    max_bytes: int = 1024**3
    max_age: timedelta | None = timedelta(days=1)
    policy: SpoolPolicy = SpoolPolicy.DROP_OLDEST


class Spool:
    """Opens the spool at a path, or creates one.

    Args:
        path: The file; its directory exists.
        new_epoch: Names the numbering if the spool is new.
        limits: Bounds.
        reserve: Room for hard times; beside the file if not given.

    Raises:
        SpoolFault: The disk refused, or another process has the file.
        SpoolDamaged: The file is not a sound spool.
    """

    def __init__(self, path: Path, new_epoch: str, limits: SpoolLimits, reserve: Reserve | None = None) -> None:
        self._limits = limits
        self._connection = open_file(path, new_epoch)
        self._path = path
        self._identity = identity(path)
        with faults():
            stream = self._connection.execute("SELECT epoch, durable_sequence, last_sequence FROM stream").fetchone()
            kept = self._connection.execute(
                "SELECT count(jpeg), coalesce(sum(length(jpeg)), 0) FROM entries"
            ).fetchone()
        self.epoch: str = stream[0]
        self.durable_sequence: int = stream[1]
        self.last_sequence: int = stream[2]
        self.frames: int = kept[0]
        self.bytes: int = kept[1]
        self._handed_out: int = self.durable_sequence
        self._unwritten_losses = 0
        self._reserve = reserve or Reserve(path.with_name(f"{path.name}-reserve"))

    def close(self) -> None:
        """Closes the file; its frames stay on disk."""
        self._connection.close()

    @property
    def losses(self) -> int:
        """Number of frames lost for which no gap could be written."""
        return self._unwritten_losses

    def is_lost(self) -> bool:
        """Whether the file was deleted, moved or replaced; anything written to it is then lost at restart."""
        return identity(self._path) != self._identity

    def is_idle(self) -> bool:
        """Whether nothing is left to deliver."""
        return self.last_sequence == self.durable_sequence

    def has_disk(self) -> bool:
        """Whether the disk has the room that a spool needs to be useful."""
        return self._reserve.is_kept or self._reserve.restore()

    def has_room(self, size: int) -> bool:
        """Whether a frame of `size` bytes fits without dropping anything."""
        return self.bytes + size <= self._limits.max_bytes

    def append(self, capture_time: datetime, jpeg: bytes, now: datetime) -> int:
        """Numbers and stores a frame, within the limits.

        Args:
            capture_time: When it was taken, UTC.
            jpeg: The file.
            now: The time of day, for the bound of age.

        Returns:
            How many frames became gaps because the spool is full or they were over age.

        Raises:
            SpoolFault: The disk refused, and this frame is lost. Its gap is written as soon as the disk
                takes that much, at the latest with the next frame that it takes.
            SpoolDamaged: The file is no longer sound.
        """
        try:
            if not self._disk_has_room(len(jpeg)):
                raise SpoolFault("the spool's disk is full")
            return self._keep(capture_time, jpeg, now)
        except SpoolFault:
            self._unwritten_losses += 1
            self._reserve.spend()
            self._write_losses_alone()
            raise

    def read_after(self, sequence: int, max_entries: int, max_bytes: int) -> list[Entry]:
        """Returns the entries after a sequence, in order; at least one if there is any.

        Raises:
            SpoolFault: The disk refused.
            SpoolDamaged: The file is no longer sound.
        """
        entries: list[Entry] = []
        size = 0
        with faults():
            rows = self._connection.execute(
                "SELECT first_sequence, last_sequence, gap_reason, capture_time_us, jpeg FROM entries"
                " WHERE last_sequence > ? ORDER BY first_sequence LIMIT ?",
                (sequence, max_entries),
            )
            for first, last, reason, taken, jpeg in rows:
                if reason is not None:
                    entries.append(Gap(max(first, sequence + 1), last, GapReason(reason)))
                else:
                    size += len(jpeg)
                    if entries and size > max_bytes:
                        break
                    entries.append(Frame(first, _UNIX_START + taken * _MICROSECOND, jpeg))
                self._handed_out = max(self._handed_out, last)
        return entries

    def release(self, durable_sequence: int) -> None:
        """Deletes everything that is durable at the server.

        Raises:
            SpoolFault: The disk refused; it can be asked again.
            SpoolDamaged: The file is no longer sound.
        """
        if durable_sequence <= self.durable_sequence:
            return
        overwrite_deleted(self._connection, self._reserve.is_kept)
        try:
            frames, size = self._forget(durable_sequence)
        except SpoolFault:
            # Even letting go takes a little room.
            if not self._reserve.spend():
                raise
            overwrite_deleted(self._connection, False)
            frames, size = self._forget(durable_sequence)
        self.durable_sequence = durable_sequence
        self._handed_out = max(self._handed_out, durable_sequence)
        self.frames -= frames
        self.bytes -= size

    def renumber(self, epoch: str) -> None:
        """Starts a new epoch: stored frames are numbered from 1.

        Raises:
            SpoolFault: The disk refused.
            SpoolDamaged: The file is no longer sound.
        """
        offset = self.durable_sequence
        with transaction(self._connection):
            # By way of negative numbers, so that no row meets another one's number on its way.
            self._connection.execute(
                "UPDATE entries SET first_sequence = ? - first_sequence, last_sequence = last_sequence - ?",
                (offset, offset),
            )
            self._connection.execute("UPDATE entries SET first_sequence = -first_sequence")
            self._connection.execute(
                "UPDATE stream SET epoch = ?, durable_sequence = 0, last_sequence = last_sequence - ?",
                (epoch, offset),
            )
        self.epoch = epoch
        self.durable_sequence = 0
        self._handed_out -= offset
        self.last_sequence -= offset

    def _disk_has_room(self, size: int) -> bool:
        """Whether a frame may be written; while the reserve is spent, only into space freed by other frames."""
        if self._reserve.is_kept or self._reserve.restore():
            return True
        with faults():
            (unused,) = self._connection.execute("PRAGMA freelist_count").fetchone()
            (page_size,) = self._connection.execute("PRAGMA page_size").fetchone()
        return bool(unused * page_size > 2 * size)

    def _forget(self, durable_sequence: int) -> tuple[int, int]:
        with transaction(self._connection):
            forgotten = self._delete(0, durable_sequence)
            self._connection.execute(
                "UPDATE entries SET first_sequence = ? WHERE first_sequence <= ?",
                (durable_sequence + 1, durable_sequence),
            )
            self._connection.execute("UPDATE stream SET durable_sequence = ?", (durable_sequence,))
        return forgotten

    def _keep(self, capture_time: datetime, jpeg: bytes, now: datetime) -> int:
        with transaction(self._connection):
            last = self._write_losses() + 1
            dropped, freed = self._make_room(len(jpeg), now)
            kept = self.bytes - freed + len(jpeg) <= self._limits.max_bytes
            if kept:
                taken = (capture_time - _UNIX_START) // _MICROSECOND
                self._connection.execute("INSERT INTO entries VALUES (?, ?, NULL, ?, ?)", (last, last, taken, jpeg))
            else:
                self._write_gap(last, last, GapReason.SPOOL_FULL)
            self._connection.execute("UPDATE stream SET last_sequence = ?", (last,))
        self.last_sequence = last
        self._unwritten_losses = 0
        self.frames += kept - dropped
        self.bytes += kept * len(jpeg) - freed
        return dropped + (not kept)

    def _make_room(self, size: int, now: datetime) -> tuple[int, int]:
        """Replaces the oldest unread frames by a gap, as far as the limits require.

        Returns:
            How many frames and bytes that was.
        """
        need = self.bytes + size - self._limits.max_bytes
        if self._limits.policy is SpoolPolicy.DROP_NEWEST or size > self._limits.max_bytes:
            need = 0
        age = self._limits.max_age
        oldest = None if age is None else (now - age - _UNIX_START) // _MICROSECOND
        first, through, freed = None, 0, 0
        for row_first, row_last, taken, length in self._connection.execute(
            "SELECT first_sequence, last_sequence, capture_time_us, length(jpeg) FROM entries"
            " WHERE first_sequence > ? ORDER BY first_sequence",
            (self._handed_out,),
        ):
            first = row_first if first is None else first
            if length is None:
                continue
            if freed >= need and (oldest is None or taken >= oldest):
                break
            freed += length
            through = row_last
        if first is None or not through:
            return 0, 0
        dropped = self._delete(first, through)
        self._write_gap(first, through, GapReason.SPOOL_FULL)
        return dropped

    def _delete(self, first: int, last: int) -> tuple[int, int]:
        """Deletes the entries between two sequences. Returns the number of frames and bytes."""
        within = "first_sequence >= ? AND last_sequence <= ?"
        frames, size = self._connection.execute(
            f"SELECT count(jpeg), coalesce(sum(length(jpeg)), 0) FROM entries WHERE {within}",  # noqa: S608 - a constant
            (first, last),
        ).fetchone()
        self._connection.execute(f"DELETE FROM entries WHERE {within}", (first, last))  # noqa: S608 - a constant
        return frames, size

    def _write_gap(self, first: int, last: int, reason: GapReason) -> None:
        extended = self._connection.execute(
            "UPDATE entries SET last_sequence = ? WHERE last_sequence = ? AND gap_reason = ?", (last, first - 1, reason)
        )
        if not extended.rowcount:
            self._connection.execute("INSERT INTO entries VALUES (?, ?, ?, NULL, NULL)", (first, last, reason))

    def _write_losses(self) -> int:
        """Writes the gap for frames that the disk refused. Returns the last sequence then in use."""
        last = self.last_sequence + self._unwritten_losses
        if self._unwritten_losses:
            self._write_gap(self.last_sequence + 1, last, GapReason.SPOOL_FAILED)
        return last

    def _write_losses_alone(self) -> None:
        try:
            with transaction(self._connection):
                last = self._write_losses()
                self._connection.execute("UPDATE stream SET last_sequence = ?", (last,))
        except SpoolFault:
            # Not even that: the count stays in memory, and the caller learns of the loss all the same.
            return
        self.last_sequence = last
        self._unwritten_losses = 0
