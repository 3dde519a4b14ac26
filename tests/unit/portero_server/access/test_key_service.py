"""A key is made for what its roles are for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from portero_server.access.key_service import ApiKeyService, KeyRequest
from portero_server.domain.access.identities import Role, Scope
from portero_server.domain.access.keys import MAX_SCOPE, ApiKey, StoredKey
from portero_server.errors import InvalidInput
from tests.support.time.virtual_time import ManualClock


class Rows:
    """Keeps keys in a list."""

    def __init__(self) -> None:
        self.kept: list[StoredKey] = []

    async def add(self, stored: StoredKey) -> None:
        """Keeps a key."""
        self.kept.append(stored)

    async def list(self, limit: int, after_id: str | None = None) -> Sequence[ApiKey]:
        """Returns the keys."""
        return [each.key for each in self.kept][:limit]

    async def revoke(self, key_id: str, at: datetime) -> ApiKey:
        """Returns the key."""
        return next(each.key for each in self.kept if each.key.key_id == key_id)


async def _made(*roles: Role, **scope: Any) -> ApiKey:
    key, _ = await ApiKeyService(Rows(), ManualClock()).create(KeyRequest("x", roles, **scope), "local")
    return key


async def test_a_teachers_key_has_groups_and_a_guardians_people() -> None:
    """And neither has everything, unless another role of the key has."""
    assert (await _made(Role.TEACHER, groups=["1b"])).scope == Scope(groups=frozenset({"1b"}))
    assert (await _made(Role.GUARDIAN, people=["ana"])).scope == Scope(people=frozenset({"ana"}))
    both = await _made(Role.READER, Role.TEACHER, groups=["1b"])
    assert both.scope == Scope(everything=True, groups=frozenset({"1b"}))
    assert both.identity.scope_of({Role.TEACHER}) == Scope(groups=frozenset({"1b"}))


@pytest.mark.parametrize(
    ("roles", "scope", "field"),
    [
        ((Role.TEACHER,), {}, "key.groups"),
        ((Role.GUARDIAN,), {}, "key.people"),
        ((Role.READER,), {"groups": ["1b"]}, "key.groups"),
        ((Role.TEACHER,), {"groups": ["1b"], "people": ["ana"]}, "key.people"),
        ((Role.TEACHER,), {"groups": ["1b"], "cameras": ["door"]}, "key.cameras"),
        ((Role.GUARDIAN,), {"people": ["ana"], "sites": ["lobby"]}, "key.cameras"),
        ((Role.TEACHER,), {"groups": ["1 b"]}, "key.groups"),
        ((Role.GUARDIAN,), {"people": [f"p{each}" for each in range(MAX_SCOPE + 1)]}, "key.cameras"),
        ((Role.BRIDGE,), {}, "key.cameras"),
        ((), {}, "key.roles"),
    ],
)
async def test_a_scope_that_the_roles_have_no_use_for_is_refused(
    roles: tuple[Role, ...], scope: dict[str, Any], field: str
) -> None:
    """And so is a role without what it is for; the error names the field."""
    with pytest.raises(InvalidInput) as refused:
        await _made(*roles, **scope)
    assert refused.value.field == field
