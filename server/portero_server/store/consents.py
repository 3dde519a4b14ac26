"""Consents and blocks of people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.clock import Clock
from portero_server.domain.people.privacy import Block, Consent, PersonPrivacy
from portero_server.errors import FailedPrecondition, NotFound, reused_request_id
from portero_server.store.database import Database
from portero_server.store.eligibility import recognizable_names
from portero_server.store.people import lock_person
from portero_server.store.picture_rows import delete_pictures_of_person
from portero_server.store.schema import consents, people_blocks
from portero_server.store.snapshot_rows import delete_snapshots_of_person


class ConsentStore:
    """Stores consents and blocks. Every change locks the person's row first; see `eligibility.hold_people`."""

    def __init__(self, database: Database, clock: Clock, *, consent_required: bool = False) -> None:
        self._database = database
        self._clock = clock
        self._consent_required = consent_required

    async def record(self, consent: Consent) -> Consent:
        """Adds a consent, or returns the existing one of the same id.

        Raises:
            NotFound: There is no such person.
            InvalidInput: The existing one says something else.
        """

        async def unit(connection: AsyncConnection) -> Consent:
            await lock_person(connection, consent.person_id)
            query = select(consents).where(consents.c.consent_id == consent.consent_id)
            present = (await connection.execute(query)).one_or_none()
            if present is not None:
                first = consent_of(present)
                if not consent.repeats(first):
                    raise reused_request_id()
                return first
            await connection.execute(insert(consents).values(consent_columns(consent)))
            return consent

        return await self._database.run(unit)

    async def withdraw(self, person_id: str, consent_id: str | None) -> Sequence[Consent]:
        """Ends one consent of a person, or all (None), and returns them as stored.

        Consents that have ended already are left unchanged.

        Raises:
            NotFound: There is no such person, or no such consent.
        """

        async def unit(connection: AsyncConnection) -> Sequence[Consent]:
            await lock_person(connection, person_id)
            which = [consents.c.person_id == person_id]
            if consent_id is not None:
                which.append(consents.c.consent_id == consent_id)
            open_ones = (*which, consents.c.withdrawn_at.is_(None))
            await connection.execute(update(consents).where(*open_ones).values(withdrawn_at=self._clock.now()))
            rows = (await connection.execute(select(consents).where(*which).order_by(*_ORDER))).all()
            if not rows:
                raise NotFound(f"people/{person_id}/consents/{consent_id or '-'}")
            required, now = self._consent_required, self._clock.now()
            if not await recognizable_names(connection, [person_id], now, consent_required=required):
                await delete_pictures_of_person(connection, person_id)
                await delete_snapshots_of_person(connection, person_id)
            return [consent_of(row) for row in rows]

        return await self._database.run(unit)

    async def block(self, person_id: str, reason: str) -> None:
        """Blocks a person: no face is recognized as this person from now on, and no picture of them waits for a review.

        Blocking again changes only the reason.

        Raises:
            NotFound: There is no such person.
        """

        async def unit(connection: AsyncConnection) -> None:
            await lock_person(connection, person_id)
            own = people_blocks.c.person_id == person_id
            if (await connection.execute(select(people_blocks).where(own))).first() is not None:
                await connection.execute(update(people_blocks).where(own).values(reason=reason))
                return
            row = {"person_id": person_id, "reason": reason, "blocked_at": self._clock.now()}
            await connection.execute(insert(people_blocks).values(row))
            await delete_pictures_of_person(connection, person_id)
            await delete_snapshots_of_person(connection, person_id)

        await self._database.run(unit)

    async def unblock(self, person_id: str) -> None:
        """Ends the block of a person. Does nothing if there is none.

        Raises:
            NotFound: There is no such person.
        """

        async def unit(connection: AsyncConnection) -> None:
            await lock_person(connection, person_id)
            await connection.execute(delete(people_blocks).where(people_blocks.c.person_id == person_id))

        await self._database.run(unit)

    async def of(self, person_id: str) -> PersonPrivacy:
        """Returns the consents and block of a person.

        A person who does not exist has none and is not recognizable.
        """
        now = self._clock.now()

        async def unit(connection: AsyncConnection) -> PersonPrivacy:
            block = (
                await connection.execute(select(people_blocks).where(people_blocks.c.person_id == person_id))
            ).one_or_none()
            given = select(consents).where(consents.c.person_id == person_id).order_by(*_ORDER)
            rows = (await connection.execute(given)).all()
            names = await recognizable_names(connection, [person_id], now, consent_required=self._consent_required)
            return PersonPrivacy(
                None if block is None else Block(block.reason, block.blocked_at),
                tuple(consent_of(row) for row in rows),
                recognizable=person_id in names,
            )

        return await self._database.read(unit)

    async def check_learnable(self, person_id: str) -> None:
        """Raises an error unless a face of the person may be enrolled.

        Raises:
            FailedPrecondition: Consent is required, and there is no valid one.
        """
        if not self._consent_required:
            return
        now = self._clock.now()
        privacy = await self.of(person_id)
        if not any(consent.allows_recognition(now) for consent in privacy.consents):
            raise FailedPrecondition(
                f"people/{person_id} has no valid consent, which PORTERO_CONSENT=required asks for; record one first",
                reason="CONSENT_MISSING",
            )


_ORDER = (consents.c.given_at, consents.c.consent_id)


def consent_columns(consent: Consent) -> dict[str, Any]:
    """Returns the column values of a row of `consents`."""
    return {
        "consent_id": consent.consent_id,
        "person_id": consent.person_id,
        "purpose": consent.purpose,
        "text_version": consent.text_version,
        "channel": consent.channel,
        "guardian": consent.guardian,
        "given_at": consent.given_at,
        "recorded_at": consent.recorded_at,
        "expires_at": consent.expires_at,
        "withdrawn_at": consent.withdrawn_at,
    }


def consent_of(row: Any) -> Consent:
    """Returns the consent that a row of `consents` stores."""
    return Consent(
        consent_id=row.consent_id,
        person_id=row.person_id,
        purpose=row.purpose,
        text_version=row.text_version,
        channel=row.channel,
        guardian=row.guardian,
        given_at=row.given_at,
        recorded_at=row.recorded_at,
        expires_at=row.expires_at,
        withdrawn_at=row.withdrawn_at,
    )
