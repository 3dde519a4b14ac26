"""An engine with two collections at the simulator, as the composition builds it, and what an operator commands."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from portero_server.domain.cameras import Lane
from portero_server.domain.detection.detections import FaceQuality
from portero_server.domain.detection.geometry import Box
from portero_server.domain.people.people import FaceModel
from portero_server.domain.people.photos import Rebuilding
from portero_server.engines.base import CallContext, FaceCrop
from portero_server.engines.rekognition.engine import RekognitionEngine
from portero_server.engines.rekognition.options import RekognitionOptions
from portero_server.errors import EngineError
from portero_server.gallery.collection_sides import BothCollections, CollectionSides, EngineSide, StandbyFollower
from portero_server.gallery.collection_switch import CollectionSwitch
from portero_server.gallery.face_removal import FaceRemoval
from portero_server.gallery.mirror import GalleryMirror
from portero_server.gallery.rebuild import FaceRebuild
from portero_server.gallery.service import Gallery
from portero_server.gallery.standby_faces import StandbyFaces
from portero_server.privacy.erasure import Eraser
from portero_server.privacy.name_revocation import NameRevocation
from portero_server.store.collections import CollectionStore
from portero_server.store.consents import ConsentStore
from portero_server.store.database import Database
from portero_server.store.erasures import ErasureStore
from portero_server.store.leaving_faces import LeavingFaceStore
from portero_server.store.people import PeopleStore
from portero_server.store.shadow import ShadowStore
from portero_server.store.standby import StandbyStore
from portero_server.telemetry.metrics import Metrics
from portero_server.vision.crops import crop_face
from tests.support.server.collection_parts import no_pause
from tests.support.server.photo_vault import Vault, keeping, vault_in
from tests.support.server.simulated_rekognition import (
    BLUE,
    GREEN,
    RED,
    CountingGate,
    Simulation,
    ask,
    client_of,
    picture,
    portrait,
)
from tests.support.time.virtual_time import ManualClock

COLORS = {"ana": RED, "ben": BLUE, "eva": GREEN}


@dataclass
class SidedServer:
    """One server process of a site: its engines, its gallery, and what commands it."""

    simulation: Simulation
    database: Database
    clock: ManualClock
    live: RekognitionEngine
    beside: RekognitionEngine
    gates: tuple[CountingGate, CountingGate]
    sides: CollectionSides
    store: StandbyStore
    people: PeopleStore
    consents: ConsentStore
    gallery: Gallery
    mirror: GalleryMirror
    vault: Vault
    rebuild: FaceRebuild
    switch: CollectionSwitch
    metrics: Metrics
    looked: list[str] = field(default_factory=list)

    async def enroll(self, person_id: str, *, keeps: bool = True) -> None:
        """Adds a person with their color's portrait; `keeps`: whether the vault may keep it."""
        await self.gallery.create(person_id, person_id, {})
        if keeps:
            await self.consents.record(keeping(person_id, self.clock))
        await self.gallery.enroll(person_id, portrait(COLORS[person_id]))

    async def prepared(self, collection: str = "second") -> dict[str, Rebuilding]:
        """Prepares a collection and fills it from the vault, photo by photo; returns what became of each person's."""
        await self.switch.prepare(collection, "")
        found, after = dict[str, Rebuilding](), None
        while True:
            photos, after = await self.rebuild.page(1, after, dry_run=False, standby=True)
            found |= {photo.person_id: photo.outcome for photo in photos}
            if after is None:
                return found

    async def named(self) -> dict[str, str | None]:
        """Returns who each person's picture is answered with."""
        found: dict[str, str | None] = {}
        for person_id, color in COLORS.items():
            (answer,) = await self.live.identify([crop_of(color)])
            if isinstance(answer, EngineError):
                found[person_id] = answer.reason
            else:
                found[person_id] = answer.candidates[0].person_id if answer.candidates else None
        return found

    async def kept(self, collection: str) -> list[str]:
        """Returns whose faces a collection holds, with repetitions."""
        listed = await ask(self.simulation.client.list_faces, CollectionId=collection)
        return sorted(face["ExternalImageId"].split(":")[1].split(".")[0] for face in listed["Faces"])

    def counted(self, name: str, **labels: str) -> float:
        """Returns the value of a metric."""
        return self.metrics.registry.get_sample_value(f"portero_{name}", labels) or 0.0

    async def aclose(self) -> None:
        """Closes engines and vault."""
        await self.vault.vault.aclose()
        await self.live.aclose()
        await self.sides.aclose()


async def sided_server(
    simulation: Simulation, database: Database, folder: Path, clock: ManualClock | None = None
) -> SidedServer:
    """Builds a server whose settings name the collection `first`."""
    clock = clock or ManualClock()
    gates = (CountingGate(), CountingGate())
    live, beside = (
        RekognitionEngine(client_of(simulation.url), "first", gate, threads=4, options=RekognitionOptions())
        for gate in gates
    )
    await live.check()
    metrics = Metrics(version="0", engine="rekognition")
    people, consents, store = PeopleStore(database, clock), ConsentStore(database, clock), StandbyStore(database, clock)
    sides = CollectionSides(
        EngineSide(live, live), lambda: EngineSide(beside, beside), store, metrics.standby, interval=5
    )
    await sides.refresh()
    mirror = GalleryMirror(live, people, refresh=5)
    follower = GalleryMirror(StandbyFollower(sides), people, refresh=5)
    await mirror.load()
    await follower.load()

    async def check_learnable(person_id: str) -> None:
        """Lets everybody be learned."""

    faces = StandbyFaces(sides, store, follower, clock, metrics.standby, check_learnable=check_learnable)
    vault = vault_in(folder, database, clock)
    gallery = Gallery(
        live, people, mirror, clock, keeper=live, vault=vault.vault, beside=faces, leaving=LeavingFaceStore(database)
    )

    def model() -> FaceModel:
        return FaceModel(live.traits.name, live.traits.model_version)

    rebuild = FaceRebuild(vault.access, gallery, model, vault.metrics.vault, keeper=live, standby=faces)
    looked: list[str] = []
    stored = CollectionStore(database, "rekognition/first")
    shadow = ShadowStore(database)
    switch = CollectionSwitch(
        sides, store, shadow, stored, clock, lambda: looked.append("looked"), region="us-east-1", sleep=no_pause
    )
    sides.reloads(mirror.load)
    sides.counts(switch.counts)
    return SidedServer(
        simulation,
        database,
        clock,
        live,
        beside,
        gates,
        sides,
        store,
        people,
        consents,
        gallery,
        mirror,
        vault,
        rebuild,
        switch,
        metrics,
        looked,
    )


def crop_of(color: tuple[int, int, int]) -> FaceCrop:
    """Cuts out the face of a portrait, as the pipeline does."""
    box = Box(100 / 320, 60 / 240, 100 / 320, 100 / 240)
    cut = crop_face(picture((100, 60, 100, color)), box)
    context = CallContext("door", Lane.VISITOR)
    return FaceCrop(np.ascontiguousarray(cut.pixels), cut.face, FaceQuality(1, 1, 1, 1), context)


def eraser_of(server: SidedServer) -> Eraser:
    """Returns what erases people at a server, from both collections."""
    both = BothCollections(server.sides)
    return Eraser(
        ErasureStore(server.database, server.clock),
        server.database,
        both,
        server.mirror,
        NameRevocation(lambda: (), server.people.display_names, interval=5),
        server.metrics.privacy,
        keeper=both,
        vault=server.vault.vault,
        interval=5,
    )


def removal_of(server: SidedServer) -> FaceRemoval:
    """Returns what removes faces at a server that were deleted while the engine was away."""
    store, observe = LeavingFaceStore(server.database), server.metrics.privacy.faces_leaving
    return FaceRemoval(store, BothCollections(server.sides), observe, interval=5)
