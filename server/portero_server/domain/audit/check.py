"""Checks a chain of audit entries, and explains what was changed as far as the remaining entries show it.

That a chain was tampered with is certain; the explanation is the simplest one that fits. Entries are fed in pages and
not kept; only where something does not fit, about a hundred are examined together.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from portero_server.domain.audit.chain import RETIRED, Anchor, Entry, Head, retired_name

_RECENT = 100
_WINDOW = 1000
_REACH = 100
MOST_FINDINGS = 100
"""The check stops after this many findings: such a chain is clearly damaged."""


class Tampering(Enum):
    """How a chain was changed."""

    EDITED = "edited"
    REMOVED = "removed"
    REORDERED = "reordered"
    INSERTED = "inserted"
    CUT = "cut"
    """The last entries are missing."""
    REWRITTEN = "rewritten"
    """The chain agrees with itself, but not with an anchor."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An inconsistency of the chain.

    Attributes:
        kind: What was done.
        first: The first position concerned.
        last: The last one.
    """

    kind: Tampering
    first: int
    last: int


class ChainCheck:
    """Checks a chain from its beginning. Feed it every entry in order of position, then finish it."""

    def __init__(self, base_count: int, base_digest: str, anchors: Iterable[Anchor] = ()) -> None:
        self._base = retired_name(base_count, base_digest)
        self._base_count = base_count
        self._base_told = base_count == 0
        self._place = base_count
        self._digest = base_digest
        # How far positions are off since entries were inserted, or removed and the rest numbered anew.
        self._shift = 0
        self._recent: deque[Entry] = deque(maxlen=_RECENT)
        self._window: list[Entry] = []
        self._anchors = deque(sorted((a for a in anchors if a.count > base_count), key=lambda anchor: anchor.count))
        self._findings: list[Finding] = []
        self.anchors_met = 0

    @property
    def findings(self) -> Sequence[Finding]:
        """What was found so far, at most MOST_FINDINGS."""
        return tuple(self._findings)

    @property
    def full(self) -> bool:
        """Whether enough was found to stop."""
        return len(self._findings) >= MOST_FINDINGS

    def feed(self, entries: Iterable[Entry]) -> None:
        """Checks the next entries."""
        for entry in entries:
            if self._window or not self._follows(entry):
                self._window.append(entry)
                if len(self._window) >= _WINDOW:
                    self._diagnose(None)
            else:
                self._accept(entry)

    def finish(self, head: Head) -> Sequence[Finding]:
        """Compares the result with the head, and returns all findings."""
        if self._window or (self._place == head.count and self._digest != head.digest and self._recent):
            self._diagnose(head.digest)
        if self._place < head.count:
            self._found(Tampering.CUT, self._place + 1, head.count)
        elif self._place > head.count:
            self._found(Tampering.INSERTED, head.count + 1, self._place)
        elif self._digest != head.digest:
            self._found(Tampering.EDITED, self._place, self._place)
        if not self._base_told:
            self._found(Tampering.REMOVED, 1, self._base_count)
        if self._anchors:
            self._found(Tampering.CUT, self._place + 1, self._anchors[-1].count)
        return self.findings

    def _follows(self, entry: Entry) -> bool:
        place = self._place + 1
        fits = entry.position == place + self._shift and entry.previous == self._digest
        return fits and entry.digest_at(place) == entry.digest

    def _accept(self, entry: Entry) -> None:
        self._recent.append(entry)
        self._step(entry, self._place + 1)

    def _step(self, entry: Entry, place: int) -> None:
        self._place, self._digest = place, entry.digest
        if entry.deed.action == RETIRED and entry.deed.resource == self._base:
            self._base_told = True
        while self._anchors and self._anchors[0].count <= place:
            anchor = self._anchors.popleft()
            self.anchors_met += 1
            if anchor.count == place and anchor.digest != entry.digest:
                self._found(Tampering.REWRITTEN, place, place)

    def _diagnose(self, following: str | None) -> None:
        """Explains the window; `following` is the digest the last entry should have, where that is known."""
        entries = [*self._recent, *self._window]
        if self._recent:
            # What was accepted last may be what does not belong.
            self._digest = self._recent[0].previous
            self._place -= len(self._recent)
        walk = _Walk(entries, self._place, self._digest, self._shift, following)
        walk.go()
        for kind, first, last in walk.found:
            self._found(kind, first, last)
        for place, entry in walk.path:
            self._step(entry, place)
        self._shift = max(entry.position for entry in entries) - self._place
        self._recent.clear()
        self._window.clear()

    def _found(self, kind: Tampering, first: int, last: int) -> None:
        finding = Finding(kind, first, last)
        if finding not in self._findings and not self.full:
            self._findings.append(finding)


class _Walk:
    """Orders entries by the digests they seal, not by their numbers."""

    def __init__(self, entries: Sequence[Entry], place: int, digest: str, shift: int, following: str | None) -> None:
        self._left = {entry.position: entry for entry in entries}
        self._sealing: dict[str, list[Entry]] = defaultdict(list)
        for entry in entries:
            self._sealing[entry.previous].append(entry)
        self._sealed: set[str | None] = {following, *(entry.previous for entry in entries)}
        self._beginning = place
        self._place = place
        self._digest = digest
        self._shift = shift
        self.path: list[tuple[int, Entry]] = []
        self.found: list[tuple[Tampering, int, int]] = []

    def go(self) -> None:
        """Walks until every entry has its place, or is known to have none."""
        while self._left:
            linked = [entry for entry in self._sealing[self._digest] if entry.position in self._left]
            fitting = [entry for entry in linked if entry.digest_at(self._place + 1) == entry.digest]
            if fitting or linked:
                # Of two that seal the same one, the true one is sealed by another.
                chosen = max(fitting or linked, key=lambda entry: entry.digest in self._sealed)
                if not fitting:
                    self.found.append((Tampering.EDITED, self._place + 1, self._place + 1))
                self._take(chosen, self._place + 1)
            else:
                self._leap()
        self._compare_order()

    def _take(self, entry: Entry, place: int) -> None:
        del self._left[entry.position]
        self.path.append((place, entry))
        self._place, self._digest = place, entry.digest

    def _leap(self) -> None:
        """Continues where no entry seals the last one."""
        claims = [(place, entry) for entry in self._left.values() if (place := self._claim(entry)) > self._place]
        if claims:
            place, entry = min(claims, key=lambda claim: claim[0])
            if place == self._place + 1:
                # It is sound in itself, so it is what it seals that was changed, digest and all.
                self.found.append((Tampering.EDITED, max(self._place, 1), max(self._place, 1)))
            else:
                self.found.append((Tampering.REMOVED, self._place + 1, place - 1))
            self._take(entry, place)
            return
        entry = self._left[min(self._left)]
        if entry.digest in self._sealed and not self._claim(entry):
            self.found.append((Tampering.EDITED, self._place + 1, self._place + 1))
            self._take(entry, self._place + 1)
        else:
            del self._left[entry.position]
            self.found.append((Tampering.INSERTED, entry.position, entry.position))

    def _claim(self, entry: Entry) -> int:
        """Returns the position for which the entry was sealed, or 0 if that is not a nearby one."""
        own = entry.position - self._shift
        near = sorted(range(max(1, own - _REACH), own + _REACH + 1), key=lambda place: abs(place - own))
        return next((place for place in near if entry.digest_at(place) == entry.digest), 0)

    def _compare_order(self) -> None:
        highest = 0
        moved = []
        for _, entry in self.path:
            if entry.position < highest:
                moved += [entry.position, highest]
            highest = max(highest, entry.position)
        if moved:
            self.found.append((Tampering.REORDERED, min(moved), max(moved)))
