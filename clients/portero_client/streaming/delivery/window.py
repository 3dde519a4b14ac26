"""Frames and gaps that are not durable yet, in the order of their sequences."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from portero_client.streaming.frames import Entry, Frame, Gap, GapReason, first_sequence, last_sequence


@dataclass(frozen=True, slots=True)
class _Held:
    """A frame and its arrival time in monotonic seconds."""

    frame: Frame
    since: float


def _unwrap(item: _Held | Gap) -> Entry:
    return item.frame if isinstance(item, _Held) else item


class Window:
    """Two consecutive runs of entries: those sent in this session, then those waiting to be sent.

    Together they cover `durable_sequence + 1` to `last_sequence` without a hole. The window itself has no limits; its
    user checks `frames` and `bytes` first. Gaps are merged, so that there are never many more gaps than frames.

    Args:
        durable_sequence: Where the numbering stands when the window begins.
    """

    def __init__(self, durable_sequence: int = 0) -> None:
        self._sent: deque[_Held | Gap] = deque()
        self._waiting: deque[_Held | Gap] = deque()
        self.durable_sequence = durable_sequence
        self.last_sequence = durable_sequence
        self.frames = 0
        self.bytes = 0
        self.waiting_frames = 0

    def __len__(self) -> int:
        return len(self._sent) + len(self._waiting)

    def __iter__(self) -> Iterator[Entry]:
        yield from map(_unwrap, self._sent)
        yield from map(_unwrap, self._waiting)

    @property
    def has_sent(self) -> bool:
        """Whether anything was sent in this session and is not durable."""
        return bool(self._sent)

    @property
    def has_waiting(self) -> bool:
        """Whether anything waits to be sent in this session."""
        return bool(self._waiting)

    def append(self, entry: Entry, now: float) -> None:
        """Adds the next entry.

        Args:
            entry: Covers `last_sequence + 1` and on.
            now: Monotonic seconds.

        Raises:
            ValueError: The entry does not follow the last one.
        """
        if first_sequence(entry) != self.last_sequence + 1:
            raise ValueError(
                f"sequence {first_sequence(entry)} does not follow {self.last_sequence}: numbering has no holes"
            )
        self.last_sequence = last_sequence(entry)
        if isinstance(entry, Gap):
            self._waiting.append(entry)
            self._merge_waiting(len(self._waiting) - 1)
            return
        self._waiting.append(_Held(entry, now))
        self.frames += 1
        self.waiting_frames += 1
        self.bytes += len(entry.jpeg)

    def next_waiting(self) -> Entry | None:
        """Returns the next entry to send, or None."""
        return _unwrap(self._waiting[0]) if self._waiting else None

    def mark_sent(self) -> None:
        """Moves the entry that `next_waiting` returned to the sent run."""
        item = self._waiting.popleft()
        if isinstance(item, _Held):
            self.waiting_frames -= 1
        elif self._sent and isinstance(previous := self._sent[-1], Gap):
            # Both were reported already; merged, a server that never acknowledges costs no memory.
            self._sent[-1] = replace(previous, last_sequence=item.last_sequence)
            return
        self._sent.append(item)

    def settle(self, through: int) -> int:
        """Removes everything up to a sequence that is durable, or that the server already has.

        Args:
            through: May lie beyond `last_sequence`: numbering then goes on after it.

        Returns:
            How far the watermark moved, in frames.
        """
        moved = max(0, through - self.durable_sequence)
        self.durable_sequence += moved
        for run in (self._sent, self._waiting):
            while run and last_sequence(_unwrap(run[0])) <= through:
                self._forget(run.popleft(), waiting=run is self._waiting)
            if run and isinstance(head := run[0], Gap) and head.first_sequence <= through:
                run[0] = replace(head, first_sequence=through + 1)
        self.last_sequence = max(self.last_sequence, self.durable_sequence)
        return moved

    def rewind(self) -> None:
        """Makes everything wait again, because a new session starts."""
        self.waiting_frames = self.frames
        self._waiting.extendleft(reversed(self._sent))
        self._sent.clear()

    def oldest_waiting_since(self) -> float | None:
        """Returns when the oldest waiting frame arrived (monotonic seconds), or None."""
        return next((item.since for item in self._waiting if isinstance(item, _Held)), None)

    def drop_oldest_waiting(self, reason: GapReason) -> bool:
        """Turns the oldest waiting frame into a gap.

        Returns:
            Whether there was one.
        """
        for index, item in enumerate(self._waiting):
            if isinstance(item, _Held):
                self._forget(item, waiting=True)
                self._waiting[index] = Gap(item.frame.sequence, item.frame.sequence, reason)
                self._merge_waiting(index)
                return True
        return False

    def renumber(self) -> None:
        """Starts a new epoch: entries are numbered from 1, and none of them counts as sent."""
        self.rewind()
        offset = self.durable_sequence
        for index, item in enumerate(self._waiting):
            if isinstance(item, _Held):
                frame = replace(item.frame, sequence=item.frame.sequence - offset)
                self._waiting[index] = replace(item, frame=frame)
            else:
                self._waiting[index] = replace(
                    item,
                    first_sequence=item.first_sequence - offset,
                    last_sequence=item.last_sequence - offset,
                )
        self.durable_sequence = 0
        self.last_sequence -= offset

    def _forget(self, item: _Held | Gap, *, waiting: bool) -> None:
        if isinstance(item, _Held):
            self.frames -= 1
            self.bytes -= len(item.frame.jpeg)
            self.waiting_frames -= waiting

    def _merge_waiting(self, index: int) -> None:
        """Merges the gap at an index with neighboring gaps of the same reason."""
        for left in (index, index - 1):
            if not 0 <= left < len(self._waiting) - 1:
                continue
            first, second = self._waiting[left], self._waiting[left + 1]
            if isinstance(first, Gap) and isinstance(second, Gap) and first.reason is second.reason:
                self._waiting[left] = replace(first, last_sequence=second.last_sequence)
                del self._waiting[left + 1]
