"""Real servers on loopback ports, with a channel to each; and all services behind one, on SQLite."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest

from portero_server.clock import SystemClock
from portero_server.engines.scripted import PatchDetector, ScriptedEngine
from portero_server.gallery.findings import GalleryCheck
from portero_server.gallery.mirror import GalleryMirror
from portero_server.gallery.photo_guard import PhotoGuard
from portero_server.gallery.reviews import Reviews
from portero_server.gallery.service import Gallery
from portero_server.gallery.what_if import Replays
from portero_server.recognition.images import Images
from portero_server.rpc.admission import CallLimits
from portero_server.rpc.server import ServerOptions, build_server
from portero_server.rpc.services.cameras import CameraServicer
from portero_server.rpc.services.decisions import DecisionServicer
from portero_server.rpc.services.gallery import GalleryServicer
from portero_server.rpc.services.recognition import RecognitionServicer
from portero_server.rpc.services.sightings import SightingServicer
from portero_server.rpc.services.snapshots import SnapshotServicer
from portero_server.store.cameras import CameraStore
from portero_server.store.commit.recording import Recording
from portero_server.store.database import Database
from portero_server.store.decisions import DecisionStore
from portero_server.store.look_alikes import LookAlikeStore
from portero_server.store.people import PeopleStore
from portero_server.store.sighting_reviews import SightingReviewStore
from portero_server.store.sightings import SightingStore
from portero_server.store.streams import StreamStore
from portero_server.store.uncompared_faces import UncomparedFaceStore
from portero_server.telemetry.metrics import Metrics
from portero_server.watching.watch import Watch, WatchPolicy
from tests.support.server.collection_parts import collection_parts
from tests.support.server.face_rebuild import no_collections, rebuild_of
from tests.support.server.gallery_transfer import adoption_of, transfer_of
from tests.support.server.open_access import open_access
from tests.support.server.people_merging import merger_of
from tests.support.server.photo_vault import vault_in
from tests.support.server.picture_house import PictureHouse
from tests.support.server.rpc_edge import RecordingObserver
from tests.support.server.serving import Edge, EngineDoor, House, OpenStreams, Serve, echo
from tests.support.server.sighting_exports import export_of
from tests.support.server.snapshot_house import SnapshotHouse
from tests.support.time.virtual_time import ManualClock


@pytest.fixture
async def house(database: Database, serve: Serve, tmp_path: Path) -> AsyncIterator[House]:
    """A server with every service, the scripted engine, real stores and nobody in the gallery."""
    door, clock, live = EngineDoor(), ManualClock(), OpenStreams()
    engine = ScriptedEngine(sleep=door)
    people, sightings = PeopleStore(database, clock), SightingStore(database)
    watch = Watch(sightings.events_after, sightings.last_position, WatchPolicy(heartbeat=15, page=3))
    cameras, decisions = CameraStore(database, clock), DecisionStore(database)
    reviews, metrics = SightingReviewStore(database, clock), Metrics(version="0", engine="scripted").decisions
    pictures = PictureHouse(database, clock)
    snapshots = SnapshotHouse(database, clock, tmp_path / "snapshots")
    mirror = GalleryMirror(engine, people, refresh=5)
    await mirror.load()
    pairs = LookAlikeStore(database, clock)
    check = GalleryCheck(engine, people, pairs, UncomparedFaceStore(database, clock))
    images = Images(engine, people, engine.traits.policy, pairs.confusable_with)
    vault = vault_in(tmp_path / "photos", database, clock)
    gallery = Gallery(engine, people, mirror, clock, guard=PhotoGuard(PatchDetector()), check=check, vault=vault.vault)
    edge = await serve(
        [
            GalleryServicer(
                gallery,
                check,
                *collection_parts(engine, database, people, clock),
                transfer_of(engine, database, people, mirror, clock),
                adoption_of(engine, database, mirror, clock),
                rebuild_of(engine, gallery, vault.access),
                no_collections(database, clock),
                merger_of(database, people, mirror, clock, vault=vault.vault, notify=watch.notify),
                images,
                clock,
            ),
            CameraServicer(cameras, live),
            SightingServicer(sightings, watch, export_of(database)),
            DecisionServicer(
                decisions,
                Replays(decisions, reviews, "scripted", metrics),
                Reviews(
                    sightings,
                    decisions,
                    reviews,
                    watch.notify,
                    metrics,
                    clock,
                    engine="scripted",
                    demanded_for=timedelta(days=30),
                ),
                reviews,
                sightings,
                cameras,
                pictures.reader,
                pictures.store,
                clock,
            ),
            RecognitionServicer(images, echo, clock),
            SnapshotServicer(sightings, snapshots.reader, 3600),
        ]
    )
    streams, recording = StreamStore(database, clock), Recording(database, clock)
    yield House(edge, engine, door, people, streams, recording, live, watch, clock, vault, pictures, snapshots)
    await vault.vault.aclose()


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts servers from servicers and ServerOptions, and stops them after the test."""
    async with AsyncExitStack() as stack:

        async def start(servicers: Sequence[object], **options: Any) -> Edge:
            observer = RecordingObserver()
            options = {"listen": "127.0.0.1:0", "limits": CallLimits(), **options}
            auth = options.pop("auth", None) or open_access()
            audit = options.pop("audit", None)
            server = build_server(ServerOptions(**options), servicers, auth, observer, SystemClock(), audit)
            port = await server.start()
            stack.push_async_callback(server.stop, 0)
            channel = await stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{port}"))
            return Edge(server, port, channel, observer)

        yield start
