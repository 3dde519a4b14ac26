"""Implements AccessService: who the caller is; creating, listing and revoking API keys."""
# ruff: noqa: N802 - methods are named as in the proto

from __future__ import annotations

from portero.v1 import access_service_pb2 as pb
from portero.v1 import access_service_pb2_grpc

from portero_server.access.key_service import ApiKeyService, KeyRequest
from portero_server.domain.access.identities import Role
from portero_server.domain.access.keys import ApiKey
from portero_server.errors import InvalidInput
from portero_server.rpc.auth.caller import current_caller
from portero_server.rpc.convert import time_from_proto, time_to_proto
from portero_server.rpc.paging import Listing, checked_page_size, cut
from portero_server.rpc.requests import Context
from portero_server.rpc.resource_names import (
    camera_name,
    group_name,
    key_name,
    parse_camera,
    parse_group,
    parse_key,
    parse_person,
    person_name,
)

ROLES = {
    Role.BRIDGE: pb.ROLE_BRIDGE,
    Role.READER: pb.ROLE_READER,
    Role.OPERATOR: pb.ROLE_OPERATOR,
    Role.CHECK_IN_DESK: pb.ROLE_CHECK_IN_DESK,
    Role.ADMIN: pb.ROLE_ADMIN,
    Role.METRICS: pb.ROLE_METRICS,
    Role.TEACHER: pb.ROLE_TEACHER,
    Role.GUARDIAN: pb.ROLE_GUARDIAN,
}
_ROLES_BY_NUMBER: dict[int, Role] = {number: role for role, number in ROLES.items()}


class AccessServicer(access_service_pb2_grpc.AccessServiceServicer):
    """Says who the caller is; creates, lists and revokes API keys."""

    def __init__(self, office: ApiKeyService) -> None:
        self._key_service = office

    async def GetCaller(self, request: pb.GetCallerRequest, context: Context) -> pb.GetCallerResponse:
        """Returns who the caller is, as its credential proved."""
        identity = current_caller().identity
        return pb.GetCallerResponse(
            subject=identity.subject,
            grants=[
                pb.Grant(
                    role=ROLES[grant.role],
                    cameras=sorted(camera_name(camera) for camera in grant.scope.cameras),
                    sites=sorted(grant.scope.sites),
                    groups=sorted(map(group_name, grant.scope.groups)),
                    people=sorted(map(person_name, grant.scope.people)),
                )
                for grant in sorted(identity.grants, key=lambda grant: grant.role.value)
            ],
            expire_time=None if identity.expires_at is None else time_to_proto(identity.expires_at),
        )

    async def CreateKey(self, request: pb.CreateKeyRequest, context: Context) -> pb.CreateKeyResponse:
        """Creates a key and returns its text, which is shown only this once."""
        wanted = request.key
        expires_at = time_from_proto(wanted.expire_time, "key.expire_time") if wanted.HasField("expire_time") else None
        key, text = await self._key_service.create(
            KeyRequest(
                wanted.display_name,
                frozenset(_role(number) for number in wanted.roles),
                frozenset(parse_camera(camera, "key.cameras") for camera in wanted.cameras),
                frozenset(wanted.sites),
                expires_at,
                frozenset(parse_group(group, "key.groups") for group in wanted.groups),
                frozenset(parse_person(person, "key.people") for person in wanted.people),
            ),
            created_by=current_caller().identity.subject,
        )
        return pb.CreateKeyResponse(key=_to_proto(key), text=text)

    async def ListKeys(self, request: pb.ListKeysRequest, context: Context) -> pb.ListKeysResponse:
        """Lists keys in order of their resource names."""
        size = checked_page_size(request.page_size)
        listing = Listing("keys")
        cursor = listing.cursor(request.page_token, parts=1)
        page, last = cut(await self._key_service.list(size + 1, cursor[0] if cursor else None), size)
        return pb.ListKeysResponse(
            keys=[_to_proto(key) for key in page], next_page_token=listing.token([last.key_id]) if last else ""
        )

    async def RevokeKey(self, request: pb.RevokeKeyRequest, context: Context) -> pb.RevokeKeyResponse:
        """Revokes a key, so that it can never be used again."""
        return pb.RevokeKeyResponse(key=_to_proto(await self._key_service.revoke(parse_key(request.name, "name"))))


def _role(number: int) -> Role:
    role = _ROLES_BY_NUMBER.get(number)
    if role is None:
        raise InvalidInput("key.roles", "key.roles may be any Role of the proto but ROLE_UNSPECIFIED")
    return role


def _to_proto(key: ApiKey) -> pb.ApiKey:
    return pb.ApiKey(
        name=key_name(key.key_id),
        display_name=key.display_name,
        roles=sorted(ROLES[role] for role in key.roles),
        cameras=sorted(camera_name(camera) for camera in key.scope.cameras),
        sites=sorted(key.scope.sites),
        groups=sorted(map(group_name, key.scope.groups)),
        people=sorted(map(person_name, key.scope.people)),
        expire_time=None if key.expires_at is None else time_to_proto(key.expires_at),
        create_time=time_to_proto(key.created_at),
        creator=key.created_by,
        revoke_time=None if key.revoked_at is None else time_to_proto(key.revoked_at),
        last_use_time=None if key.last_used_at is None else time_to_proto(key.last_used_at),
    )
