"""Logins: how long they last and how many there are."""

from __future__ import annotations

from portero_console.security.sessions import Sessions
from tests.support.time.virtual_time import ManualClock


def _sessions(clock: ManualClock, most: int = 10) -> Sessions:
    return Sessions(most, lifetime=100, idle=30, now=clock.monotonic)


def test_a_login_ends_when_it_is_not_used() -> None:
    """Each use begins the idle time anew, and after it the login is gone."""
    clock = ManualClock()
    sessions = _sessions(clock)
    session = sessions.begin("key")
    for _ in range(3):
        clock.advance(30)
        assert sessions.find(session.word) is session
    clock.advance(31)
    assert sessions.find(session.word) is None
    assert len(sessions) == 0


def test_a_login_ends_however_much_it_is_used() -> None:
    """The lifetime counts from the login."""
    clock = ManualClock()
    sessions = _sessions(clock)
    session = sessions.begin("key")
    for _ in range(5):
        clock.advance(20)
        sessions.find(session.word)
    clock.advance(1)
    assert sessions.find(session.word) is None


def test_one_login_too_many_ends_the_one_not_used_for_the_longest() -> None:
    """The number of logins is bounded, and those in use stay."""
    sessions = _sessions(ManualClock(), most=2)
    first, second = sessions.begin("a"), sessions.begin("b")
    sessions.find(first.word)
    third = sessions.begin("c")
    assert [sessions.find(each.word) is not None for each in (first, second, third)] == [True, False, True]


def test_all_logins_of_a_revoked_key_end() -> None:
    """Logins of other keys stay."""
    sessions = _sessions(ManualClock())
    mine, also_mine, other = sessions.begin("a"), sessions.begin("a"), sessions.begin("b")
    sessions.end_all_of("a")
    assert [sessions.find(each.word) is not None for each in (mine, also_mine, other)] == [False, False, True]


def test_no_representation_shows_a_secret() -> None:
    """Key, word and the word against forged requests are left out of what may be logged."""
    session = _sessions(ManualClock()).begin("ptk_secret")
    shown = repr(session)
    assert not any(secret in shown for secret in ("ptk_secret", session.word, session.csrf))


def test_a_key_ends_its_own_logins_and_nobody_elses() -> None:
    """Of one key there are at most twenty; one more ends its oldest, however many there may be of all."""
    sessions = _sessions(ManualClock(), most=100)
    other = sessions.begin("b")
    mine = [sessions.begin("a") for _ in range(21)]
    assert sessions.find(other.word) is other
    assert [sessions.find(each.word) is not None for each in mine] == [False] + [True] * 20


def test_whoever_waits_for_the_end_of_a_login_is_told() -> None:
    """However it ends: by hand, with its key, as one too many, or by time."""
    clock = ManualClock()
    sessions = _sessions(clock, most=2)
    pushed_out, ended, of_key = sessions.begin("a"), sessions.begin("b"), sessions.begin("c")
    assert pushed_out.over.is_set()
    sessions.end(ended)
    sessions.end_all_of("c")
    late = sessions.begin("d")
    assert sessions.use(late)
    clock.advance(31)
    assert not sessions.use(late)
    assert all(each.over.is_set() for each in (ended, of_key, late))
