"""The caller of a call, as servicers and records see it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from portero.v1 import gallery_service_pb2 as pb
from portero.v1 import gallery_service_pb2_grpc as pb_grpc

from portero_server.domain.access.identities import LOCAL_ADMIN, AuthMethod, Grant, Identity, Role
from portero_server.rpc.auth.caller import Caller, calling, current_caller, peer_address
from tests.support.server.rpc_edge import servicer
from tests.support.server.serving import Serve

_ANA = Caller(Identity("keys/ana", AuthMethod.KEY, (Grant(Role.READER),)), "192.0.2.7")


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("ipv4:192.0.2.7:5000", "192.0.2.7"),
        ("ipv6:[::1]:5000", "::1"),
        ("ipv6:%5B2001:db8::1%5D:5000", "2001:db8::1"),
        ("ipv6:%5B::ffff:192.0.2.7%5D:5000", "192.0.2.7"),
        ("unix:/run/portero", "local"),
        ("unix:", "local"),
        ("", "unknown"),
        ("ipv4:nonsense:5000", "unknown"),
    ],
)
def test_the_peer_is_an_address(peer: str, address: str) -> None:
    """What gRPC calls the peer becomes an address without port, the same for either form of IPv4."""
    assert peer_address(peer) == address


async def test_tasks_made_for_a_caller_know_it() -> None:
    """A task knows the caller it was made for also after the maker has gone on to another."""

    async def who() -> str:
        await asyncio.sleep(0)
        return current_caller().identity.subject

    with calling(_ANA):
        task = asyncio.create_task(who())
    assert current_caller().identity is LOCAL_ADMIN
    assert await task == "keys/ana"


async def test_a_servicer_knows_its_caller(serve: Serve) -> None:
    """Without authentication a servicer's caller is the local admin, with the address of the connection."""
    seen: list[Caller] = []

    async def get(request: pb.GetPersonRequest, context: Any) -> pb.GetPersonResponse:
        seen.append(current_caller())
        return pb.GetPersonResponse()

    edge = await serve([servicer(pb_grpc.GalleryServiceServicer, GetPerson=get)])
    await pb_grpc.GalleryServiceStub(edge.channel).GetPerson(pb.GetPersonRequest(name="people/ana"))
    assert [(caller.identity, caller.peer) for caller in seen] == [(LOCAL_ADMIN, "127.0.0.1")]
