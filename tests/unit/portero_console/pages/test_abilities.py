"""What pages offer to whom, held to the server's own access table."""

from __future__ import annotations

from portero_client import Grant, Role
from portero_console.pages.abilities import NEEDS, Ability, abilities_of
from portero_server.rpc.auth.policy import ACCESS, OfAttendance, Unscoped


def test_pages_offer_exactly_what_the_server_allows() -> None:
    """For each ability, its roles are those that may make all its calls, and its limit is the server's."""
    for ability, needs in NEEDS.items():
        rows = [ACCESS[f"portero.v1.{call}"] for call in needs.calls]
        allowed = set.intersection(*({role.value for role in row.roles} for row in rows))
        assert {role.value for role in needs.roles} == allowed, ability
        assert needs.unlimited == any(isinstance(row.cameras, (Unscoped, OfAttendance)) for row in rows), ability
    assert set(NEEDS) == set(Ability)


def test_a_key_limited_to_cameras_erases_nobody() -> None:
    """What takes effect everywhere takes a grant without limits."""
    assert Ability.ERASE in abilities_of([Grant(Role.OPERATOR)])
    limited = abilities_of([Grant(Role.OPERATOR, cameras=("cameras/door",))])
    assert Ability.ERASE not in limited
    assert Ability.BLOCK in limited


def test_roles_add_up() -> None:
    """A key with two roles may do what either may."""
    assert abilities_of([Grant(Role.METRICS)]) == frozenset()
    both = abilities_of([Grant(Role.READER), Grant(Role.CHECK_IN_DESK)])
    assert {Ability.LIST_PEOPLE, Ability.ENROLL} <= both
    assert Ability.CHANGE_PEOPLE not in both
