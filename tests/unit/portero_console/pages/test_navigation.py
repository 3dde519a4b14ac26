"""Which pages are offered to whom, and where."""

from __future__ import annotations

from portero_console.pages.abilities import Ability
from portero_console.pages.navigation import NAVIGATION, PageLink, front_of, navigation_for


def test_only_pages_that_work_are_offered() -> None:
    """Groups without a page are left out, and somebody without any page has no group."""
    assert navigation_for(set(Ability)) == list(NAVIGATION)
    (only,) = navigation_for({Ability.SEE_USAGE})
    assert [link.path for link in only.links] == ["/usage"]
    assert navigation_for({Ability.ERASE}) == []


def test_the_first_page_is_the_first_that_is_offered() -> None:
    """Who may see no page is led to one that says so."""
    assert front_of({Ability.SEE, Ability.ENROLL}) == "/now"
    assert front_of({Ability.SEE_ATTENDANCE}) == "/attendance"
    assert front_of(set()) == "/now"


def test_a_page_holds_those_below_it() -> None:
    """A person is in People, and a page whose name begins alike is not."""
    people = PageLink("/people", "nav.people", Ability.LIST_PEOPLE)
    assert people.holds("/people")
    assert people.holds("/people/ana")
    assert not people.holds("/peoples")
