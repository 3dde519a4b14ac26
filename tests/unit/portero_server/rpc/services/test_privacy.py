"""PrivacyService over a real connection and a real database."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import gallery_service_pb2, gallery_service_pb2_grpc, privacy_service_pb2_grpc
from portero.v1 import privacy_service_pb2 as pb

from portero_server.engines.scripted import ScriptedEngine
from portero_server.gallery.findings import GalleryCheck
from portero_server.gallery.mirror import GalleryMirror
from portero_server.gallery.rebuild import VaultAccess
from portero_server.gallery.service import Gallery
from portero_server.privacy.erasure import Eraser
from portero_server.privacy.name_revocation import NameRevocation
from portero_server.privacy.person_export import PersonExport
from portero_server.recognition.images import Images
from portero_server.rpc.services.gallery import GalleryServicer
from portero_server.rpc.services.privacy import PrivacyServicer
from portero_server.store.commit.recording import Recording
from portero_server.store.consents import ConsentStore
from portero_server.store.database import Database
from portero_server.store.erasures import ErasureStore
from portero_server.store.exports import ExportStore
from portero_server.store.look_alikes import LookAlikeStore
from portero_server.store.people import PeopleStore
from portero_server.store.streams import StreamStore
from portero_server.store.uncompared_faces import UncomparedFaceStore
from portero_server.telemetry.metrics import Metrics
from tests.support.images.patch_photos import ANA, photo
from tests.support.server.collection_parts import collection_parts
from tests.support.server.face_rebuild import no_collections, rebuild_of
from tests.support.server.gallery_transfer import adoption_of, transfer_of
from tests.support.server.people_merging import merger_of
from tests.support.server.photo_vault import vault_in
from tests.support.server.serving import Serve
from tests.support.store.commits import commit_of, decided, recognition
from tests.support.time.virtual_time import ManualClock

ANAS = "people/ana"


@dataclass(frozen=True, slots=True)
class Office:
    """Clients of the two services that privacy is about."""

    privacy: privacy_service_pb2_grpc.PrivacyServiceAsyncStub
    gallery: gallery_service_pb2_grpc.GalleryServiceAsyncStub
    streams: StreamStore
    recording: Recording

    async def found(self) -> list[str]:
        """Returns whom a photograph of Ana shows."""
        answer = await self.gallery.SearchByImage(gallery_service_pb2.SearchByImageRequest(image=photo(ANA)))
        return [face.match.person for face in answer.faces if face.HasField("match")]

    async def enroll(self) -> None:
        """Teaches Ana's face."""
        await self.gallery.EnrollFace(gallery_service_pb2.EnrollFaceRequest(parent=ANAS, image=photo(ANA)))


async def _office(
    database: Database, serve: Serve, *, required: bool = False, access: VaultAccess | None = None
) -> Office:
    clock, engine = ManualClock(), ScriptedEngine()
    people = PeopleStore(database, clock, consent_required=required)
    consents = ConsentStore(database, clock, consent_required=required)
    mirror = GalleryMirror(engine, people, refresh=5)
    await mirror.load()
    name_revocation = NameRevocation(lambda: (), people.display_names, interval=5)
    eraser = Eraser(
        ErasureStore(database, clock),
        database,
        engine,
        mirror,
        name_revocation,
        Metrics(version="0", engine="scripted").privacy,
        vault=None if access is None else access.vault,
        interval=5,
    )
    gallery = Gallery(
        engine,
        people,
        mirror,
        clock,
        check_learnable=consents.check_learnable,
        vault=None if access is None else access.vault,
    )
    edge = await serve(
        [
            GalleryServicer(
                gallery,
                GalleryCheck(engine, people, LookAlikeStore(database, clock), UncomparedFaceStore(database, clock)),
                *collection_parts(engine, database, people, clock),
                transfer_of(engine, database, people, mirror, clock, consent_required=required),
                adoption_of(engine, database, mirror, clock, consent_required=required),
                rebuild_of(engine, gallery),
                no_collections(database, clock),
                merger_of(database, people, mirror, clock, vault=None if access is None else access.vault),
                Images(engine, people, engine.traits.policy),
                clock,
            ),
            PrivacyServicer(
                people, consents, PersonExport(ExportStore(database), access), eraser, name_revocation, clock
            ),
        ]
    )
    office = Office(
        privacy_service_pb2_grpc.PrivacyServiceStub(edge.channel),
        gallery_service_pb2_grpc.GalleryServiceStub(edge.channel),
        StreamStore(database, clock),
        Recording(database, clock),
    )
    person = gallery_service_pb2.Person(display_name="Ana", labels={"class": "3b"})
    await office.gallery.CreatePerson(gallery_service_pb2.CreatePersonRequest(person=person, person_id="ana"))
    return office


def _consent(**changes: object) -> pb.Consent:
    told = {"purpose": "attendance", "text_version": "2026-01", "channel": "paper", "guardian": "Eva Luz"}
    return pb.Consent(**(told | changes))  # type: ignore[arg-type]  # fields of Consent


async def test_erasing_ends_recognition_and_can_be_proven(database: Database, serve: Serve) -> None:
    """After erasing nobody is found on the photograph, the proof is clean, and the id is not given out again."""
    office = await _office(database, serve)
    await office.enroll()
    assert await office.found() == [ANAS]
    erasure = (await office.privacy.ErasePerson(pb.ErasePersonRequest(name=ANAS))).erasure
    assert erasure.sound
    assert {count.place: count.count for count in erasure.removed}["faces"] == 1
    assert await office.found() == []
    assert (await office.privacy.GetErasure(pb.GetErasureRequest(name=erasure.name))).erasure == erasure
    proof = await office.privacy.VerifyErasure(pb.VerifyErasureRequest(person=ANAS))
    assert proof.clean
    assert not proof.remains
    person = gallery_service_pb2.Person(display_name="Ana")
    with pytest.raises(grpc.aio.AioRpcError, match="was erased") as caught:
        await office.gallery.CreatePerson(gallery_service_pb2.CreatePersonRequest(person=person, person_id="ana"))
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION


async def test_blocking_ends_recognition_and_unblocking_brings_it_back(database: Database, serve: Serve) -> None:
    """A blocked person is on no photograph, though known; the block tells why and since when."""
    office = await _office(database, serve)
    await office.enroll()
    blocked = (await office.privacy.BlockPerson(pb.BlockPersonRequest(name=ANAS, reason="asked"))).privacy
    assert (blocked.blocked, blocked.block_reason, blocked.recognizable) == (True, "asked", False)
    assert await office.found() == []
    free = (await office.privacy.UnblockPerson(pb.UnblockPersonRequest(name=ANAS))).privacy
    assert (free.blocked, free.recognizable) == (False, True)
    assert await office.found() == [ANAS]


async def test_where_consent_is_required_it_comes_first(database: Database, serve: Serve) -> None:
    """Enrolling without consent is refused with what to do; withdrawn, the person is found no more."""
    office = await _office(database, serve, required=True)
    with pytest.raises(grpc.aio.AioRpcError, match="has no valid consent") as caught:
        await office.enroll()
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    request = pb.RecordConsentRequest(
        parent=ANAS, consent=_consent(), request_id="6a5f1c1e-8d6b-4c7e-9a38-0c7d0c3a1f55"
    )
    given = (await office.privacy.RecordConsent(request)).consent
    assert (await office.privacy.RecordConsent(request)).consent == given
    assert (given.guardian, given.HasField("withdraw_time")) == ("Eva Luz", False)
    await office.enroll()
    assert await office.found() == [ANAS]
    ended = (await office.privacy.WithdrawConsent(pb.WithdrawConsentRequest(name=f"{ANAS}/consents/-"))).consents
    assert [each.name for each in ended] == [given.name]
    assert ended[0].HasField("withdraw_time")
    assert await office.found() == []
    privacy = (await office.privacy.GetPersonPrivacy(pb.GetPersonPrivacyRequest(name=ANAS))).privacy
    assert list(privacy.consents) == list(ended)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"purpose": ""}, "consent.purpose"),
        ({"text_version": "x" * 64}, "consent.text_version"),
        ({"channel": "\n"}, "consent.channel"),
        ({"guardian": "\x00"}, "consent.guardian"),
        ({"give_time": Timestamp(seconds=4_000_000_000)}, "consent.give_time"),
        ({"expire_time": Timestamp(seconds=1)}, "consent.expire_time"),
    ],
)
async def test_a_malformed_consent_is_refused(
    database: Database, serve: Serve, changes: dict[str, object], field: str
) -> None:
    """The error names the field that is wrong."""
    office = await _office(database, serve)
    with pytest.raises(grpc.aio.AioRpcError, match=field) as caught:
        await office.privacy.RecordConsent(pb.RecordConsentRequest(parent=ANAS, consent=_consent(**changes)))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_an_export_holds_everything_a_page_at_a_time(database: Database, serve: Serve) -> None:
    """Every row of the person, and of nobody else, comes once, with its values readable."""
    office = await _office(database, serve)
    await office.enroll()
    await office.privacy.RecordConsent(pb.RecordConsentRequest(parent=ANAS, consent=_consent()))
    stream = await office.streams.open("door", "e1", "s1")
    tracks = [decided(f"t{number}", "ana", 100 * number) for number in range(3)]
    answers = [recognition("r1", "t1", "ana"), recognition("r2", "t2", None)]
    await office.recording.commit([commit_of(stream, *tracks, decided("t9", None, 1), recognitions=answers)])
    request = pb.ExportPersonRequest(name=ANAS, page_size=2)
    records: list[pb.ExportRecord] = []
    while True:
        answer = await office.privacy.ExportPerson(request)
        records += answer.records
        assert len(answer.records) <= 2
        if not answer.next_page_token:
            break
        request.page_token = answer.next_page_token
    kinds = [record.kind for record in records]
    assert kinds == ["person", "face", "consent", "sighting", "sighting", "sighting", "recognition"]
    values = [json.loads(record.json) for record in records]
    assert values[0]["labels"] == {"class": "3b"}
    assert values[1]["embedding"]
    assert values[2]["guardian"] == "Eva Luz"
    assert {value["display_name"] for value in values[3:6]} == {"Ana"}
    assert values[6]["captured_at"].endswith("Z")


async def test_of_nobody_there_is_nothing(database: Database, serve: Serve) -> None:
    """Every call for a person of whom nothing is stored is NOT_FOUND."""
    office = await _office(database, serve)
    nobody = "people/nobody"
    for call in (
        office.privacy.GetPersonPrivacy(pb.GetPersonPrivacyRequest(name=nobody)),
        office.privacy.RecordConsent(pb.RecordConsentRequest(parent=nobody, consent=_consent())),
        office.privacy.WithdrawConsent(pb.WithdrawConsentRequest(name=f"{nobody}/consents/-")),
        office.privacy.BlockPerson(pb.BlockPersonRequest(name=nobody)),
        office.privacy.UnblockPerson(pb.UnblockPersonRequest(name=nobody)),
        office.privacy.ExportPerson(pb.ExportPersonRequest(name=nobody)),
        office.privacy.ErasePerson(pb.ErasePersonRequest(name=nobody)),
        office.privacy.GetErasure(pb.GetErasureRequest(name="erasures/none")),
        office.privacy.VerifyErasure(pb.VerifyErasureRequest(person=nobody)),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_photos_are_exported_and_erased_with_the_person(database: Database, serve: Serve, tmp_path: Path) -> None:
    """With consent the export holds the photo as it was enrolled; the receipt counts it, and nothing is left of it."""
    vault = vault_in(tmp_path / "photos", database, ManualClock())
    office = await _office(database, serve, access=vault.access)
    await office.privacy.RecordConsent(
        pb.RecordConsentRequest(parent=ANAS, consent=_consent(purpose="keep-photos", guardian=""))
    )
    await office.enroll()
    assert await office.found() == [ANAS]
    answer = await office.privacy.ExportPerson(pb.ExportPersonRequest(name=ANAS))
    [record] = [each for each in answer.records if each.kind == "photo"]
    assert record.content == photo(ANA)
    assert json.loads(record.json)["state"] == "kept"
    erasure = (await office.privacy.ErasePerson(pb.ErasePersonRequest(name=ANAS))).erasure
    assert erasure.sound
    assert {count.place: count.count for count in erasure.removed}["photos"] == 1
    assert vault.objects() == []
    proof = await office.privacy.VerifyErasure(pb.VerifyErasureRequest(person=ANAS))
    assert (proof.clean, list(proof.remains)) == (True, [])
    await vault.vault.aclose()


async def test_a_consent_to_keep_photos_is_none_to_be_recognized(database: Database, serve: Serve) -> None:
    """Where consent is required it allows no enrollment; where it is not, its withdrawal ends no recognition."""
    request = pb.RecordConsentRequest(parent=ANAS, consent=_consent(purpose="keep-photos"))
    office = await _office(database, serve, required=True)
    await office.privacy.RecordConsent(request)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await office.enroll()
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert not (await office.privacy.GetPersonPrivacy(pb.GetPersonPrivacyRequest(name=ANAS))).privacy.recognizable


async def test_withdrawing_the_consent_to_keep_photos_ends_no_recognition(database: Database, serve: Serve) -> None:
    """Somebody who was never asked about being recognized is recognized as before."""
    office = await _office(database, serve)
    await office.enroll()
    await office.privacy.RecordConsent(pb.RecordConsentRequest(parent=ANAS, consent=_consent(purpose="keep-photos")))
    await office.privacy.WithdrawConsent(pb.WithdrawConsentRequest(name=f"{ANAS}/consents/-"))
    assert await office.found() == [ANAS]
