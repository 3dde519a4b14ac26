"""Every unary call of the API as a value, without I/O; one module for each kind of resource."""

from portero_client.calls import (
    attendance,
    attendance_groups,
    audit,
    cameras,
    collections,
    decisions,
    health,
    images,
    keys,
    people,
    reviews,
    sightings,
    snapshots,
    subscriptions,
    usage,
    visitors,
)
from portero_client.calls.base import Call, Page, PageCall

__all__ = [
    "Call",
    "Page",
    "PageCall",
    "attendance",
    "attendance_groups",
    "audit",
    "cameras",
    "collections",
    "decisions",
    "health",
    "images",
    "keys",
    "people",
    "reviews",
    "sightings",
    "snapshots",
    "subscriptions",
    "usage",
    "visitors",
]
