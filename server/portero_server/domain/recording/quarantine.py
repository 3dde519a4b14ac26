"""What becomes of a commit that the database refuses: everything it takes is written, and only the rest is put aside.

One frame must never end a stream. A refused commit is taken apart into its findings, which are tried again in ever
smaller pieces; those pieces do not move the watermark, and writing a finding twice changes nothing, so that a piece may
be written ahead of the watermark as any finding may. What the database refuses by itself is put aside, and the frames
it came from are settled as rejected by the commit that closes the search, which moves the watermark.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from portero_server.domain.recording.sightings import (
    CommitResult,
    FrameException,
    Recognition,
    StreamCommit,
    TextFinding,
    TrackDecided,
    TrackLeft,
    TrackSeen,
)
from portero_server.domain.streams.frames import FrameOutcome, RejectionReason
from portero_server.domain.streams.watermark import Fate

_ATTEMPTS_WITHOUT_FRAME = 3
_STREAMS = 1000

FINDING_KINDS = ("decision", "presence", "departure", "recognition", "text")
"""The words for what a commit holds."""

Finding = tuple[TrackDecided | Recognition, ...] | TrackSeen | TrackLeft | Recognition | TextFinding
"""What can be written by itself: all decisions about one track with answers that came late, or one of anything else."""


@dataclass(frozen=True, slots=True)
class PutAside:
    """A finding that the database does not accept.

    Attributes:
        kind: One of FINDING_KINDS.
        sequence: The frame that it is from; 0: not known.
        track_id: The track that it is about; empty for text.
    """

    kind: str
    sequence: int
    track_id: str


class Quarantine:
    """Searches one refused commit of one stream for what cannot be written.

    Ask for `piece` until there is none, and say after each whether it was `accepted` or `refused`. Then write the first
    of `closings` that the database takes; without any, or when it takes none, the commit has failed. The first piece
    holds nothing: should the database not even take that, it is not the data; and it tells whether the commit was
    written after all, in an attempt that got no answer.

    Invariants: each finding is accepted or put aside, unless one is `unanswered`; the order of a track's findings is
    kept; the search takes at most `attempts` pieces; the outcomes of the closing commit cover the same sequences as
    those of the refused one.

    Attributes:
        unanswered: Track of a finding that is refused, and that no frame answers for since its frames are durable: the
            end of a visit, mostly. It is not put aside at the first time, for nobody would learn of it; the search ends
            without a closing commit, and the next session finds it again. None: there is no such finding.
    """

    def __init__(
        self,
        commit: StreamCommit,
        durable: int,
        fates: Sequence[Fate],
        attempts: int,
        hopeless: Collection[str] = (),
    ) -> None:
        """Starts a search.

        Args:
            commit: What was refused.
            durable: The stream's watermark before it.
            fates: The spans that the commit passes, in order.
            attempts: Most pieces to be tried; what is not known to be sound then is put aside.
            hopeless: Tracks that were `unanswered` before.
        """
        self.unanswered: str | None = None
        self._hopeless = hopeless
        self.commit = commit
        self.durable = durable
        self._fates = fates
        self._attempts = attempts
        self._findings = tuple(_findings(commit, durable))
        self._queue: list[tuple[Finding, ...]] = [(), self._findings] if self._findings else [()]
        self._hopes = _ATTEMPTS_WITHOUT_FRAME
        self._fails = self._written_before = False
        self._tries: Counter[int] = Counter()
        self._refused: list[Finding] = []
        self._written: list[CommitResult] = []

    def piece(self) -> StreamCommit | None:
        """Returns the next piece to try, which does not move the watermark, or None when the search is over."""
        if not self._attempts and not self._fails:
            self._refused += [finding for findings in self._queue for finding in findings]
            self._queue.clear()
        if not self._queue:
            return None
        bare = replace(self.commit, durable_sequence=self.durable, outcomes={}, exceptions=(), open_tracks=None)
        return _holding(replace(bare, told=frozenset()), self._queue[0])

    def accepted(self, result: CommitResult) -> None:
        """Records that the piece was written."""
        self._written.append(result)
        if self._queue.pop(0):
            self._attempts -= 1
        through = self.commit.durable_sequence
        if through > self.durable and result.found.get(self.commit.stream_id, 0) >= through:
            self._written_before = True
            self._queue.clear()

    def refused(self) -> None:
        """Records that the piece was refused: it is split in half, and a single finding is put aside."""
        findings = self._queue.pop(0)
        if not findings:
            self._hopes -= 1
            self._fails = not self._hopes
            self._queue = [] if self._fails else [(), *self._queue]
            return
        self._attempts -= 1
        if len(findings) > 1:
            middle = len(findings) // 2
            self._queue[:0] = [findings[:middle], findings[middle:]]
            return
        (finding,) = findings
        self._tries[id(finding)] += 1
        track = _described(finding).track_id
        if self._frame_of(finding) or track in self._hopeless:
            self._refused.append(finding)
        elif self._tries[id(finding)] < _ATTEMPTS_WITHOUT_FRAME:
            self._queue.insert(0, findings)
        else:
            self.unanswered = track
            self._fails = True
            self._queue.clear()

    @property
    def put_aside(self) -> list[PutAside]:
        """The findings that the database does not accept."""
        return [_described(finding) for finding in self._refused]

    @property
    def rejected(self) -> tuple[int, ...]:
        """Sequences of the frames to settle as rejected, in order."""
        passed = (FrameOutcome.MISSING, FrameOutcome.REJECTED)
        frames = {self._frame_of(finding) for finding in self._refused} - {0}
        return tuple(sorted(each for each in frames if self._fate(each) not in passed))

    @property
    def kinds(self) -> Mapping[str, int]:
        """Number of findings put aside, by kind."""
        return Counter(each.kind for each in self.put_aside)

    def written(self, closing: StreamCommit) -> StreamCommit:
        """Returns everything that was written, in pieces and by the closing commit, as one commit."""
        return _holding(closing, self._sound)

    def result(self, result: CommitResult) -> CommitResult:
        """Returns the combined result of all pieces; `result` is that of the closing commit."""
        results = (*self._written, result)
        return replace(
            result,
            sighting_of={track: sighting for each in results for track, sighting in each.sighting_of.items()},
            last_position=max((each.last_position or 0 for each in results), default=0) or None,
            unnamed=frozenset().union(*(each.unnamed for each in results)),
        )

    def closings(self) -> Iterator[StreamCommit]:
        """Yields commits that settle everything, in the order in which to try them, until one is written.

        The first holds what was accepted once more, for what is followed at the watermark is stored beside findings
        only. The others are for a commit that is too large, and for tracks that cannot be written.
        """
        if self._fails:
            return
        if self._written_before:
            yield self.commit
            return
        passed = [sequence for sequence in self.rejected if sequence <= self.commit.durable_sequence]
        outcomes = Counter(self.commit.outcomes)
        for sequence in passed:
            outcomes[self._fate(sequence) or FrameOutcome.REJECTED] -= 1
            outcomes[FrameOutcome.REJECTED] += 1
        refusals = [FrameException(each, each, RejectionReason.STORE_REFUSED) for each in passed]
        settled = replace(self.commit, outcomes=+outcomes, exceptions=(*self.commit.exceptions, *refusals))
        yield _holding(settled, self._sound)
        yield _holding(settled, ())
        yield _holding(replace(settled, open_tracks=()), ())

    @property
    def _sound(self) -> list[Finding]:
        refused = {id(finding) for finding in self._refused}
        return [finding for finding in self._findings if id(finding) not in refused]

    def _frame_of(self, finding: Finding) -> int:
        """Returns the frame that a finding belongs to, or 0 if it is durable already or unknown."""
        sequence = _described(finding).sequence
        return sequence if sequence > self.durable else 0

    def _fate(self, sequence: int) -> FrameOutcome | None:
        """Returns how the commit counts a sequence, or None if the commit does not pass it."""
        return next((outcome for first, last, outcome in self._fates if first <= sequence <= last), None)


class Suspects:
    """Remembers, by stream, the frames of commits of which nothing could be written, so that they do not come forever.

    Such a commit ends its session, and the bridge sends its frames again. Once may be an accident of the database; when
    the same frames end a session for the second time, the next session refuses them by their numbers.

    Attributes:
        hopeless: Tracks of findings that ended a session and that no frame answers for: put aside the next time.
    """

    def __init__(self) -> None:
        self.hopeless: OrderedDict[str, None] = OrderedDict()
        self._ended: OrderedDict[int, range] = OrderedDict()
        self._refused: OrderedDict[int, range] = OrderedDict()

    def ended(self, stream_id: int, frames: range) -> None:
        """Records that a session ended because nothing of a commit that passed these frames could be written."""
        before = self._ended.pop(stream_id, range(0))
        self._ended[stream_id] = frames
        if before.start < frames.stop and frames.start < before.stop:
            self._refused[stream_id] = frames
        for known in (self._ended, self._refused):
            if len(known) > _STREAMS:
                known.popitem(last=False)

    def unanswered(self, track_id: str) -> None:
        """Records that a session ended because of a finding about this track that belongs to no open frame."""
        self.hopeless[track_id] = None
        if len(self.hopeless) > _STREAMS:
            self.hopeless.popitem(last=False)

    def refused(self, stream_id: int) -> range:
        """Returns the frames of a stream that must not be accepted again."""
        return self._refused.get(stream_id, range(0))


def _findings(commit: StreamCommit, durable: int) -> Iterator[Finding]:
    decisions: dict[str, tuple[TrackDecided | Recognition, ...]] = {}
    for decided in commit.decided:
        decisions[decided.track_id] = (*decisions.get(decided.track_id, ()), decided)
    alone = []
    for answer in commit.recognitions:
        if answer.track_id in decisions and answer.sequence <= durable:
            # Its frame does not come again: without the answer, nobody would know whence the name came.
            decisions[answer.track_id] = (*decisions[answer.track_id], answer)
        else:
            alone.append(answer)
    yield from decisions.values()
    yield from commit.seen
    yield from commit.left
    yield from alone
    yield from commit.texts


def _holding(commit: StreamCommit, findings: Sequence[Finding]) -> StreamCommit:
    parts = [part for each in findings for part in (each if isinstance(each, tuple) else (each,))]
    return replace(
        commit,
        decided=tuple(each for each in parts if isinstance(each, TrackDecided)),
        seen=tuple(each for each in parts if isinstance(each, TrackSeen)),
        left=tuple(each for each in parts if isinstance(each, TrackLeft)),
        recognitions=tuple(each for each in parts if isinstance(each, Recognition)),
        texts=tuple(each for each in parts if isinstance(each, TextFinding)),
    )


def _described(finding: Finding) -> PutAside:
    match finding:
        case TrackSeen():
            return PutAside("presence", finding.sequence, finding.track_id)
        case TrackLeft():
            return PutAside("departure", finding.sequence, finding.track_id)
        case Recognition():
            return PutAside("recognition", finding.sequence, finding.track_id)
        case TextFinding():
            return PutAside("text", finding.sequence, "")
        case _:
            latest = max(each.sequence for each in finding)
            return PutAside("decision", latest, finding[0].track_id)
