"""Decides who may be named: people who exist, are not blocked, and have not withdrawn their consent."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import BindParameter, ColumnElement, Select, and_, bindparam, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.people.photos import KEEP_PHOTOS
from portero_server.store.schema import consents, people, people_blocks


async def recognizable_names(
    connection: AsyncConnection, ids: Collection[str], now: datetime, *, consent_required: bool
) -> dict[str, str]:
    """Returns the display names of those people among `ids` who may be named now, as part of a unit of work."""
    if not ids:
        return {}
    values = {"ids": sorted(ids), "now": now}
    return {row.person_id: row.display_name for row in await connection.execute(_NAMES[consent_required], values)}


def blocked() -> ColumnElement[bool]:
    """Returns the condition that a row of `people` is blocked."""
    return exists().where(people_blocks.c.person_id == people.c.person_id)


def consented(now: datetime | BindParameter[datetime], *, consent_required: bool) -> ColumnElement[bool]:
    """Returns the condition that a row of `people` has the consent that it needs at `now`."""
    # To keep somebody's photos is another purpose: that consent, or its end, says nothing about being recognized.
    own = (consents.c.person_id == people.c.person_id, consents.c.purpose != KEEP_PHOTOS)
    agreed = exists().where(*own, *_valid(now))
    ever_asked = exists().where(*own)
    # A person whose consents have all ended has withdrawn them, whether or not consent is generally required.
    return agreed if consent_required else or_(agreed, ~ever_asked)


def may_keep_photos(person: ColumnElement[str], now: datetime) -> ColumnElement[bool]:
    """Returns the condition that a person has a valid consent to keep their enrollment photos."""
    return exists().where(consents.c.person_id == person, consents.c.purpose == KEEP_PHOTOS, *_valid(now))


async def people_agreeing(
    connection: AsyncConnection, ids: Collection[str], purpose: str, now: datetime
) -> frozenset[str]:
    """Returns those people among `ids` who have a valid consent for a purpose, as part of a unit of work."""
    query = select(consents.c.person_id).where(consents.c.person_id.in_(sorted(ids)), consents.c.purpose == purpose)
    return frozenset(await connection.scalars(query.where(*_valid(now)))) if ids else frozenset()


async def hold_people(connection: AsyncConnection, ids: Collection[str]) -> None:
    """Prevents people from being erased, blocked or losing their consent until the transaction ends.

    These operations lock the person's row first. So a commit either ends before them, and what it wrote is found, or
    starts after them and sees their result. SQLite has one writer at a time, which has the same effect.
    """
    if ids and connection.dialect.name != "sqlite":
        (await connection.execute(_HOLD, {"ids": sorted(ids)})).all()


def _valid(now: datetime | BindParameter[datetime]) -> tuple[ColumnElement[bool], ...]:
    table = consents.c
    return (
        table.given_at <= now,
        table.withdrawn_at.is_(None),
        or_(table.expires_at.is_(None), table.expires_at > now),
    )


def _names(consent_required: bool) -> Select[tuple[str, str]]:
    may = consented(bindparam("now", type_=consents.c.given_at.type), consent_required=consent_required)
    among = people.c.person_id.in_(bindparam("ids", expanding=True))
    return select(people.c.person_id, people.c.display_name).where(and_(among, ~blocked(), may))


# Every commit that names somebody asks this, and it takes SQLAlchemy longer to put it together than to run it.
_NAMES = {required: _names(required) for required in (False, True)}
_HOLD = (
    select(people.c.person_id)
    .where(people.c.person_id.in_(bindparam("ids", expanding=True)))
    .order_by(people.c.person_id)
    .with_for_update(read=True)
)
