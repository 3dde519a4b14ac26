"""Which groups, sessions and corrections are within a scope of groups and people."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.access.identities import Scope
from portero_server.store.database import Database
from portero_server.store.schema import attendance_corrections, attendance_memberships, attendance_sessions


def within(group_id: ColumnElement[Any], scope: Scope) -> ColumnElement[bool]:
    """Returns the condition that a group is of a scope: by itself, or since one of its people belongs to it."""
    if scope.everything:
        return true()
    theirs = select(attendance_memberships.c.group_id).where(
        attendance_memberships.c.group_id == group_id, attendance_memberships.c.person_id.in_(scope.people)
    )
    return or_(group_id.in_(scope.groups), theirs.exists())


async def groups_within(connection: AsyncConnection, scope: Scope) -> frozenset[str]:
    """Returns the ids of the groups of a scope that is not everything, and of those to which its people belong."""
    if not scope.people:
        return scope.groups
    member = attendance_memberships.c
    query = select(member.group_id).where(member.person_id.in_(sorted(scope.people))).distinct()
    return scope.groups.union(await connection.scalars(query))


class ScopeStore:
    """Answers whether something is within a scope, and never whether it exists."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def has_group(self, scope: Scope, group_id: str) -> bool:
        """Whether a group is within, or one of the scope's people belongs to it."""
        if scope.everything or group_id in scope.groups:
            return True
        membership = attendance_memberships.c
        return await self._any(
            select(membership.group_id).where(membership.group_id == group_id, membership.person_id.in_(scope.people))
        )

    async def has_session(self, scope: Scope, session_id: str) -> bool:
        """Whether a session is of a group within."""
        session = attendance_sessions.c
        return scope.everything or await self._any(
            select(session.session_id).where(session.session_id == session_id, session.group_id.in_(scope.groups))
        )

    async def has_correction(self, scope: Scope, correction_id: str) -> bool:
        """Whether a correction is of a session of a group within."""
        correction, session = attendance_corrections.c, attendance_sessions.c
        query = select(correction.correction_id).join(attendance_sessions, session.session_id == correction.session_id)
        return scope.everything or await self._any(
            query.where(correction.correction_id == correction_id, session.group_id.in_(scope.groups))
        )

    async def _any(self, query: Select[Any]) -> bool:
        async def unit(connection: AsyncConnection) -> bool:
            return (await connection.execute(query.limit(1))).first() is not None

        return await self._database.read(unit)
