"""Builds the gallery: enrollment, and the copy of the faces that the engine searches."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from portero_server.composition.context import BuildContext
from portero_server.composition.standby import StandbyParts
from portero_server.composition.store import Stores
from portero_server.composition.vision import VisionParts
from portero_server.domain.people.people import FaceModel
from portero_server.domain.people.standby import GalleryCollection, is_of
from portero_server.engines.backed import BackedEngine
from portero_server.engines.base import Engine
from portero_server.engines.kept_faces import CollectionKeeper
from portero_server.errors import EngineError, StartupProblem
from portero_server.gallery.adoption import FaceAdoption
from portero_server.gallery.collection_repair import CollectionRepair
from portero_server.gallery.collection_sides import BothCollections
from portero_server.gallery.collection_switch import CollectionSwitch
from portero_server.gallery.collection_watch import CollectionWatch
from portero_server.gallery.face_removal import FaceRemoval
from portero_server.gallery.findings import GalleryCheck
from portero_server.gallery.mirror import GalleryMirror
from portero_server.gallery.people_merging import PeopleMerger
from portero_server.gallery.photo_guard import PhotoGuard
from portero_server.gallery.rebuild import FaceRebuild, VaultAccess
from portero_server.gallery.service import Gallery
from portero_server.gallery.transfer import GalleryTransfer
from portero_server.store.adopted_faces import AdoptedFaceStore
from portero_server.store.collections import CollectionStore
from portero_server.store.leaving_faces import LeavingFaceStore
from portero_server.store.merging.people import PeopleMergeStore
from portero_server.store.people_transfer import PeopleTransferStore
from portero_server.store.shadow import ShadowStore
from portero_server.store.standby import StandbyStore
from portero_server.store.uncompared_faces import UncomparedFaceStore

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class GalleryParts:
    """What enrolls people, finds faults and keeps the engine's faces up to date, and the model that makes the faces.

    Attributes:
        gallery, check, mirror: Enroll, find faults, and keep the engine up to date.
        removal: Removes faces that were deleted while the engine was away.
        model: Returns the one in use now.
        watch, repair: Compare the engine's collection with the database, and make both agree.
        transfer: Imports and exports many people at once.
        adoption: Makes faces that other programs put into the collection those of people.
        rebuild: Makes faces anew from the vault's photos.
        switch: Prepares, exchanges and drops collections.
        merger: Makes one of two people.
        vault: Keeps enrollment photos; None: they are discarded.
        standby: The collection beside the one in use; None: the engine keeps no collection.
    """

    gallery: Gallery
    check: GalleryCheck
    mirror: GalleryMirror
    removal: FaceRemoval
    model: Callable[[], FaceModel]
    watch: CollectionWatch
    repair: CollectionRepair
    transfer: GalleryTransfer
    adoption: FaceAdoption
    rebuild: FaceRebuild
    switch: CollectionSwitch
    merger: PeopleMerger
    vault: VaultAccess | None
    standby: StandbyParts | None

    def runs(self) -> Sequence[Coroutine[Any, Any, None]]:
        """Returns the coroutines to run while the server runs."""
        sweeps = [] if self.vault is None else [self.vault.vault.run()]
        beside = [] if self.standby is None else self.standby.runs()
        return [self.mirror.follow(), self.removal.run(), self.watch.run(), self.check.run(), *sweeps, *beside]


async def build(
    context: BuildContext,
    stores: Stores,
    engine: Engine,
    vision: VisionParts,
    vault: VaultAccess | None,
    standby: StandbyParts | None,
    notify: Callable[[int], None],
) -> GalleryParts:
    """Builds the gallery, and loads the stored faces into the engine.

    Args:
        context: What all parts are built from.
        stores: The stores.
        engine: Searches and learns faces.
        vision: Looks at photographs.
        vault: Keeps enrollment photos; None: they are discarded.
        standby: The collection beside the one in use; None: the engine keeps no collection.
        notify: Is told how far events have been written.

    Raises:
        StartupProblem: The engine does not take them.
    """
    mirror = GalleryMirror(engine, stores.people, refresh=context.settings.gallery_refresh)
    try:
        await mirror.load()
    except EngineError as error:
        raise StartupProblem(f"the engine does not take the stored faces: {error.message}") from None
    beside = None if standby is None or standby.sides.known is None else standby.sides.known.standby
    await _warn_of_other_models(stores, _model(engine), beside)
    check_learnable = stores.consents.check_learnable
    kept = engine.paid if isinstance(engine, BackedEngine) else engine
    keeper = kept if isinstance(kept, CollectionKeeper) else None
    watch = _watch(context, stores, engine, keeper)
    metrics = context.metrics.gallery
    check = GalleryCheck(
        engine,
        stores.people,
        stores.look_alikes,
        UncomparedFaceStore(stores.database, context.clock),
        metrics.look_alike_found,
        metrics.faces_uncompared,
    )
    leaving = LeavingFaceStore(stores.database)
    removal = FaceRemoval(
        leaving,
        engine if standby is None else BothCollections(standby.sides),
        context.metrics.privacy.faces_leaving,
        interval=context.settings.erasure_interval,
    )
    gallery = Gallery(
        engine,
        stores.people,
        mirror,
        context.clock,
        check_learnable=check_learnable,
        keeper=keeper,
        tell_loss=watch.suspect,
        guard=PhotoGuard(vision.detector, metrics.photo_flawed) if context.settings.enroll_guard else None,
        check=check,
        vault=None if vault is None else vault.vault,
        beside=None if standby is None else standby.faces,
        leaving=leaving,
    )
    rebuild = FaceRebuild(
        vault,
        gallery,
        lambda: _model(engine),
        context.metrics.vault,
        keeper=keeper,
        standby=None if standby is None else standby.faces,
    )
    switch = _switch(context, stores, standby, mirror, watch)
    repair = CollectionRepair(keeper, watch, stores.people, lambda: _model(engine))
    transferred = PeopleTransferStore(
        stores.database, stores.people, context.clock, consent_required=context.settings.consent_required
    )
    transfer = GalleryTransfer(engine, transferred, mirror, metrics)
    adopted = AdoptedFaceStore(stores.database, context.clock, consent_required=context.settings.consent_required)
    adoption = FaceAdoption(keeper, lambda: _model(engine), adopted, mirror, metrics)
    merger = PeopleMerger(
        PeopleMergeStore(
            stores.database,
            context.clock,
            visit_gap=context.settings.visit_gap_delta,
            consent_required=context.settings.consent_required,
            notices=context.settings.notice_rules,
        ),
        stores.people,
        mirror,
        None if vault is None else vault.vault,
        notify,
        metrics.people_merged,
    )
    return GalleryParts(
        gallery,
        check,
        mirror,
        removal,
        lambda: _model(engine),
        watch,
        repair,
        transfer,
        adoption,
        rebuild,
        switch,
        merger,
        vault,
        standby,
    )


def _switch(
    context: BuildContext,
    stores: Stores,
    standby: StandbyParts | None,
    mirror: GalleryMirror,
    watch: CollectionWatch,
) -> CollectionSwitch:
    switch = CollectionSwitch(
        None if standby is None else standby.sides,
        StandbyStore(stores.database, context.clock),
        ShadowStore(stores.database),
        CollectionStore(stores.database, context.settings.collection_name),
        context.clock,
        watch.suspect,
        region=context.settings.rekognition_region,
    )
    if standby is not None:
        standby.sides.reloads(mirror.load)
        standby.sides.counts(switch.counts)
    return switch


def _watch(context: BuildContext, stores: Stores, engine: Engine, keeper: CollectionKeeper | None) -> CollectionWatch:
    settings = context.settings
    return CollectionWatch(
        keeper,
        lambda: _model(engine),
        CollectionStore(stores.database, settings.collection_name),
        context.clock,
        context.metrics.gallery.known,
        interval=settings.gallery_check_interval,
        compare_interval=settings.gallery_compare_interval,
    )


def _model(engine: Engine) -> FaceModel:
    return FaceModel(engine.traits.name, engine.traits.model_version)


async def _warn_of_other_models(stores: Stores, model: FaceModel, standby: GalleryCollection | None) -> None:
    counts = await stores.people.count_faces()
    others = {
        f"{other.engine} {other.version}": count
        for other, count in sorted(counts.items())
        if other != model and not is_of(other, standby)
    }
    if others:
        _log.warning(
            "faces_of_other_models",
            faces=sum(others.values()),
            models=others,
            used=f"{model.engine} {model.version}",
            advice="they are not compared; enroll these people again (portero-server faces outdated lists them)",
        )
