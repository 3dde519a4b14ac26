"""The planner of one camera's stream: decides what to send, what to drop, and when to hang up.

Synchronous and without I/O: it is given events and the time, and asked what to do. `uplink` carries out its decisions.
"""

from collections import Counter
from dataclasses import replace
from enum import Enum, auto

from portero_client.streaming.delivery.terms import Action, Credit, DeliveryLimits, HangUp, Sign, Terms
from portero_client.streaming.delivery.window import Window
from portero_client.streaming.frames import DeliveryMode, Entry, Frame, Gap, GapReason, ImageLimits, last_sequence

# The server is considered dead after this many heartbeat intervals of silence.
_SILENT_INTERVALS = 3
# Signs of life leave a little early, so that they are in time after the way to the server.
_HEARTBEAT_SHARE = 0.75
# Seconds between looks at a stream in which nothing is due.
_LOOK_AGAIN = 60.0


class _Phase(Enum):
    APART = auto()  # No session.
    CONNECTING = auto()  # Open is the next message.
    OPENING = auto()  # Open was sent, Opened did not come yet.
    OPEN = auto()
    FINISHING = auto()  # Finish was sent.
    DONE = auto()  # Finished came, and everything is durable.


class Delivery:
    """The state of one camera's numbering and of its stream, across sessions.

    Args:
        mode: What happens under pressure.
        epoch: Names the numbering.
        limits: Bounds.
        durable_sequence: Where the numbering stands already (from the spool).
    """

    def __init__(self, mode: DeliveryMode, epoch: str, limits: DeliveryLimits, durable_sequence: int = 0) -> None:
        self.mode = mode
        self.epoch = epoch
        self.hang_up: HangUp | None = None
        self._dropped: Counter[GapReason] = Counter()
        self._limits = limits
        self._window = Window(durable_sequence)
        self._phase = _Phase.APART
        self._terms = Terms("", 0, Credit(0, 0), ImageLimits(), 0.0)
        self._credit = Credit(0, 0)
        self._spent = Credit(0, 0)
        self._sent_through = 0
        self._finish_wanted = False
        self._paused_until = 0.0
        self._answer_due = False
        self._wrote_at = self._heard_at = self._progress_at = 0.0

    # What the shell looks at.

    @property
    def durable_sequence(self) -> int:
        """Everything up to this sequence is durable at the server."""
        return self._window.durable_sequence

    @property
    def last_sequence(self) -> int:
        """The last sequence that was offered; the next entry must follow it."""
        return self._window.last_sequence

    @property
    def held_frames(self) -> int:
        """Number of frames in memory."""
        return self._window.frames

    @property
    def held_bytes(self) -> int:
        """Bytes of JPEG in memory."""
        return self._window.bytes

    @property
    def held_entries(self) -> int:
        """Number of frames and gaps in memory."""
        return len(self._window)

    @property
    def has_room(self) -> bool:
        """Whether another entry fits. A LIVE delivery makes room itself by dropping frames."""
        limits = self._limits
        return self.held_entries < 2 * limits.window_frames and (
            self._window.frames < limits.window_frames and self._window.bytes < limits.window_bytes
        )

    @property
    def is_open(self) -> bool:
        """Whether the server accepts frames now."""
        return self._phase is _Phase.OPEN

    @property
    def is_engaged(self) -> bool:
        """Whether a stream is open, including one that is only being finished."""
        return self._phase in (_Phase.OPEN, _Phase.FINISHING)

    @property
    def is_settled(self) -> bool:
        """Whether everything offered is durable."""
        return self.held_entries == 0

    @property
    def is_done(self) -> bool:
        """Whether the stream was finished and everything is durable."""
        return self._phase is _Phase.DONE

    @property
    def is_finishing(self) -> bool:
        """Whether nothing more will be offered."""
        return self._finish_wanted

    def pause_left(self, now: float) -> float:
        """Returns the seconds for which the server has asked for no frames; 0 if it has not."""
        return max(0.0, self._paused_until - now)

    def take_dropped(self) -> Counter[GapReason]:
        """Returns how many frames were dropped since the last call."""
        dropped, self._dropped = self._dropped, Counter()
        return dropped

    # What comes from the camera.

    def offer(self, entry: Entry, now: float) -> None:
        """Adds the next frame or gap.

        Args:
            entry: Follows `last_sequence`. What the window has, or the server had, is passed over.
            now: Monotonic seconds.

        Raises:
            ValueError: Sequences were skipped, or a LOSSLESS window has no room.
        """
        if last_sequence(entry) <= self._window.last_sequence:
            return
        if isinstance(entry, Gap):
            # A session may have opened beyond its beginning while the spool was being read.
            entry = replace(entry, first_sequence=max(entry.first_sequence, self._window.last_sequence + 1))
        if self.mode is DeliveryMode.LOSSLESS and not self.has_room:
            raise ValueError("the window is full: ask has_room before offering")
        self._window.append(entry, now)
        if self.mode is DeliveryMode.LIVE:
            self._make_room(now)

    def finish(self) -> None:
        """Records that nothing more will be offered: Finish is sent after everything else."""
        self._finish_wanted = True

    # What comes from the server.

    def connecting(self, now: float) -> None:
        """Starts a session: Open is the next message."""
        self._phase = _Phase.CONNECTING
        self.hang_up = None
        self._paused_until = 0.0
        self._answer_due = False
        self._wrote_at = self._heard_at = self._progress_at = now

    def opened(self, terms: Terms, numbered_through: int, now: float) -> None:
        """Handles the server's first message.

        Args:
            terms: What the message says.
            numbered_through: The last sequence that exists, in memory or in the spool. A durable
                sequence beyond it, or before what was acknowledged already, belongs to another numbering.
            now: Monotonic seconds.
        """
        self.heard(now)
        if self._phase is not _Phase.OPENING:
            self.hang_up = HangUp.OUT_OF_TURN
            return
        if not self._window.durable_sequence <= terms.durable_sequence <= numbered_through:
            self.hang_up = HangUp.EPOCH_UNKNOWN
            return
        self._phase = _Phase.OPEN
        self._terms = terms
        self._credit = terms.credit
        self._spent = Credit(0, 0)
        self._window.settle(terms.durable_sequence)
        self._sent_through = terms.durable_sequence
        self._progress_at = now
        self._drop_stale(GapReason.DISCONNECTED, now)

    def acked(self, durable_sequence: int, credit: Credit, now: float) -> None:
        """Handles an acknowledgment and credit; repeated or reordered ones change nothing."""
        self.heard(now)
        if not self.is_engaged:
            self.hang_up = HangUp.OUT_OF_TURN
            return
        if durable_sequence > self._sent_through:
            self.hang_up = HangUp.ACK_BEYOND_SENT
            return
        if self._window.settle(durable_sequence):
            self._progress_at = now
        self._credit = Credit(max(self._credit.frames, credit.frames), max(self._credit.bytes, credit.bytes))

    def paused(self, seconds: float, now: float) -> None:
        """Handles the server's request to send no frames for a while."""
        self._paused_until = now + seconds

    def asked_for_sign(self) -> None:
        """Handles the server's Heartbeat: it is answered with one, before any frame."""
        self._answer_due = True

    def drained(self) -> None:
        """Handles the server's Drain: nothing more is sent, and the uplink reconnects."""
        self.hang_up = HangUp.DRAINED

    def renewed(self) -> None:
        """Handles renewed certificates: the uplink reconnects, unless the stream is ending anyway."""
        if self.is_open and self.hang_up is None:
            self.hang_up = HangUp.RENEWED

    def heard(self, now: float) -> None:
        """Records that the server sent something."""
        self._heard_at = now

    def finished(self, durable_sequence: int, now: float) -> None:
        """Handles the server's last message."""
        self.acked(durable_sequence, self._credit, now)
        if self._phase is _Phase.FINISHING and self.is_settled:
            self._phase = _Phase.DONE
        elif self.hang_up is None:
            self.hang_up = HangUp.FINISHED_EARLY

    def disconnected(self) -> None:
        """Handles the end of a session: everything not durable waits to be sent again."""
        if self._phase is not _Phase.DONE:
            self._phase = _Phase.APART
        self._window.rewind()

    def renumber(self, epoch: str) -> None:
        """Starts a new epoch with what is held, after `HangUp.EPOCH_UNKNOWN`; only between sessions."""
        self._window.renumber()
        self.epoch = epoch

    # What to do.

    def next_action(self, now: float) -> Action | None:
        """Returns the next message to write, or None. The message counts as sent from then on."""
        action = self._choose(now)
        if action is not None:
            self._wrote_at = now
        return action

    def check(self, now: float) -> HangUp | None:
        """Checks the watchdogs. Returns the reason to end the session, or None."""
        if self.hang_up is None:
            self.hang_up = next((cause for at, cause in self._watchdogs() if now >= at), None)
        return self.hang_up

    def wake_at(self, now: float) -> float:
        """Returns the monotonic time for the next check if nothing happens before."""
        times = [at for at, _ in self._watchdogs()]
        if self.is_engaged:
            times += [self._heartbeat_at(), self._paused_until]
        if self.mode is DeliveryMode.LIVE and (since := self._window.oldest_waiting_since()) is not None:
            times.append(since + self._limits.max_age)
        return min((at for at in times if at > now), default=now + _LOOK_AGAIN)

    def _choose(self, now: float) -> Action | None:
        if self._phase is _Phase.CONNECTING:
            self._phase = _Phase.OPENING
            return Sign.OPEN
        if not self.is_engaged or self.check(now) is not None:
            return None
        if self._answer_due:
            self._answer_due = False
            return Sign.HEARTBEAT
        if self._phase is _Phase.OPEN:
            if (entry := self._sendable(now)) is not None:
                return entry
            if self._finish_wanted and not self._window.has_waiting:
                self._phase = _Phase.FINISHING
                self._progress_at = now
                return Sign.FINISH
        return Sign.HEARTBEAT if now >= self._heartbeat_at() else None

    def _sendable(self, now: float) -> Entry | None:
        self._drop_stale(GapReason.NO_CREDIT, now)
        entry = self._window.next_waiting()
        if isinstance(entry, Frame) and len(entry.jpeg) > self._terms.limits.max_bytes:
            # It could never be sent, so waiting for credit would never end.
            self._drop_oldest(GapReason.OVERSIZED)
            entry = self._window.next_waiting()
        # What is held when nothing more comes is sent in any case: who stops would lose it.
        if entry is None or (self.pause_left(now) and not self._finish_wanted):
            return None
        if isinstance(entry, Frame):
            spent = Credit(self._spent.frames + 1, self._spent.bytes + len(entry.jpeg))
            if spent.frames > self._credit.frames or spent.bytes > self._credit.bytes:
                return None
            self._spent = spent
        if not self._window.has_sent:
            self._progress_at = now
        self._window.mark_sent()
        self._sent_through = last_sequence(entry)
        return entry

    def _make_room(self, now: float) -> None:
        """Keeps a LIVE window within its bounds by dropping the oldest waiting frames."""
        reason = GapReason.NO_CREDIT if self.is_open else GapReason.DISCONNECTED
        self._drop_stale(reason, now)
        if self.is_open and self._window.waiting_frames > self._limits.backlog_frames:
            # One for one: a backlog from before the stream opened may still leave while credit lasts.
            self._drop_oldest(reason)
        limits, window = self._limits, self._window
        while window.frames > limits.window_frames or window.bytes > limits.window_bytes:
            if not self._drop_oldest(reason):
                break

    def _drop_stale(self, reason: GapReason, now: float) -> None:
        if self.mode is DeliveryMode.LOSSLESS:
            return
        while (since := self._window.oldest_waiting_since()) is not None:
            if now - since <= self._limits.max_age:
                break
            self._drop_oldest(reason)

    def _drop_oldest(self, reason: GapReason) -> bool:
        dropped = self._window.drop_oldest_waiting(reason)
        self._dropped[reason] += dropped
        return dropped

    def _heartbeat_at(self) -> float:
        return self._wrote_at + _HEARTBEAT_SHARE * self._terms.heartbeat_interval

    def _watchdogs(self) -> list[tuple[float, HangUp]]:
        """Returns the deadline of each active watchdog."""
        if self._phase in (_Phase.CONNECTING, _Phase.OPENING):
            return [(self._heard_at + self._limits.open_timeout, HangUp.NOT_OPENED)]
        if not self.is_engaged:
            return []
        awake = [(self._heard_at + _SILENT_INTERVALS * self._terms.heartbeat_interval, HangUp.SILENT)]
        if self._window.has_sent or self._phase is _Phase.FINISHING:
            awake.append((self._progress_at + self._limits.stale_timeout, HangUp.STALE))
        return awake
