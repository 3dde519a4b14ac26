"""Merges people who were enrolled twice: copies their photographs first, then makes them one in the database."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from portero_server.domain.people.merging import MergeCounts
from portero_server.domain.people.people import Person, checked_request_id
from portero_server.errors import FailedPrecondition, InvalidInput, Unavailable
from portero_server.gallery.mirror import GalleryMirror
from portero_server.gallery.photo_vault import PhotoVault
from portero_server.store.merging.faces import PhotosChanged
from portero_server.store.merging.people import Merged, PeopleMergeStore
from portero_server.store.people import PeopleStore

_log = structlog.get_logger(__name__)

_ATTEMPTS = 3
"""Photos may be enrolled for the person who goes while they are copied."""


@dataclass(frozen=True, slots=True)
class MergedPerson:
    """The person who stays, and what became theirs."""

    person: Person
    counts: MergeCounts


class PeopleMerger:
    """Makes two people one."""

    def __init__(
        self,
        store: PeopleMergeStore,
        people: PeopleStore,
        mirror: GalleryMirror,
        vault: PhotoVault | None,
        notify: Callable[[int], None],
        count: Callable[[], None],
    ) -> None:
        """Creates the merger.

        Args:
            store: Makes them one.
            people: Reads the one who stays.
            mirror: Brings the engine of this server up to date; others follow the gallery's changes.
            vault: Keeps enrolled photographs; None: this server reaches none.
            notify: Is called with the position of the last event that tells of moved sightings.
            count: Counts people who became one with another one.
        """
        self._store = store
        self._people = people
        self._mirror = mirror
        self._vault = vault
        self._notify = notify
        self._count = count

    async def merge(self, kept_id: str, other_id: str, *, force: bool, request_id: str = "") -> MergedPerson:
        """Moves everything of one person to another one, and returns that one; the first is gone then.

        Args:
            kept_id: Who stays.
            other_id: Who goes.
            force: Whether they are one although both were seen at one camera at the same time.
            request_id: A UUID that makes a repetition safe, or empty.

        Raises:
            InvalidInput: Both are the same, or the request id was used for another request.
            NotFound: One of them does not exist.
            FailedPrecondition: They may not be one, or a photo cannot be copied; the reason says why.
            Unavailable: The vault does not answer, or its photos kept changing; nothing was merged.
        """
        if kept_id == other_id:
            raise InvalidInput("other", "other must be another person than name: nobody is merged into themselves")
        request = checked_request_id(request_id)
        digest = None if request is None else _digest_of(request, kept_id, other_id, force=force)
        done = await self._done(kept_id, other_id, force, request, digest)
        if done.new:
            self._count()
            _log.info("people_merged", faces=done.counts.faces, sightings=done.counts.sightings)
        if done.position is not None:
            self._notify(done.position)
        await self._mirror.catch_up()
        if self._vault is not None:
            await self._vault.catch_up()
        return MergedPerson(await self._people.get(kept_id), done.counts)

    async def _done(
        self, kept_id: str, other_id: str, force: bool, request_id: str | None, digest: str | None
    ) -> Merged:
        # Without copies at first: what may not be merged is refused before anything is copied.
        copies: Mapping[str, str | None] = {}
        for _ in range(_ATTEMPTS):
            try:
                return await self._store.merge(
                    kept_id, other_id, force=force, copies=copies, request_id=request_id, digest=digest
                )
            except PhotosChanged:
                if self._vault is None:
                    raise FailedPrecondition(
                        f"the photo vault keeps photos of people/{other_id}, and this server has no vault "
                        "(PORTERO_PHOTO_VAULT)",
                        reason="NO_PHOTO_VAULT",
                    ) from None
                copies = await self._vault.copies(other_id, kept_id)
        raise Unavailable(f"photos of people/{other_id} are being enrolled; try again when that is over")


def _digest_of(request_id: str, kept_id: str, other_id: str, *, force: bool) -> str:
    """Returns what tells this request's content from another's. The request id salts it."""
    return hashlib.sha256(json.dumps([request_id, kept_id, other_id, force]).encode()).hexdigest()
