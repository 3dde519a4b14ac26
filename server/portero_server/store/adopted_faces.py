"""Stores the faces that another program put into the engine's collection, as those of people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.clock import Clock
from portero_server.domain.people.adoption import (
    AdoptedFace,
    AdoptionOutcome,
    AdoptionPlan,
    adoptee_of,
    plan_adoption,
    related_ids,
)
from portero_server.domain.people.collection import KeptFace
from portero_server.domain.people.people import FaceEnrollment, FaceModel
from portero_server.store.database import Database
from portero_server.store.gallery import enrollment, face_columns, log_changes
from portero_server.store.known_people import known_people
from portero_server.store.people import person_columns
from portero_server.store.people_transfer import insert_rows
from portero_server.store.schema import faces, people


class AdoptedFaceStore:
    """Decides about faces of the collection, and stores people and faces, in one transaction a request."""

    def __init__(self, database: Database, clock: Clock, *, consent_required: bool = False) -> None:
        """Creates a store.

        Args:
            database: The database to use.
            clock: The server's clock.
            consent_required: Whether faces are only stored of people with a valid consent.
        """
        self._database = database
        self._clock = clock
        self._consent_required = consent_required

    async def adopt(
        self, face_ids: Sequence[str], kept: Mapping[str, KeptFace], model: FaceModel, *, unnamed: bool, dry_run: bool
    ) -> Sequence[AdoptedFace]:
        """Returns what became of each face, in order; of a dry run, what would become of it.

        Args:
            face_ids: Checked.
            kept: Those of them that the collection holds, by id.
            model: Engine and face model of the collection.
            unnamed: Whether faces without an ExternalImageId are adopted too.
            dry_run: Whether nothing is stored.

        Raises:
            StoreUnavailable: The database does not answer.
        """

        async def unit(connection: AsyncConnection) -> AdoptionPlan:
            plan = await self._planned(connection, face_ids, kept, model, unnamed=unnamed)
            if not dry_run:
                await insert_rows(connection, people, [person_columns(person) for person in plan.people])
                await insert_rows(connection, faces, [face_columns(face) for face in plan.faces])
                brought = await _brought_up(connection, plan, model)
                await log_changes(connection, [*plan.faces, *brought], added=True)
            return plan

        return (await self._database.run(unit)).outcomes

    async def _planned(
        self,
        connection: AsyncConnection,
        face_ids: Sequence[str],
        kept: Mapping[str, KeptFace],
        model: FaceModel,
        *,
        unnamed: bool,
    ) -> AdoptionPlan:
        now = self._clock.now()
        wanted = {adoptee_of(face).person_id for face in kept.values()}
        related = {face_id for face in kept.values() for face_id in related_ids(face)}
        stored = await known_people(connection, wanted, related, (), now)
        return plan_adoption(
            face_ids, kept, stored, model, now, unnamed=unnamed, consent_required=self._consent_required
        )


async def _brought_up(connection: AsyncConnection, plan: AdoptionPlan, model: FaceModel) -> Sequence[FaceEnrollment]:
    """Stamps faces that were adopted under another model version with the one in use, and returns them.

    The version also names the encoder of the local engine behind the collection, which may be exchanged. Enrolled faces
    then wait for their photographs; adopted ones have none, and are in the collection as before.
    """
    known = [each.face_id for each in plan.outcomes if each.outcome is AdoptionOutcome.KNOWN]
    own = (faces.c.face_id == faces.c.external_id, faces.c.engine == model.engine)
    stale = (faces.c.face_id.in_(known), *own, faces.c.model_version != model.version)
    found = [enrollment(row) for row in await connection.execute(select(faces).where(*stale).with_for_update())]
    if found:
        changed = faces.c.face_id.in_([face.face_id for face in found])
        await connection.execute(update(faces).where(changed).values(model_version=model.version))
    return [replace(face, model_version=model.version) for face in found]
