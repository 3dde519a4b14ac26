"""The calls of AccessService."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import access_service_pb2 as pb2

from portero_client.calls.base import Call, Page, PageCall, unary
from portero_client.keys import ApiKey, Caller, Grant, NewKey, Role
from portero_client.names import ATTENDANCE_GROUPS, CAMERAS, KEYS, PEOPLE

_SERVICE = "/portero.v1.AccessService/"
_ROLES: dict[Role, pb2.Role.ValueType] = {
    Role.BRIDGE: pb2.ROLE_BRIDGE,
    Role.READER: pb2.ROLE_READER,
    Role.OPERATOR: pb2.ROLE_OPERATOR,
    Role.CHECK_IN_DESK: pb2.ROLE_CHECK_IN_DESK,
    Role.ADMIN: pb2.ROLE_ADMIN,
    Role.METRICS: pb2.ROLE_METRICS,
    Role.TEACHER: pb2.ROLE_TEACHER,
    Role.GUARDIAN: pb2.ROLE_GUARDIAN,
}
# A newer server's roles that this client does not know are left out.
_ROLES_BY_NUMBER: dict[int, Role] = {number: role for role, number in _ROLES.items()}


def create(
    display_name: str,
    *,
    roles: Collection[Role],
    cameras: Collection[str],
    sites: Collection[str],
    groups: Collection[str],
    people: Collection[str],
    expire_time: datetime | None,
) -> Call[NewKey]:
    """Creates an API key."""
    key = pb2.ApiKey(
        display_name=display_name,
        roles=[_ROLES[role] for role in roles],
        cameras=[CAMERAS.name(camera) for camera in cameras],
        sites=sites,
        groups=[ATTENDANCE_GROUPS.name(group) for group in groups],
        people=[PEOPLE.name(person) for person in people],
    )
    if expire_time is not None:
        key.expire_time.FromDatetime(expire_time)
    return unary(
        _SERVICE + "CreateKey",
        pb2.CreateKeyRequest(key=key),
        pb2.CreateKeyResponse,
        lambda answer: NewKey(_key(answer.key), answer.text),
    )


def caller() -> Call[Caller]:
    """Asks who the caller is."""
    return unary(_SERVICE + "GetCaller", pb2.GetCallerRequest(), pb2.GetCallerResponse, _caller)


def list_pages() -> PageCall[ApiKey]:
    """Lists keys by name of the resource."""

    def page(page_size: int, page_token: str) -> Call[Page[ApiKey]]:
        return unary(
            _SERVICE + "ListKeys",
            pb2.ListKeysRequest(page_size=page_size, page_token=page_token),
            pb2.ListKeysResponse,
            lambda answer: Page(tuple(_key(key) for key in answer.keys), answer.next_page_token),
        )

    return page


def revoke(key: str) -> Call[ApiKey]:
    """Revokes an API key."""
    return unary(
        _SERVICE + "RevokeKey",
        pb2.RevokeKeyRequest(name=KEYS.name(key)),
        pb2.RevokeKeyResponse,
        lambda answer: _key(answer.key),
    )


def _caller(answer: pb2.GetCallerResponse) -> Caller:
    grants = [
        Grant(
            _ROLES_BY_NUMBER[grant.role],
            tuple(grant.cameras),
            tuple(grant.sites),
            tuple(grant.groups),
            tuple(grant.people),
        )
        for grant in answer.grants
        if grant.role in _ROLES_BY_NUMBER
    ]
    return Caller(
        subject=answer.subject,
        grants=tuple(grants),
        expire_time=_time(answer.expire_time) if answer.HasField("expire_time") else None,
    )


def _key(key: pb2.ApiKey) -> ApiKey:
    return ApiKey(
        name=key.name,
        display_name=key.display_name,
        roles=tuple(_ROLES_BY_NUMBER[number] for number in key.roles if number in _ROLES_BY_NUMBER),
        cameras=tuple(key.cameras),
        sites=tuple(key.sites),
        groups=tuple(key.groups),
        people=tuple(key.people),
        create_time=key.create_time.ToDatetime(tzinfo=UTC),
        creator=key.creator,
        expire_time=_time(key.expire_time) if key.HasField("expire_time") else None,
        revoke_time=_time(key.revoke_time) if key.HasField("revoke_time") else None,
        last_use_time=_time(key.last_use_time) if key.HasField("last_use_time") else None,
    )


def _time(stamp: Timestamp) -> datetime:
    return stamp.ToDatetime(tzinfo=UTC)
