"""AccessService in memory."""

from __future__ import annotations

import grpc
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import access_service_pb2 as pb2

from tests.support.client.wire import Refusal, UnaryMethod

NOON = Timestamp(seconds=1_772_452_800)


class FakeKeys:
    """Keeps keys; the text of each is its id in capitals.

    Attributes:
        keys: By resource name.
        caller: Who everybody is.
        refusal: Why nobody is anybody; None: all are let in.
    """

    def __init__(self) -> None:
        self.keys: dict[str, pb2.ApiKey] = {}
        self.refusal: Refusal | None = None
        self.caller = pb2.GetCallerResponse(subject="local", grants=[pb2.Grant(role=pb2.ROLE_ADMIN)])

    def methods(self) -> dict[str, tuple[type, UnaryMethod]]:
        """Returns the RPCs by name."""
        return {
            "GetCaller": (pb2.GetCallerRequest, self._caller),
            "CreateKey": (pb2.CreateKeyRequest, self._create),
            "ListKeys": (pb2.ListKeysRequest, self._list),
            "RevokeKey": (pb2.RevokeKeyRequest, self._revoke),
        }

    async def _caller(self, request: pb2.GetCallerRequest) -> Message:
        if self.refusal is not None:
            raise self.refusal
        return self.caller

    async def _create(self, request: pb2.CreateKeyRequest) -> Message:
        key = pb2.ApiKey()
        key.CopyFrom(request.key)
        key.name = f"keys/k{len(self.keys)}"
        key.creator = "local"
        key.create_time.CopyFrom(NOON)
        self.keys[key.name] = key
        return pb2.CreateKeyResponse(key=key, text=key.name.removeprefix("keys/").upper())

    async def _list(self, request: pb2.ListKeysRequest) -> Message:
        return pb2.ListKeysResponse(keys=self.keys.values())

    async def _revoke(self, request: pb2.RevokeKeyRequest) -> Message:
        if request.name not in self.keys:
            raise Refusal(grpc.StatusCode.NOT_FOUND, f"{request.name} does not exist")
        self.keys[request.name].revoke_time.CopyFrom(NOON)
        return pb2.RevokeKeyResponse(key=self.keys[request.name])
