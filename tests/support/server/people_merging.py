"""The merging of people, as the composition builds it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from portero_server.clock import Clock
from portero_server.gallery.mirror import GalleryMirror
from portero_server.gallery.people_merging import PeopleMerger
from portero_server.gallery.photo_vault import PhotoVault
from portero_server.store.database import Database
from portero_server.store.merging.people import PeopleMergeStore
from portero_server.store.people import PeopleStore
from portero_server.telemetry.metrics import Metrics

GAP = timedelta(minutes=5)


def merger_of(
    database: Database,
    people: PeopleStore,
    mirror: GalleryMirror,
    clock: Clock,
    *,
    vault: PhotoVault | None = None,
    notify: Callable[[int], None] = lambda _position: None,
    metrics: Metrics | None = None,
) -> PeopleMerger:
    """Returns what makes two people one; visits are five minutes apart."""
    counted = (metrics or Metrics(version="0", engine="scripted")).gallery
    store = PeopleMergeStore(database, clock, visit_gap=GAP)
    return PeopleMerger(store, people, mirror, vault, notify, counted.people_merged)
