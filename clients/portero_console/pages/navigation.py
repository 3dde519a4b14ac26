"""Which pages there are, in groups as people look for them; each is offered to those who may see it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from portero_console.pages.abilities import Ability


@dataclass(frozen=True, slots=True)
class PageLink:
    """A page in the navigation.

    Attributes:
        path: Its address; those below it belong to it.
        word: Key of its name.
        ability: Who has it may see the page.
    """

    path: str
    word: str
    ability: Ability

    def holds(self, path: str) -> bool:
        """Returns whether a page is this one, or below it."""
        return path == self.path or path.startswith(f"{self.path}/")


@dataclass(frozen=True, slots=True)
class PageGroup:
    """Pages that belong together, under a heading."""

    word: str
    links: tuple[PageLink, ...]


NAVIGATION = (
    PageGroup(
        "nav.group-cameras",
        (
            PageLink("/now", "nav.now", Ability.SEE),
            PageLink("/sightings", "nav.sightings", Ability.SEE),
            PageLink("/review", "nav.review", Ability.REVIEW),
        ),
    ),
    PageGroup(
        "nav.group-people",
        (
            PageLink("/people", "nav.people", Ability.LIST_PEOPLE),
            PageLink("/enroll", "nav.enroll", Ability.ENROLL),
            PageLink("/search", "nav.search", Ability.SEARCH),
            PageLink("/attendance", "nav.attendance", Ability.SEE_ATTENDANCE),
        ),
    ),
    PageGroup(
        "nav.group-server",
        (PageLink("/usage", "nav.usage", Ability.SEE_USAGE), PageLink("/audit", "nav.audit", Ability.SEE_AUDIT)),
    ),
)


def navigation_for(abilities: Collection[Ability]) -> list[PageGroup]:
    """Returns the pages of somebody, without empty groups."""
    kept = (
        PageGroup(group.word, tuple(link for link in group.links if link.ability in abilities)) for group in NAVIGATION
    )
    return [group for group in kept if group.links]


def front_of(abilities: Collection[Ability]) -> str:
    """Returns the address of the page that somebody sees first; "/now" where there is none, which says so."""
    groups = navigation_for(abilities)
    return groups[0].links[0].path if groups else "/now"
