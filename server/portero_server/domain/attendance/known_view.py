"""When a camera was in the dark, covered, or pointed elsewhere than since it was placed.

The view that stays for a minute after a camera was placed is the one it should have. Another one that stays for a
minute means that the camera was moved, after the last look at the view of before. Sooner it cannot be told from people
who stand before the lens. What lies between the two limits of agreement neither moves a camera nor brings it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from portero_server.domain.attendance.frame_notes import SettledLook
from portero_server.domain.attendance.unproven import UnprovenCause, UnprovenSpan
from portero_server.domain.detection.glimpse import VIEW_EVERY, Glimpse, ViewState, Visibility

_OTHER = 0.3
"""Agreement below which a view is another one: that of 98 in 100 pairs of places is. Another light leaves more, and so
do, in 98 of 100 pictures, people who hide two fifths of it. See `vision.view_edges.agreement`."""
_SAME = 0.35
"""Agreement from which on a view is the same."""
_SETTLES = timedelta(minutes=1)
"""For how long a view must stay to be the one that a camera should have, and for how long another one to be told."""
_GAP = timedelta(seconds=30)
"""Time without a picture after which a change that was not told yet is counted anew."""
_RETURNS = timedelta(seconds=5)
"""For how long the view must be the same again for a camera to be back."""

VIEW_CAUSES = frozenset({UnprovenCause.DARK, UnprovenCause.COVERED, UnprovenCause.MOVED})
"""Why a camera whose frames come does not see what it should."""

_CAUSES = {Visibility.DARK: UnprovenCause.DARK, Visibility.COVERED: UnprovenCause.COVERED}


class ViewComparer(Protocol):
    """Compares the signatures of views; see `vision.view_edges`."""

    def agreement(self, reference: bytes, edges: bytes) -> float | None:
        """Returns how well two views agree, about 0 to 1; None if that cannot be told."""
        ...

    def plain(self, edges: bytes) -> bool:
        """Returns whether a view has too few edges to be known again."""
        ...


@dataclass(frozen=True, slots=True)
class KnownView:
    """The view that a camera should have since it was placed, and whether it has it.

    Attributes:
        starts_at: From when on it is the camera's.
        reference: Signature of the view; empty: there was none yet.
        learned: Whether the reference stayed for long enough to be the view that the camera should have.
        moved: Whether the camera points elsewhere.
        turning_at: Since when the view is other than `moved` says, or the reference stays that is not learned yet.
    """

    starts_at: datetime
    reference: bytes = b""
    learned: bool = False
    moved: bool = False
    turning_at: datetime | None = None


class _Step(NamedTuple):
    """A view after a look, and since when the camera is known to have pointed elsewhere; None: that is not news."""

    view: KnownView
    moved_since: datetime | None = None


@dataclass(slots=True)
class ViewWatch:
    """What the looks of one camera say, in the order in which they were taken.

    Attributes:
        views: Of the camera, by `starts_at`; each look is compared with the view of its time.
        changed: The views that looks have changed, by `starts_at`.
        state: How the last look was.
    """

    comparer: ViewComparer
    views: dict[datetime, KnownView]
    changed: dict[datetime, KnownView] = field(default_factory=dict)
    state: ViewState = ViewState.UNSPECIFIED

    def blind(self, looks: Iterable[SettledLook]) -> list[UnprovenSpan]:
        """Processes looks. Returns when the camera was in the dark, covered or pointed elsewhere."""
        return [span for look in looks for span in self._blind(look)]

    def _blind(self, look: SettledLook) -> Sequence[UnprovenSpan]:
        found: list[UnprovenSpan] = []
        hidden = _CAUSES.get(look.glimpse.visibility)
        if hidden is not None:
            found.append(UnprovenSpan(look.span.start, look.span.end, (hidden,)))
        since = self._moved_since(look)
        if since is not None:
            found.append(UnprovenSpan(since, look.span.end, (UnprovenCause.MOVED,)))
        self.state = ViewState(look.glimpse.visibility.value) if since is None else ViewState.MOVED
        return found

    def _moved_since(self, look: SettledLook) -> datetime | None:
        at = look.span.start
        if not self.views:
            self.views[at] = KnownView(at)
        known = max((each for each in self.views if each <= at), default=None)
        if known is None:
            # Taken before the camera was placed anew so often that the view of then is forgotten.
            return None
        before = self.views[known]
        step = _after(before, at, look.glimpse, self.comparer)
        if step.view != before:
            self.views[known] = self.changed[known] = step.view
        return step.moved_since


def _after(view: KnownView, at: datetime, glimpse: Glimpse, comparer: ViewComparer) -> _Step:
    if glimpse.visibility is not Visibility.CLEAR or not glimpse.edges:
        # It says nothing of where the camera points; where that was known, it is still so.
        return _Step(view, at if view.moved and view.turning_at is None else None)
    if not view.learned:
        return _Step(_learning(view, at, glimpse.edges, comparer))
    agrees = comparer.agreement(view.reference, glimpse.edges)
    if view.moved and agrees is None and not comparer.plain(glimpse.edges):
        # New privacy zones hide too much of what was known: the camera would never be back. Its view is learned anew.
        return _Step(KnownView(view.starts_at))
    if view.moved:
        return _while_moved(view, at, back=agrees is not None and agrees >= _SAME)
    if agrees is None:
        return _Step(view)
    return _while_in_place(view, at, other=agrees < _OTHER)


def _learning(view: KnownView, at: datetime, edges: bytes, comparer: ViewComparer) -> KnownView:
    if comparer.plain(edges):
        return view
    agrees = comparer.agreement(view.reference, edges) if view.reference else None
    if agrees is None or agrees < _SAME or view.turning_at is None:
        return replace(view, reference=edges, turning_at=at)
    return replace(view, learned=True, turning_at=None) if at - view.turning_at >= _SETTLES else view


def _while_in_place(view: KnownView, at: datetime, *, other: bool) -> _Step:
    if not other:
        return _Step(view if view.turning_at is None else replace(view, turning_at=None))
    since = view.turning_at
    if since is None or at - since > _SETTLES + _GAP:
        return _Step(replace(view, turning_at=at))
    if at - since < _SETTLES:
        return _Step(view)
    # It was moved after the look before that.
    return _Step(replace(view, moved=True, turning_at=None), max(since - VIEW_EVERY, view.starts_at))


def _while_moved(view: KnownView, at: datetime, *, back: bool) -> _Step:
    since = view.turning_at
    if not back:
        return _Step(view if since is None else replace(view, turning_at=None), at if since is None else since)
    if since is None:
        return _Step(replace(view, turning_at=at))
    return _Step(replace(view, moved=False, turning_at=None) if at - since >= _RETURNS else view)
