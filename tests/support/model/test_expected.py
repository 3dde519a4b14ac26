"""What is foreseen where frames were given up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.support.model.expected import Stay, foreseen_stays, foreseen_tracks

_FRAMES = 64
_INDEX_OF = {index + 1: index for index in range(_FRAMES)}


def _tracks(stays: list[Stay]) -> dict[str, list[int]]:
    return {name.removeprefix("gate-00.e."): track.looks for stay in stays for name, track in stay.tracks.items()}


def test_a_frame_that_was_given_up_makes_only_its_own_visit_unsure() -> None:
    """Its track may begin with it or without it; the frames beside it show somebody in any case."""
    stays = foreseen_stays(0, "e", _INDEX_OF, given_up={17})
    (unsure,) = [stay for stay in stays if not stay.sure]
    assert _tracks([unsure]) == {"17.0": [17, 19], "19.0": [19]}
    both = frozenset({"gate-00.e.17.0", "gate-00.e.19.0"})
    # Frame 18, in which nothing changed, shows whoever was seen in frame 17 only if that was looked at.
    assert [(sequence, look, ids) for sequence, look, _, ids in unsure.kept] == [(19, True, both), (20, False, both)]


def test_what_was_not_looked_at_may_join_two_visits() -> None:
    """When nobody saw a place empty, the next face there goes on as the same track; or else begins one."""
    given_up = set(range(21, 49))
    (unsure,) = [stay for stay in foreseen_stays(0, "e", _INDEX_OF, given_up=given_up) if "17.0" in _tracks([stay])]
    assert not unsure.sure
    assert _tracks([unsure]) == {"17.0": [17, 19, 49, 51], "49.0": [49, 51]}


def test_where_faces_are_compared_nobody_goes_on_as_somebody_who_was_missed() -> None:
    """Unlike by place alone, a look that found nobody parts two people, though all frames after it were given up."""
    given_up = set(range(25, 49))

    def tracks(given_up: set[int], *, compares: bool) -> dict[str, list[int]]:
        stays = foreseen_stays(0, "e", _INDEX_OF, given_up=given_up, compares=compares)
        return {name: looks for name, looks in _tracks(stays).items() if name in ("17.0", "49.0")}

    assert tracks(given_up, compares=False) == {"17.0": [17, 19, 49, 51], "49.0": [49, 51]}
    assert tracks(given_up, compares=True) == {"17.0": [17, 19], "49.0": [49, 51]}
    # Without that look it was a mere pause, after which an unknown face is trusted by its place.
    pause = set(range(21, 49))
    assert tracks(pause, compares=True) == tracks(pause, compares=False)


def test_whoever_is_there_when_a_clock_was_set_back_may_be_somebody_anew() -> None:
    """A session that resumed after frame 17 may have begun a track with the next face, or gone on with its own."""
    stays = foreseen_stays(0, "e", _INDEX_OF, forgotten={17})
    (unsure,) = [stay for stay in stays if not stay.sure]
    assert _tracks([unsure]) == {"17.0": [17, 19], "19.0": [19]}


def test_a_picture_that_is_not_looked_at_shows_only_whom_the_session_before_followed() -> None:
    """After a clock was set back, the face of frame 19 may be taken to be there in frame 20, a duplicate, or not."""
    stays = foreseen_stays(0, "e", _INDEX_OF, forgotten={19})
    (unsure,) = [stay for stay in stays if not stay.sure]
    (track,) = unsure.tracks.values()
    seen = foreseen_tracks(0, "e", {sequence: index for sequence, index in _INDEX_OF.items() if sequence <= 20})
    assert track.track_id == seen[-1].track_id == "gate-00.e.17.0"
    assert not track.sure
    assert seen[-1].sure
    assert {track.last_seen, seen[-1].last_seen} <= track.moments
    assert {sequence for sequence, *_ in unsure.kept} == {17, 18, 19}


@given(given_up=st.sets(st.integers(1, _FRAMES), max_size=12))
def test_every_way_to_take_the_frames_given_up_is_foreseen(given_up: set[int]) -> None:
    """None of them, all of them, and any half of them, looked at: those tracks are among the foreseen."""
    foreseen = foreseen_stays(0, "e", _INDEX_OF, given_up=given_up)
    tracks = _tracks(foreseen)
    for unseen in (set(), given_up, {each for each in given_up if each % 2}):
        for name, looks in _tracks(foreseen_stays(0, "e", _INDEX_OF, rejected=unseen)).items():
            assert set(looks) <= set(tracks[name])
    kept = {sequence for stay in foreseen for sequence, *_ in stay.kept}
    assert not kept & given_up
    shown = {look for looks in _tracks(foreseen_stays(0, "e", _INDEX_OF)).values() for look in looks}
    assert shown - given_up <= kept
