"""Implements PrivacyService: consent, blocking, export and erasure."""
# ruff: noqa: N802 - methods are named as in the proto

from __future__ import annotations

from uuid import UUID, uuid4

from portero.v1 import privacy_service_pb2 as pb
from portero.v1 import privacy_service_pb2_grpc

from portero_server.clock import Clock
from portero_server.domain.people.privacy import checked_words
from portero_server.errors import InvalidInput
from portero_server.privacy.erasure import Eraser
from portero_server.privacy.name_revocation import NameRevocation
from portero_server.privacy.person_export import PersonExport
from portero_server.rpc.paging import Listing, checked_page_size
from portero_server.rpc.privacy_convert import (
    consent_from_proto,
    consent_to_proto,
    erasure_to_proto,
    privacy_to_proto,
    remains_to_proto,
)
from portero_server.rpc.requests import Context
from portero_server.rpc.resource_names import parse_consent, parse_erasure, parse_person
from portero_server.store.consents import ConsentStore
from portero_server.store.people import PeopleStore

_ALL = "-"
_LONGEST_REASON = 200


class PrivacyServicer(privacy_service_pb2_grpc.PrivacyServiceServicer):
    """Handles the rights of people over their data."""

    def __init__(
        self,
        people: PeopleStore,
        consents: ConsentStore,
        export: PersonExport,
        eraser: Eraser,
        name_revocation: NameRevocation,
        clock: Clock,
    ) -> None:
        self._people = people
        self._consents = consents
        self._export = export
        self._eraser = eraser
        self._name_revocation = name_revocation
        self._clock = clock

    async def GetPersonPrivacy(
        self, request: pb.GetPersonPrivacyRequest, context: Context
    ) -> pb.GetPersonPrivacyResponse:
        """Returns the consents, block and recognizability of a person."""
        return pb.GetPersonPrivacyResponse(privacy=await self._privacy(parse_person(request.name, "name")))

    async def RecordConsent(self, request: pb.RecordConsentRequest, context: Context) -> pb.RecordConsentResponse:
        """Records that a person agreed to be recognized."""
        person_id = parse_person(request.parent, "parent")
        consent = await self._consents.record(
            consent_from_proto(
                request.consent, person_id, _consent_id(request.request_id), self._clock.now(), "consent"
            )
        )
        return pb.RecordConsentResponse(consent=consent_to_proto(consent))

    async def WithdrawConsent(self, request: pb.WithdrawConsentRequest, context: Context) -> pb.WithdrawConsentResponse:
        """Withdraws one consent of a person, or all."""
        person_id, consent_id = parse_consent(request.name, "name")
        ended = await self._consents.withdraw(person_id, None if consent_id == _ALL else consent_id)
        await self._name_revocation.catch_up()
        return pb.WithdrawConsentResponse(consents=[consent_to_proto(consent) for consent in ended])

    async def BlockPerson(self, request: pb.BlockPersonRequest, context: Context) -> pb.BlockPersonResponse:
        """Blocks a person: no face is recognized as this person from now on."""
        person_id = parse_person(request.name, "name")
        await self._consents.block(person_id, checked_words(request.reason, "reason", _LONGEST_REASON, required=False))
        await self._name_revocation.catch_up()
        return pb.BlockPersonResponse(privacy=await self._privacy(person_id))

    async def UnblockPerson(self, request: pb.UnblockPersonRequest, context: Context) -> pb.UnblockPersonResponse:
        """Ends the block of a person."""
        person_id = parse_person(request.name, "name")
        await self._consents.unblock(person_id)
        return pb.UnblockPersonResponse(privacy=await self._privacy(person_id))

    async def ExportPerson(self, request: pb.ExportPersonRequest, context: Context) -> pb.ExportPersonResponse:
        """Returns everything stored about a person, one page at a time."""
        person_id = parse_person(request.name, "name")
        size = checked_page_size(request.page_size)
        listing = Listing("export", (person_id,))
        cursor = listing.cursor(request.page_token, parts=2)
        after = (cursor[0], cursor[1]) if cursor else None
        page, last = await self._export.page(person_id, size, after)
        return pb.ExportPersonResponse(
            records=[pb.ExportRecord(kind=record.kind, json=record.json, content=record.content) for record in page],
            next_page_token=listing.token([last.kind, last.key]) if last else "",
        )

    async def ErasePerson(self, request: pb.ErasePersonRequest, context: Context) -> pb.ErasePersonResponse:
        """Erases a person permanently."""
        erasure = await self._eraser.erase(parse_person(request.name, "name"))
        return pb.ErasePersonResponse(erasure=erasure_to_proto(erasure))

    async def GetErasure(self, request: pb.GetErasureRequest, context: Context) -> pb.GetErasureResponse:
        """Returns an erasure by its own name."""
        erasure = await self._eraser.get(parse_erasure(request.name, "name"))
        return pb.GetErasureResponse(erasure=erasure_to_proto(erasure))

    async def VerifyErasure(self, request: pb.VerifyErasureRequest, context: Context) -> pb.VerifyErasureResponse:
        """Searches every table for traces of an erased person."""
        found = await self._eraser.verify(parse_person(request.person, "person"))
        return pb.VerifyErasureResponse(
            erasure=erasure_to_proto(found.erasure), remains=remains_to_proto(found.remains), clean=found.clean
        )

    async def _privacy(self, person_id: str) -> pb.PersonPrivacy:
        found = await self._consents.of(person_id)
        if not found.consents:
            # A deleted person may still have stored consents; a person who never existed has none.
            await self._people.get(person_id)
        return privacy_to_proto(person_id, found)


def _consent_id(request_id: str) -> str:
    if not request_id:
        return uuid4().hex
    try:
        return UUID(request_id).hex
    except ValueError:
        raise InvalidInput("request_id", "request_id must be a UUID") from None
