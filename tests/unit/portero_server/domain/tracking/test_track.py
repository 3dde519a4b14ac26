"""The phases of a track: what may follow what, and who may say so."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import portero_server
from portero_server.domain.tracking.track import LEGAL, IllegalPhase, Track, TrackPhase, moved

_SOURCES = Path(portero_server.__file__).parent


@given(now=st.sampled_from(TrackPhase), to=st.sampled_from(TrackPhase))
def test_only_the_phases_of_the_table_follow(now: TrackPhase, to: TrackPhase) -> None:
    """What the table lists is entered, and everything else is refused by both names."""
    if to in LEGAL[now]:
        assert moved(now, to) is to
    else:
        with pytest.raises(IllegalPhase, match=f"{now.value} cannot become {to.value}"):
            moved(now, to)


def test_every_phase_is_reached_and_every_track_can_end() -> None:
    """From the first phase all others are reached, and from each of them a track gets to its end."""
    reached = _reachable(TrackPhase.PROVISIONAL)
    assert reached == set(TrackPhase)
    for phase in TrackPhase:
        assert {TrackPhase.CLOSED, TrackPhase.REJOINED} & _reachable(phase)


def test_only_the_tracker_writes_tracks() -> None:
    """No module outside of domain/tracking assigns to a field of a track, whatever it calls the track."""
    fields = set(Track.__dataclass_fields__)
    written = [
        f"{path.relative_to(_SOURCES)}:{target.lineno} {target.value.id}.{target.attr}"
        for path in _SOURCES.rglob("*.py")
        if "domain/tracking" not in path.as_posix()
        for target in _assigned(ast.parse(path.read_text()))
        if target.attr in fields and isinstance(target.value, ast.Name) and target.value.id != "self"
    ]
    assert written == []


def _reachable(phase: TrackPhase) -> set[TrackPhase]:
    found, todo = {phase}, [phase]
    while todo:
        for after in LEGAL[todo.pop()] - found:
            found.add(after)
            todo.append(after)
    return found


def _assigned(tree: ast.Module) -> list[ast.Attribute]:
    targets: list[ast.expr] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            targets += node.targets
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            targets.append(node.target)
    spread = [each for target in targets for each in (target.elts if isinstance(target, ast.Tuple) else [target])]
    return [each for each in spread if isinstance(each, ast.Attribute)]
