"""Scopes, and identities with several roles."""

from __future__ import annotations

from datetime import timedelta

from portero_server.domain.access.identities import (
    EVERYTHING,
    LOCAL_ADMIN,
    NOTHING,
    OF_ATTENDANCE,
    AuthMethod,
    Grant,
    Identity,
    Role,
    Scope,
)
from tests.support.time.virtual_time import ManualClock

_LOBBY = Scope(sites=frozenset({"lobby"}))
_DOOR = Scope(cameras=frozenset({"door"}))


def test_a_scope_covers_cameras_by_name_and_by_site() -> None:
    """A camera is within a scope by its id or by its site, and one without site by its id alone."""
    assert _DOOR.covers("door", "")
    assert not _DOOR.covers("desk", "")
    assert _LOBBY.covers("door", "lobby")
    assert not _LOBBY.covers("door", "garage")
    assert not Scope(sites=frozenset({""})).covers("door", "")
    assert EVERYTHING.covers("door", "")
    assert not NOTHING.covers("door", "lobby")


def test_roles_keep_their_own_scopes() -> None:
    """Who reads everything and operates one site does not operate everything."""
    identity = Identity("users/1", AuthMethod.TOKEN, (Grant(Role.READER), Grant(Role.OPERATOR, _LOBBY)))
    assert identity.roles == {Role.READER, Role.OPERATOR}
    assert identity.scope_of({Role.READER, Role.OPERATOR}) == EVERYTHING | _LOBBY
    assert identity.scope_of({Role.OPERATOR, Role.ADMIN}) == _LOBBY
    assert identity.scope_of({Role.ADMIN}) == NOTHING
    assert identity.scope.everything


def test_a_role_has_of_a_scope_what_it_is_for() -> None:
    """A teacher has groups, a guardian people, neither has cameras or everything, and the others no groups."""
    scope = Scope(frozenset({"door"}), everything=True, groups=frozenset({"1b"}), people=frozenset({"ana"}))
    identity = Identity("keys/1", AuthMethod.KEY, tuple(Grant(role, scope) for role in Role))
    assert identity.scope_of({Role.TEACHER}) == Scope(groups=frozenset({"1b"}))
    assert identity.scope_of({Role.GUARDIAN}) == Scope(people=frozenset({"ana"}))
    assert identity.scope_of({Role.READER}) == Scope(frozenset({"door"}), everything=True)
    assert identity.scope_of(OF_ATTENDANCE) == Scope(groups=frozenset({"1b"}), people=frozenset({"ana"}))


def test_an_identity_ends_with_its_credential() -> None:
    """An identity has expired from its very moment on, and one without an end never."""
    clock = ManualClock()
    until = Identity("keys/1", AuthMethod.KEY, (), clock.now() + timedelta(seconds=5))
    assert not until.expired(clock.now() + timedelta(seconds=4))
    assert until.expired(clock.now() + timedelta(seconds=5))
    assert not LOCAL_ADMIN.expired(clock.now() + timedelta(days=36_500))


def test_equal_scopes_have_one_key_and_everything_has_none() -> None:
    """Whoever may see everything is grouped with nobody; sites and cameras of one name are told apart."""
    both = Scope(frozenset({"door", "gate"}), frozenset({"bank"}))
    assert both.key == (Scope(frozenset({"gate"}), frozenset({"bank"})) | Scope(frozenset({"door"}))).key
    assert both.key == "sites/bank,cameras/door,cameras/gate"
    assert Scope(frozenset({"bank"})).key != Scope(sites=frozenset({"bank"})).key
    assert EVERYTHING.key == NOTHING.key == ""
