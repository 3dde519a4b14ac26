"""Converts visitor messages to dataclasses."""

from __future__ import annotations

from portero.v1 import visitor_service_pb2 as pb2

from portero_client.convert import time_from
from portero_client.visitors import ForgetReceipt, PromotedVisitor, Visitor


def visitor_from(message: pb2.Visitor) -> Visitor:
    """Returns a Visitor for a protobuf message."""
    return Visitor(
        name=message.name,
        site=message.site,
        create_time=time_from(message.create_time),
        first_seen_time=time_from(message.first_seen_time),
        last_seen_time=time_from(message.last_seen_time),
        visit_count=message.visit_count,
        cameras=tuple(message.cameras),
        encoding_count=message.encoding_count,
        encode_time=time_from(message.encode_time) if message.HasField("encode_time") else None,
    )


def receipt_from(message: pb2.ForgetReceipt) -> ForgetReceipt:
    """Returns a ForgetReceipt for a protobuf message."""
    return ForgetReceipt(
        visitors=tuple(message.visitors),
        forget_time=time_from(message.forget_time),
        encodings=message.encodings,
        sightings=message.sightings,
        overwrite_time=time_from(message.overwrite_time) if message.HasField("overwrite_time") else None,
        verified=message.verified,
        remains=tuple(message.remains),
    )


def promotion_from(message: pb2.PromoteVisitorResponse) -> PromotedVisitor:
    """Returns a PromotedVisitor for a protobuf message."""
    return PromotedVisitor(message.sightings, message.left, receipt_from(message.receipt))
