"""Imports people with faces that are encodings already, and exports them with all that holds for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from portero_server.domain.people.people import FaceModel
from portero_server.domain.people.transfer import ImportedPerson, PersonRecord, checked_size
from portero_server.engines.base import Engine
from portero_server.engines.encoding_taker import EncodingTaker
from portero_server.errors import FailedPrecondition
from portero_server.gallery.mirror import GalleryMirror
from portero_server.store.people_transfer import PeopleTransferStore, StoredRecord

MOST_EXPORTED = 200
"""Most people of one page."""
_PAGE_BYTES = 4 * 1024 * 1024
"""Encodings after which a page ends, so that a message stays below what clients take."""


class TransferObserver(Protocol):
    """Is told what was transferred, for metrics."""

    def people_imported(self, outcome: str, count: int) -> None:
        """Counts people: "created", "known" or "refused"."""
        ...

    def people_exported(self, count: int) -> None:
        """Counts people whose faces were handed out."""
        ...


class GalleryTransfer:
    """Imports and exports people by the hundred."""

    def __init__(
        self, engine: Engine, store: PeopleTransferStore, mirror: GalleryMirror, observer: TransferObserver
    ) -> None:
        """Creates the transfer.

        Args:
            engine: Says which encodings are its own.
            store: Stores and reads people.
            mirror: Makes their faces searchable.
            observer: Is told what was transferred.
        """
        self._engine = engine
        self._store = store
        self._mirror = mirror
        self._observer = observer

    @property
    def model(self) -> FaceModel:
        """The face model in use."""
        return FaceModel(self._engine.traits.name, self._engine.traits.model_version)

    async def add(self, records: Sequence[PersonRecord], model_version: str) -> Sequence[ImportedPerson]:
        """Adds people and their faces, and returns what became of each, in order.

        Args:
            records: Checked by themselves.
            model_version: The face model that their encodings are said to be of.

        Raises:
            InvalidInput: There are too many, or one comes twice.
            FailedPrecondition: The engine takes no encodings, or none of that model.
            StoreUnavailable: The database does not answer.
        """
        checked_size(records)
        if any(record.faces for record in records):
            records = self._judged(records, model_version)
        outcomes = await self._store.add(records, self.model)
        await self._mirror.catch_up()
        for outcome, count in Counter(map(_kind, outcomes)).items():
            self._observer.people_imported(outcome, count)
        return outcomes

    async def page(self, limit: int, after_id: str | None) -> tuple[Sequence[StoredRecord], str | None]:
        """Returns people by id with faces, consents and block.

        Args:
            limit: How many at most; more than MOST_EXPORTED, or than a message holds, are left to the next page.
            after_id: Only those after this id.

        Returns:
            The people, and the last id (None: there are no more people).
        """
        limit = min(limit, MOST_EXPORTED)
        found = await self._store.read(limit, after_id)
        page, size = list[StoredRecord](), 0
        for record in found:
            size += sum(len(face.embedding or b"") for face in record.faces)
            if page and size > _PAGE_BYTES:
                break
            page.append(record)
        self._observer.people_exported(len(page))
        ends = len(page) == len(found) < limit
        return page, None if ends else page[-1].person.person_id

    def _judged(self, records: Sequence[PersonRecord], model_version: str) -> Sequence[PersonRecord]:
        """Returns the records, with a fault where an encoding cannot be of the model in use."""
        model = self.model
        if not isinstance(self._engine, EncodingTaker):
            raise FailedPrecondition(
                f"the engine {model.engine} keeps its faces itself and takes no encodings; import photos instead "
                "(`portero people import`)",
                reason="ENCODINGS_NOT_TAKEN",
            )
        if model_version != model.version:
            raise FailedPrecondition(
                f"the encodings are of the face model {model_version[:63] or '(not named)'}, and this server uses "
                f"{model.version}: the two cannot be compared; import photos instead (`portero people import`)",
                reason="OTHER_MODEL",
            )
        faults = iter(self._engine.faults([face.embedding for record in records for face in record.faces]))
        return [
            replace(record, fault=next(filter(None, [next(faults) for _ in record.faces]), "")) for record in records
        ]


def _kind(outcome: ImportedPerson) -> str:
    if outcome.created:
        return "created"
    return "refused" if outcome.reason else "known"
