"""Carries out the import of people with their photos, several people at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from portero_cli.enrolling import Enrolled, PhotoResult, Problem, Refused, enroll_person
from portero_cli.import_journal import ImportJournal
from portero_cli.import_plan import ImportPlan, LeftOut, PersonPhotos
from portero_cli.import_report import Outcome, PhotoOutcome, with_duplicates_marked
from portero_cli.naming import id_of
from portero_cli.photos import PhotoStore
from portero_client import AlreadyExists, FailedPrecondition, InvalidArgument, PorteroClient, PorteroError
from portero_client.names import PEOPLE

_AT_ONCE = 4
"""People who are imported at a time: the calls of so many keep a server's processors, or a paid engine, busy."""
_OF_ONE_PERSON = ("CONSENT_MISSING", "PERSON_ERASED")
"""Reasons why one person cannot be enrolled, while others can."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did.

    Attributes:
        people: Those of whom this run enrolled photos, in the order of the plan.
        refused: People who could not be added.
        left_out: What was not imported, of the plan and since the server failed.
        outcomes: What became of every photo, in this run or an earlier one, and of all that was left out.
        failure: Why the import ended before its end; None: it did not.
    """

    people: tuple[Enrolled, ...]
    refused: tuple[Refused, ...]
    left_out: tuple[LeftOut, ...]
    outcomes: tuple[PhotoOutcome, ...]
    failure: PorteroError | None

    @property
    def complete(self) -> bool:
        """Whether every photo is enrolled, and nobody is left out; files that are not photos do not matter."""
        return all(each.outcome in (Outcome.ENROLLED, Outcome.SAME_PICTURE) or _idle(each) for each in self.outcomes)


class PeopleImport:
    """The import of a plan."""

    def __init__(
        self,
        client: PorteroClient,
        plan: ImportPlan,
        store: PhotoStore,
        journal: ImportJournal,
        advance: Callable[[], None],
    ) -> None:
        """Prepares the import.

        Args:
            client: The server.
            plan: What to import.
            store: Where the photos are read from.
            journal: What earlier runs did, and where this one notes what it does.
            advance: Called after each photo, for a progress bar.
        """
        self._client = client
        self._plan = plan
        self._store = store
        self._journal = journal
        self._advance = advance
        self._enrolled: dict[str, Enrolled] = {}
        self._refused: dict[str, Refused] = {}
        self._done: set[str] = set()
        self._failure: PorteroError | None = None

    async def run(self) -> Imported:
        """Enrolls everybody, and returns what was done; a failure of the server ends it, and is part of that."""
        waiting = iter(self._plan.people)
        async with asyncio.TaskGroup() as group:
            for _ in range(_AT_ONCE):
                group.create_task(self._take(waiting))
        places = [each.place for each in self._plan.people]
        unfinished = [each for each in self._plan.people if each.place not in self._done]
        left_out = self._plan.ended_before(unfinished).left_out
        return Imported(
            tuple(self._enrolled[place] for place in places if place in self._enrolled),
            tuple(self._refused[place] for place in places if place in self._refused),
            left_out,
            tuple(with_duplicates_marked([*self._of_photos(), *map(_of_left_out, left_out)])),
            self._failure,
        )

    async def _take(self, waiting: Iterator[PersonPhotos]) -> None:
        for each in waiting:
            if self._failure is not None:
                return
            try:
                await self._person(each)
            except (AlreadyExists, InvalidArgument, FailedPrecondition) as error:
                if isinstance(error, FailedPrecondition) and error.reason not in _OF_ONE_PERSON:
                    self._failure = self._failure or error
                    return
                self._refused[each.place] = Refused(each.place, Problem(error.reason, error.message))
            except PorteroError as error:
                self._failure = self._failure or error
                return
            self._done.add(each.place)

    async def _person(self, each: PersonPhotos) -> None:
        person_id = each.person_id or id_of(each.display_name)
        left = [photo for photo in each.photos if self._earlier(photo) is None]
        for _ in range(len(each.photos) - len(left)):
            self._advance()
        if not left and self._journal.is_done(person_id):
            return

        def tell(photo: Path, result: PhotoResult) -> None:
            person = PEOPLE.name(person_id)
            self._journal.note(self._store.stamp(photo), _of_result(result, person, each.display_name))

        self._enrolled[each.place] = await enroll_person(
            self._client,
            each.display_name,
            person_id,
            left,
            self._advance,
            store=self._store,
            labels=each.labels,
            request_id=self._journal.request_id(person_id, each.display_name, each.labels),
            tell=tell,
        )
        self._journal.note_done(person_id)

    def _earlier(self, photo: Path) -> PhotoOutcome | None:
        return self._journal.outcome_of(str(photo), self._store.stamp(photo))

    def _of_photos(self) -> Iterator[PhotoOutcome]:
        """Yields what became of each photo, in the order of the plan."""
        for each in self._plan.people:
            refused = self._refused.get(each.place)
            for photo in each.photos:
                if known := self._earlier(photo):
                    yield known
                elif refused is not None:
                    error = refused.error
                    yield PhotoOutcome(
                        str(photo), "", each.display_name, Outcome.REFUSED, "", error.reason, error.message
                    )


def _of_result(result: PhotoResult, person: str, display_name: str) -> PhotoOutcome:
    if result.error is None:
        face = result.face.name if result.face is not None else ""
        return PhotoOutcome(result.photo, person, display_name, Outcome.ENROLLED, face)
    reason, message = result.error.reason, result.error.message
    return PhotoOutcome(result.photo, person, display_name, Outcome.REFUSED, "", reason, message)


def _of_left_out(each: LeftOut) -> PhotoOutcome:
    return PhotoOutcome(each.path, "", "", Outcome.LEFT_OUT, "", each.reason, each.message)


def _idle(each: PhotoOutcome) -> bool:
    return each.outcome is Outcome.LEFT_OUT and each.reason == "NOT_A_PHOTO"
