"""The calls of DocumentService, and the request that starts a watch of check-ins."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import uuid4

from portero.v1 import document_service_pb2 as pb2

from portero_client import convert
from portero_client import document_convert as documents
from portero_client.calls.base import Call, Page, PageCall, unary
from portero_client.calls.images import checked_image
from portero_client.documents import (
    CheckIn,
    CheckInResult,
    Guest,
    ImportedGuests,
    NewGuest,
    ReadDocument,
    ReviewDecision,
)
from portero_client.errors import InvalidArgument
from portero_client.names import CAMERAS, CHECK_INS, GUESTS
from portero_client.privacy import Erasure, ExportRecord
from portero_client.privacy_convert import erasure_from, record_from

_SERVICE = "/portero.v1.DocumentService/"
WATCH_METHOD = _SERVICE + "WatchCheckIns"


def read(images: Sequence[bytes]) -> Call[ReadDocument]:
    """Reads a document from one or two pictures, in any order and orientation."""
    return unary(
        _SERVICE + "ReadDocument",
        pb2.ReadDocumentRequest(images=_checked(images)),
        pb2.ReadDocumentResponse,
        documents.read_from,
        carries_image=True,
    )


def start(camera: str, *, replace: bool, liveness: bool) -> Call[CheckIn]:
    """Begins a check-in from a camera's stream; repeating it begins one."""
    return unary(
        _SERVICE + "StartCheckIn",
        pb2.StartCheckInRequest(
            camera=CAMERAS.name(camera), request_id=str(uuid4()), replace=replace, liveness=liveness
        ),
        pb2.StartCheckInResponse,
        lambda answer: documents.check_in_from(answer.check_in),
    )


def check_in(document: Sequence[bytes], live: bytes | None, camera: str) -> Call[CheckIn]:
    """Checks somebody in with pictures; repeating it makes one check-in."""
    images = documents.images_to(_checked(document), b"" if live is None else checked_image(live, "live_image"))
    request = pb2.StartCheckInRequest(
        camera=CAMERAS.name(camera) if camera else "", images=images, request_id=str(uuid4())
    )
    return unary(
        _SERVICE + "StartCheckIn",
        request,
        pb2.StartCheckInResponse,
        lambda answer: documents.check_in_from(answer.check_in),
        carries_image=True,
    )


def get(name: str) -> Call[CheckIn]:
    """Returns a check-in by name."""
    return unary(
        _SERVICE + "GetCheckIn",
        pb2.GetCheckInRequest(name=CHECK_INS.name(name)),
        pb2.GetCheckInResponse,
        lambda answer: documents.check_in_from(answer.check_in),
    )


def list_pages(
    *,
    camera: str,
    run: str,
    result: CheckInResult,
    undecided: bool,
    since: datetime | None,
    until: datetime | None,
) -> PageCall[CheckIn]:
    """Lists check-ins, latest first; all conditions must hold."""
    request = pb2.ListCheckInsRequest(
        camera=CAMERAS.name(camera) if camera else "",
        run=run,
        result=documents.result_to(result),
        undecided=undecided,
        start_time=convert.time_to(since) if since else None,
        end_time=convert.time_to(until) if until else None,
    )

    def page(page_size: int, page_token: str) -> Call[Page[CheckIn]]:
        paged = pb2.ListCheckInsRequest(page_size=page_size, page_token=page_token)
        paged.MergeFrom(request)
        return unary(
            _SERVICE + "ListCheckIns",
            paged,
            pb2.ListCheckInsResponse,
            lambda answer: Page(
                tuple(documents.check_in_from(each) for each in answer.check_ins), answer.next_page_token
            ),
        )

    return page


def cancel(name: str) -> Call[CheckIn]:
    """Ends a check-in that runs."""
    return unary(
        _SERVICE + "CancelCheckIn",
        pb2.CancelCheckInRequest(name=CHECK_INS.name(name)),
        pb2.CancelCheckInResponse,
        lambda answer: documents.check_in_from(answer.check_in),
    )


def review(name: str, decision: ReviewDecision, reason: str) -> Call[CheckIn]:
    """Stores a person's decision about a check-in."""
    told = pb2.Review(decision=documents.decision_to(decision), reason=reason)
    return unary(
        _SERVICE + "ReviewCheckIn",
        pb2.ReviewCheckInRequest(name=CHECK_INS.name(name), review=told),
        pb2.ReviewCheckInResponse,
        lambda answer: documents.check_in_from(answer.check_in),
    )


def watch_request(after: int | None, camera: str = "") -> pb2.WatchCheckInsRequest:
    """Returns the request for what changed after a position; None means from now on, 0 from the beginning."""
    return pb2.WatchCheckInsRequest(after_position=after, camera=CAMERAS.name(camera) if camera else "")


def erase(name: str) -> Call[Erasure]:
    """Erases a check-in permanently."""
    return unary(
        _SERVICE + "EraseCheckIn",
        pb2.EraseCheckInRequest(name=CHECK_INS.name(name)),
        pb2.EraseCheckInResponse,
        lambda answer: erasure_from(answer.erasure),
    )


def export_pages(run: str, document_number: str) -> PageCall[ExportRecord]:
    """Lists everything stored about the holder of a document."""
    holder = pb2.Holder(run=run, document_number=document_number)

    def page(page_size: int, page_token: str) -> Call[Page[ExportRecord]]:
        return unary(
            _SERVICE + "ExportHolder",
            pb2.ExportHolderRequest(holder=holder, page_size=page_size, page_token=page_token),
            pb2.ExportHolderResponse,
            lambda answer: Page(tuple(record_from(record) for record in answer.records), answer.next_page_token),
        )

    return page


def erase_holder(run: str, document_number: str) -> Call[Erasure]:
    """Erases everything of the holder of a document permanently."""
    return unary(
        _SERVICE + "EraseHolder",
        pb2.EraseHolderRequest(holder=pb2.Holder(run=run, document_number=document_number)),
        pb2.EraseHolderResponse,
        lambda answer: erasure_from(answer.erasure),
    )


def import_guests(guests: Sequence[NewGuest]) -> Call[ImportedGuests]:
    """Adds expected guests; repeating it adds nobody."""
    return unary(
        _SERVICE + "ImportGuests",
        pb2.ImportGuestsRequest(guests=[documents.guest_to(guest) for guest in guests], request_id=str(uuid4())),
        pb2.ImportGuestsResponse,
        documents.imported_from,
    )


def guest_pages(day: date | None) -> PageCall[Guest]:
    """Lists the expected guests of a day, by name of the resource."""

    def page(page_size: int, page_token: str) -> Call[Page[Guest]]:
        return unary(
            _SERVICE + "ListGuests",
            pb2.ListGuestsRequest(
                page_size=page_size, page_token=page_token, arrival_date="" if day is None else day.isoformat()
            ),
            pb2.ListGuestsResponse,
            lambda answer: Page(tuple(documents.guest_from(guest) for guest in answer.guests), answer.next_page_token),
        )

    return page


def delete_guest(name: str) -> Call[None]:
    """Removes an expected guest permanently."""
    return unary(
        _SERVICE + "DeleteGuest",
        pb2.DeleteGuestRequest(name=GUESTS.name(name)),
        pb2.DeleteGuestResponse,
        lambda _: None,
    )


def _checked(images: Sequence[bytes]) -> list[bytes]:
    if not 1 <= len(images) <= 2:
        raise InvalidArgument(
            f"a document needs one or two pictures, not {len(images)}", field="images", reason="WRONG_NUMBER"
        )
    return [checked_image(image, "images") for image in images]
