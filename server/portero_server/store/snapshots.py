"""Which snapshots there are. A row is written after its sighting and before its object, and goes after the object.

Each is written in one transaction with the checks that allow it, which holds visitors, and the people whom it may
show. So whoever is erased, blocked or forgotten meanwhile either has it deleted by that, or none is written after it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, and_, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.clock import Clock
from portero_server.domain.people.photos import SETTLES_AFTER
from portero_server.domain.recording.review_pictures import PictureFacts, PictureOutcome, PictureRank
from portero_server.domain.recording.snapshots import (
    Snapshot,
    SnapshotKind,
    SnapshotRules,
    SnapshotState,
    snapshot_concealment,
    snapshot_refusal,
)
from portero_server.store.database import Database
from portero_server.store.eligibility import hold_people, people_agreeing, recognizable_names
from portero_server.store.picture_facts import facts_of, sighting_with
from portero_server.store.schema import sighting_tracks, snapshots
from portero_server.store.snapshot_rows import delete_snapshots_later
from portero_server.store.visitor_rows import hold_visitors

_Rule = Callable[[PictureFacts, SnapshotRules, Collection[str], Collection[str]], PictureOutcome | None]
_KEPT, _PENDING = SnapshotState.KEPT.value, SnapshotState.PENDING.value
_DELETING = SnapshotState.DELETING.value


@dataclass(frozen=True, slots=True)
class SnapshotsHeld:
    """How many snapshots are kept, their bytes together, and how many are still to be deleted."""

    count: int
    size: int
    leaving: int


class SnapshotStore:
    """Stores which snapshots there are."""

    def __init__(self, database: Database, clock: Clock, rules: SnapshotRules, *, span: timedelta, most: int) -> None:
        """Creates the store.

        Args:
            database: Where the rows are.
            clock: Dates them.
            rules: Which sightings have snapshots.
            span: How long one is kept, and shown.
            most: How many are kept at most; what other servers add counts with the next call of `held`.
        """
        self._database = database
        self._clock = clock
        self._rules = rules
        self._span = span
        self._most = most
        # Counted by `held`, and from then on only what this server adds: to count many rows takes long.
        self._about: int | None = None

    async def refusal(self, track_id: str) -> PictureOutcome | None:
        """Returns why no snapshot of a track is kept now, UNSTORED until its sighting is stored; None: one may be.

        Raises:
            StoreUnavailable: The database does not answer.
        """

        async def unit(connection: AsyncConnection) -> PictureOutcome | None:
            facts = await facts_of(connection, await sighting_with(connection, track_id), [track_id])
            return PictureOutcome.UNSTORED if facts is None else await self._asked(connection, facts, snapshot_refusal)

        return await self._database.read(unit)

    async def begin(self, made: Sequence[Snapshot]) -> PictureOutcome | None:
        """Stores the rows of the snapshots of one track, whose objects are to be written now.

        Returns:
            None: they may be written. Otherwise why not: POORER, FULL, or why none may be kept.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        track_id, rank = made[0].track_id, made[0].rank

        async def unit(connection: AsyncConnection) -> PictureOutcome | None:
            facts = await self._held(connection, track_id)
            if isinstance(facts, PictureOutcome):
                return facts
            others = await self._of_sighting(connection, facts.sighting.sighting_id, _KEPT, _PENDING)
            if any(each.rank >= rank for each in others):
                return PictureOutcome.POORER
            await connection.execute(insert(snapshots), [_row(each) | self._begun() for each in made])
            return None

        if self._about is None:
            await self.held()
        if (self._about or 0) + len(made) > self._most:
            return PictureOutcome.FULL
        refused = await self._database.run(unit)
        if refused is None:
            self._about = (self._about or 0) + len(made)
        return refused

    async def complete(self, made: Sequence[Snapshot]) -> PictureOutcome:
        """Records that the objects of the snapshots of one track are there, and lets go of poorer ones.

        Returns:
            KEPT: they stay. WITHHELD, or why else they may not be kept: they are to be deleted at once.

        Raises:
            StoreUnavailable: The database does not answer; the rows stay pending, and are swept.
        """
        track_id, rank = made[0].track_id, made[0].rank
        own = snapshots.c.snapshot_id.in_([each.snapshot_id for each in made])

        async def unit(connection: AsyncConnection) -> PictureOutcome:
            facts = await self._held(connection, track_id)
            pending = select(func.count()).select_from(snapshots).where(own, snapshots.c.state == _PENDING)
            whole = (await connection.execute(pending)).scalar_one() == len(made)
            if isinstance(facts, PictureOutcome) or not whole:
                await delete_snapshots_later(connection, own)
                return facts if isinstance(facts, PictureOutcome) else PictureOutcome.WITHHELD
            values = {"state": _KEPT, "kept_at": self._clock.now()}
            await connection.execute(update(snapshots).where(own).values(values))
            others = await self._of_sighting(connection, facts.sighting.sighting_id, _KEPT)
            poorer = [each.snapshot_id for each in others if each.rank < rank]
            if poorer:
                await delete_snapshots_later(connection, snapshots.c.snapshot_id.in_(poorer))
            return PictureOutcome.KEPT

        return await self._database.run(unit)

    async def shown(self, sighting_id: str) -> Sequence[Snapshot]:
        """Returns the best snapshot of each kind of a sighting that may be shown now."""

        async def unit(connection: AsyncConnection) -> Sequence[Snapshot]:
            found = await self._of_sighting(connection, sighting_id, _KEPT)
            tracks = sorted({each.track_id for each in found})
            facts = await facts_of(connection, sighting_id, tracks) if found else None
            if facts is None or await self._asked(connection, facts, snapshot_concealment) is not None:
                return ()
            best = {each.kind: each for each in sorted(found, key=lambda each: each.rank)}
            return [best[kind] for kind in SnapshotKind if kind in best]

        return await self._database.read(unit)

    async def withhold(self, track_ids: Collection[str]) -> int:
        """Marks the snapshots of tracks for deletion: nobody may look at them. Returns how many."""
        theirs = snapshots.c.track_id.in_(sorted(track_ids))
        # Read first: mostly there is none, and who only reads keeps no commit waiting.
        if not await self._ids(select(snapshots.c.snapshot_id).where(theirs).limit(1)):
            return 0
        return await self._database.run(lambda connection: delete_snapshots_later(connection, theirs))

    async def expire(self, limit: int) -> int:
        """Marks snapshots that were never finished, or whose sighting is gone; retention marks those kept long enough.

        Returns:
            How many were marked, at most `limit`.
        """
        known = select(sighting_tracks.c.track_id).where(sighting_tracks.c.track_id == snapshots.c.track_id).exists()
        abandoned = and_(snapshots.c.state == _PENDING, snapshots.c.created_at <= self._clock.now() - SETTLES_AFTER)
        query = (
            select(snapshots.c.snapshot_id).where(snapshots.c.state != _DELETING, or_(abandoned, ~known)).limit(limit)
        )
        # Read first, as MySQL wants it: nearly always there is nothing to mark.
        found = await self._ids(query.limit(limit))
        if not found:
            return 0
        own = snapshots.c.snapshot_id.in_(found)
        return await self._database.run(lambda connection: delete_snapshots_later(connection, own))

    async def disallowed(self, limit: int, after_id: str = "") -> tuple[int, str]:
        """Marks kept snapshots that may not be shown any more, as after the end of a consent.

        Args:
            limit: How many to look at.
            after_id: The last one that was looked at; empty: begin.

        Returns:
            How many were marked, and the last one that was looked at; empty: it was the end.
        """

        async def unit(connection: AsyncConnection) -> tuple[list[str], str]:
            query = select(snapshots.c.snapshot_id, snapshots.c.track_id)
            query = query.where(snapshots.c.state == _KEPT, snapshots.c.snapshot_id > after_id)
            rows = (await connection.execute(query.order_by(snapshots.c.snapshot_id).limit(limit))).all()
            unwanted = []
            for row in rows:
                facts = await facts_of(connection, await sighting_with(connection, row.track_id), [row.track_id])
                if facts is None or await self._asked(connection, facts, snapshot_concealment) is not None:
                    unwanted.append(row.snapshot_id)
            return unwanted, rows[-1].snapshot_id if len(rows) == limit else ""

        unwanted, last = await self._database.read(unit)
        if not unwanted:
            return 0, last
        own = snapshots.c.snapshot_id.in_(unwanted)
        return await self._database.run(lambda connection: delete_snapshots_later(connection, own)), last

    async def due(self, limit: int) -> Sequence[str]:
        """Returns snapshots whose objects are to be deleted now; one that may be on its way still is not due yet."""
        settled = or_(snapshots.c.kept_at.is_not(None), snapshots.c.created_at <= self._clock.now() - SETTLES_AFTER)
        query = select(snapshots.c.snapshot_id).where(snapshots.c.state == _DELETING, settled)
        return await self._ids(query.order_by(snapshots.c.snapshot_id).limit(limit))

    async def forget(self, snapshot_ids: Collection[str]) -> None:
        """Removes rows whose objects are deleted."""

        async def unit(connection: AsyncConnection) -> None:
            await connection.execute(delete(snapshots).where(snapshots.c.snapshot_id.in_(sorted(snapshot_ids))))

        await self._database.run(unit)

    async def known(self, snapshot_ids: Collection[str]) -> frozenset[str]:
        """Returns those of these snapshots of which there is a row, in whatever state."""
        return frozenset(
            await self._ids(select(snapshots.c.snapshot_id).where(snapshots.c.snapshot_id.in_(sorted(snapshot_ids))))
        )

    async def held(self) -> SnapshotsHeld:
        """Returns how many there are."""
        query = select(snapshots.c.state, func.count().label("number"), func.sum(snapshots.c.size).label("size"))

        async def unit(connection: AsyncConnection) -> SnapshotsHeld:
            found = {row.state: row for row in await connection.execute(query.group_by(snapshots.c.state))}
            self._about = sum(int(row.number) for row in found.values())
            kept, leaving = found.get(_KEPT), found.get(_DELETING)
            return SnapshotsHeld(
                0 if kept is None else int(kept.number),
                0 if kept is None else int(kept.size),
                0 if leaving is None else int(leaving.number),
            )

        return await self._database.read(unit)

    async def _held(self, connection: AsyncConnection, track_id: str) -> PictureFacts | PictureOutcome:
        """Returns the facts of a sighting, with everybody held whom it may show; or why none may be kept."""
        facts = await facts_of(connection, await sighting_with(connection, track_id), [track_id])
        if facts is None:
            return PictureOutcome.UNSTORED
        people = facts.people
        await hold_people(connection, people)
        await hold_visitors(connection)
        # Once more, with them held: somebody may have been erased or forgotten since.
        facts = await facts_of(connection, facts.sighting.sighting_id, [track_id])
        if facts is None or not set(people).issuperset(facts.people):
            return PictureOutcome.WITHHELD
        refused = await self._asked(connection, facts, snapshot_refusal)
        return facts if refused is None else refused

    async def _asked(self, connection: AsyncConnection, facts: PictureFacts, rule: _Rule) -> PictureOutcome | None:
        now, rules = self._clock.now(), self._rules
        names = await recognizable_names(connection, facts.people, now, consent_required=rules.consent_required)
        agreed = await people_agreeing(connection, facts.people, rules.purpose, now) if rules.purpose else ()
        return rule(facts, rules, names, agreed)

    async def _of_sighting(self, connection: AsyncConnection, sighting_id: str, *states: str) -> Sequence[Snapshot]:
        query: Select[Any] = select(snapshots)
        query = query.join(sighting_tracks, sighting_tracks.c.track_id == snapshots.c.track_id)
        fresh = snapshots.c.created_at > self._clock.now() - self._span
        query = query.where(sighting_tracks.c.sighting_id == sighting_id, snapshots.c.state.in_(states), fresh)
        return [_snapshot(row) for row in await connection.execute(query)]

    async def _ids(self, query: Select[tuple[str]]) -> Sequence[str]:
        async def unit(connection: AsyncConnection) -> Sequence[str]:
            return list(await connection.scalars(query))

        return await self._database.read(unit)

    def _begun(self) -> dict[str, Any]:
        return {"state": _PENDING, "created_at": self._clock.now()}


def _row(made: Snapshot) -> dict[str, Any]:
    return {
        "snapshot_id": made.snapshot_id,
        "track_id": made.track_id,
        "camera_id": made.camera_id,
        "kind": made.kind.value,
        "similarity": made.rank.similarity,
        "quality": made.rank.quality,
        "taken_at": made.taken_at,
        "size": made.size,
    }


def _snapshot(row: Any) -> Snapshot:
    return Snapshot(
        row.snapshot_id,
        row.track_id,
        row.camera_id,
        SnapshotKind(row.kind),
        PictureRank(row.similarity, row.quality),
        row.taken_at,
        row.size,
        row.created_at,
    )
