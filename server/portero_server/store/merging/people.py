"""Two people become one: what is refused, what is moved, and what is remembered of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.clock import Clock
from portero_server.domain.attendance.notices import NoticeRules
from portero_server.domain.documents.check_in import RUN_LABEL
from portero_server.domain.documents.run import same_run
from portero_server.domain.people.merging import MergeCounts, ended_consents, merged_labels, seen_together
from portero_server.errors import FailedPrecondition, NotFound
from portero_server.store.consents import consent_of
from portero_server.store.database import Database
from portero_server.store.eligibility import recognizable_names
from portero_server.store.gone_people import refuse_gone
from portero_server.store.merging.attendance import move_attendance
from portero_server.store.merging.faces import move_faces, move_photos, refuse_kept_by_engine
from portero_server.store.merging.history import (
    move_answers,
    move_open_tracks,
    move_reviews,
    named_tracks,
    named_tracks_near,
)
from portero_server.store.merging.sightings import move_sightings
from portero_server.store.picture_rows import delete_pictures_of_person
from portero_server.store.repeated_requests import claim_request
from portero_server.store.schema import (
    api_key_people,
    consents,
    merged_people,
    people,
    people_blocks,
    requests,
    subscription_people,
)
from portero_server.store.snapshot_rows import delete_snapshots_of_person

_merged = merged_people.c
_LISTS = (
    (subscription_people, subscription_people.c.subscription_id),
    (api_key_people, api_key_people.c.key_id),
)
"""The people of subscriptions and of keys of guardians, with the column that tells which list a row belongs to."""


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge led to.

    Attributes:
        counts: What was moved.
        position: That of the last event that tells of it; None: there was nothing to tell, or it was told before.
        new: Whether it was done now, and not before.
    """

    counts: MergeCounts
    position: int | None = None
    new: bool = True


class PeopleMergeStore:
    """Makes two people one. Every step is part of one transaction, which holds both from its beginning."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        visit_gap: timedelta,
        consent_required: bool = False,
        notices: NoticeRules | None = None,
    ) -> None:
        """Creates the store.

        Args:
            database: Where they are.
            clock: The server's clock.
            visit_gap: That of cameras without one of their own.
            consent_required: Whether nobody is recognized without a valid consent.
            notices: When something is told of attendance; None: as by default.
        """
        self._database = database
        self._clock = clock
        self._visit_gap = visit_gap
        self._consent_required = consent_required
        self._notices = notices or NoticeRules()

    async def merge(
        self,
        kept_id: str,
        other_id: str,
        *,
        force: bool = False,
        copies: Mapping[str, str | None] | None = None,
        request_id: str | None = None,
        digest: str | None = None,
    ) -> Merged:
        """Moves everything of one person to another one; the first is gone then. Repeated, it changes nothing.

        Args:
            kept_id: Who stays.
            other_id: Who goes.
            force: Whether they are one person although both were seen at one camera at the same time.
            copies: Photographs of the vault that were copied for the person who stays; see `move_photos`.
            request_id: The same within a day returns what the first request did.
            digest: What the request asks for, hashed; another one under the same request id is refused.

        Raises:
            InvalidInput: The request id was used for another request.
            NotFound: One of them does not exist.
            FailedPrecondition: They may not be one; the reason says why.
            PhotosChanged: The vault keeps photographs that were not copied.
        """
        now = self._clock.now()

        async def unit(connection: AsyncConnection) -> Merged:
            if request_id is not None:
                await claim_request(connection, request_id, digest, kept_id, now)
            if (earlier := await _earlier(connection, kept_id, other_id)) is not None:
                return earlier
            held = await _held(connection, kept_id, other_id)
            kept = held[kept_id]
            await refuse_kept_by_engine(connection, other_id)
            _refuse_other_run(kept.labels, held[other_id].labels)
            labels = merged_labels(kept.labels, held[other_id].labels)
            if not force:
                await _refuse_seen_together(connection, kept_id, other_id)
            photos = await move_photos(connection, kept_id, other_id, copies or {}, now)
            given, ended = await _move_consents(connection, kept_id, other_id, now)
            faces = await move_faces(connection, kept_id, other_id)
            reviews = await move_reviews(connection, kept_id, other_id, kept.display_name, now)
            records = await move_attendance(connection, kept_id, other_id, self._notices, now)
            await move_open_tracks(connection, kept_id, other_id)
            await move_answers(connection, kept_id, other_id)
            # Last, since commits wait for the positions of events that it takes.
            seen = await move_sightings(connection, kept_id, other_id, kept.display_name, self._visit_gap, now)
            counts = MergeCounts(
                faces=faces,
                photos=photos,
                dropped_photos=len(copies or {}) - photos,
                sightings=seen.moved,
                joined_sightings=seen.joined,
                reviews=reviews,
                consents=given,
                ended_consents=ended,
                attendance_records=records,
            )
            await _move_lists(connection, kept_id, other_id)
            changed = update(people).where(people.c.person_id == kept_id)
            await connection.execute(changed.values(labels=labels, updated_at=now))
            await _let_go(connection, kept_id, other_id, counts, now)
            required = self._consent_required
            if not await recognizable_names(connection, [kept_id], now, consent_required=required):
                await delete_pictures_of_person(connection, kept_id)
                await delete_snapshots_of_person(connection, kept_id)
            return Merged(counts, seen.position)

        return await self._database.run(unit)


async def _earlier(connection: AsyncConnection, kept_id: str, other_id: str) -> Merged | None:
    """Returns what the same merge did before; None: it is a new one."""
    query = select(merged_people).where(_merged.merged_id == other_id, _merged.person_id == kept_id)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else Merged(MergeCounts(**json.loads(row.counts)), new=False)


async def _held(connection: AsyncConnection, kept_id: str, other_id: str) -> Mapping[str, Any]:
    """Locks both people until the transaction ends, and returns their rows."""
    ids = sorted((kept_id, other_id))
    query = select(people).where(people.c.person_id.in_(ids)).order_by(people.c.person_id).with_for_update()
    held = {row.person_id: row for row in await connection.execute(query)}
    for person_id in (kept_id, other_id):
        if person_id not in held:
            await refuse_gone(connection, person_id)
            raise NotFound(f"people/{person_id}")
    blocked = set(await connection.scalars(select(people_blocks.c.person_id).where(people_blocks.c.person_id.in_(ids))))
    for person_id in (kept_id, other_id):
        if person_id in blocked:
            raise FailedPrecondition(
                f"people/{person_id} is blocked; end the block first if it is not to hold for both",
                reason="PERSON_BLOCKED",
            )
    return held


def _refuse_other_run(kept: Mapping[str, str], other: Mapping[str, str]) -> None:
    if RUN_LABEL in kept and RUN_LABEL in other and not same_run(kept[RUN_LABEL], other[RUN_LABEL]):
        # Without the RUNs, which errors and logs never hold.
        raise FailedPrecondition(
            f'the two have different RUNs in their label "{RUN_LABEL}": they are two people, or one RUN is wrong; '
            "correct it first",
            reason="OTHER_RUN",
        )


async def _refuse_seen_together(connection: AsyncConnection, kept_id: str, other_id: str) -> None:
    theirs = await named_tracks(connection, other_id)
    at_once = seen_together(await named_tracks_near(connection, kept_id, theirs), theirs)
    if at_once is not None:
        raise FailedPrecondition(
            f"people/{kept_id} and people/{other_id} were seen at one camera at the same time, at "
            f"{at_once.first:%Y-%m-%d %H:%M:%S} UTC: they are two people; `force` if you know that they are one",
            reason="SEEN_TOGETHER",
        )


async def _move_lists(connection: AsyncConnection, kept_id: str, other_id: str) -> None:
    for table, owner in _LISTS:
        person = table.c.person_id
        known = list(await connection.scalars(select(owner).where(person == kept_id)))
        await connection.execute(delete(table).where(person == other_id, owner.in_(known)))
        await connection.execute(update(table).where(person == other_id).values(person_id=kept_id))


async def _move_consents(connection: AsyncConnection, kept_id: str, other_id: str, now: datetime) -> tuple[int, int]:
    """Returns how many consents were moved, and how many ended by it."""
    query = select(consents).where(consents.c.person_id.in_((kept_id, other_id)))
    found = [consent_of(row) for row in await connection.execute(query)]
    theirs = [each for each in found if each.person_id == other_id]
    ended = ended_consents([each for each in found if each.person_id == kept_id], theirs)
    moved = update(consents).where(consents.c.person_id == other_id).values(person_id=kept_id)
    await connection.execute(moved)
    if ended:
        own = update(consents).where(consents.c.consent_id.in_(sorted(ended)))
        await connection.execute(own.values(withdrawn_at=now))
    return len(theirs), len(ended)


async def _let_go(connection: AsyncConnection, kept_id: str, other_id: str, counts: MergeCounts, now: datetime) -> None:
    """Removes the person who goes, and remembers who they are."""
    chained = update(merged_people).where(_merged.person_id == other_id)
    await connection.execute(chained.values(person_id=kept_id))
    asked = update(requests).where(requests.c.resource == other_id)
    await connection.execute(asked.values(resource=kept_id))
    await connection.execute(delete(people).where(people.c.person_id == other_id))
    row = {"merged_id": other_id, "person_id": kept_id, "merged_at": now, "counts": json.dumps(asdict(counts))}
    await connection.execute(insert(merged_people).values(row))
