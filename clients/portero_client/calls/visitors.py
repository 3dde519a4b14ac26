"""The calls of VisitorService."""

from __future__ import annotations

from portero.v1 import visitor_service_pb2 as pb2

from portero_client import visitor_convert as convert
from portero_client.calls.base import Call, Page, PageCall, unary
from portero_client.names import PEOPLE, VISITORS
from portero_client.visitors import ForgetReceipt, PromotedVisitor, Visitor

_SERVICE = "/portero.v1.VisitorService/"
_NAMING = 60.0
"""Seconds: each sighting is a transaction of its own."""


def get(visitor: str) -> Call[Visitor]:
    """Returns a visitor."""
    return unary(
        _SERVICE + "GetVisitor",
        pb2.GetVisitorRequest(name=VISITORS.name(visitor)),
        pb2.GetVisitorResponse,
        lambda answer: convert.visitor_from(answer.visitor),
    )


def list_pages(site: str) -> PageCall[Visitor]:
    """Lists visitors, the newest first."""

    def page(page_size: int, page_token: str) -> Call[Page[Visitor]]:
        return unary(
            _SERVICE + "ListVisitors",
            pb2.ListVisitorsRequest(site=site, page_size=page_size, page_token=page_token),
            pb2.ListVisitorsResponse,
            lambda answer: Page(tuple(map(convert.visitor_from, answer.visitors)), answer.next_page_token),
        )

    return page


def merge(visitor: str, other: str) -> Call[Visitor]:
    """Makes two visitors one."""
    return unary(
        _SERVICE + "MergeVisitors",
        pb2.MergeVisitorsRequest(name=VISITORS.name(visitor), other=VISITORS.name(other)),
        pb2.MergeVisitorsResponse,
        lambda answer: convert.visitor_from(answer.visitor),
    )


def promote(visitor: str, person: str, note: str) -> Call[PromotedVisitor]:
    """Makes a visitor a person."""
    return unary(
        _SERVICE + "PromoteVisitor",
        pb2.PromoteVisitorRequest(name=VISITORS.name(visitor), person=PEOPLE.name(person), note=note),
        pb2.PromoteVisitorResponse,
        convert.promotion_from,
        patience=_NAMING,
    )


def forget(visitor: str, *, verify: bool) -> Call[ForgetReceipt]:
    """Erases a visitor."""
    return unary(
        _SERVICE + "ForgetVisitor",
        pb2.ForgetVisitorRequest(name=VISITORS.name(visitor), verify=verify),
        pb2.ForgetVisitorResponse,
        lambda answer: convert.receipt_from(answer.receipt),
        # A search reads the whole database, so it is given the longer time.
        carries_image=verify,
    )


def forget_face(image: bytes, *, verify: bool, dry_run: bool) -> Call[ForgetReceipt]:
    """Erases every visitor who matches a photo."""
    return unary(
        _SERVICE + "ForgetFace",
        pb2.ForgetFaceRequest(image=image, verify=verify, dry_run=dry_run),
        pb2.ForgetFaceResponse,
        lambda answer: convert.receipt_from(answer.receipt),
        carries_image=True,
    )
