"""Holds a teacher to groups and a guardian to people.

Whatever is outside of them is refused with OUT_OF_SCOPE, whether it exists or not, and lists leave it out. A caller
whose scope is everything sees everything.
"""

from __future__ import annotations

from portero_server.access.authorized_cameras import out_of_scope
from portero_server.domain.access.identities import Scope
from portero_server.rpc.auth.caller import current_caller
from portero_server.rpc.resource_names import correction_name, group_name, person_name, session_name
from portero_server.store.attendance.scopes import ScopeStore


class AttendanceScope:
    """Checks what a request names against the scope of the caller."""

    def __init__(self, store: ScopeStore) -> None:
        self._store = store

    @property
    def current(self) -> Scope:
        """What the current call may see."""
        return current_caller().authorized.scope

    async def require_group(self, group_id: str) -> None:
        """Raises PermissionDenied unless the group is within, or one of the caller's people belongs to it."""
        if not await self._store.has_group(self.current, group_id):
            raise out_of_scope(group_name(group_id))

    async def require_session(self, session_id: str) -> None:
        """Raises PermissionDenied unless the session is of a group within."""
        if not await self._store.has_session(self.current, session_id):
            raise out_of_scope(session_name(session_id))

    async def require_correction(self, correction_id: str) -> None:
        """Raises PermissionDenied unless the correction is of a session of a group within."""
        if not await self._store.has_correction(self.current, correction_id):
            raise out_of_scope(correction_name(correction_id))

    def require_person(self, person_id: str) -> None:
        """Raises PermissionDenied unless the person is one of the caller's, or the caller has groups.

        Of somebody who belongs to none of those groups, lists are empty, as of somebody who does not exist.
        """
        scope = self.current
        if not (scope.everything or scope.groups or person_id in scope.people):
            raise out_of_scope(person_name(person_id))
