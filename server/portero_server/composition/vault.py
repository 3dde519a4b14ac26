"""Builds the photo vault from the settings, where they name one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from portero_server.composition.context import BuildContext
from portero_server.composition.store import Stores
from portero_server.gallery.photo_vault import PhotoVault
from portero_server.gallery.rebuild import VaultAccess
from portero_server.settings import Settings
from portero_server.store.photos import PhotoStore
from portero_server.vault.folder import FolderPlace
from portero_server.vault.keys import read_keys
from portero_server.vault.place import PhotoPlace
from portero_server.vault.sealing import PhotoSeal

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def build(context: BuildContext, stores: Stores) -> AsyncIterator[VaultAccess | None]:
    """Builds the vault, and lets go of its threads at the end; None: the settings name none.

    Raises:
        StartupProblem: Its key file or its place cannot be used.
    """
    settings, metrics = context.settings, context.metrics.vault
    photos = PhotoStore(stores.database, context.clock)
    if settings.photo_vault is None or settings.photo_vault_key_file is None:
        if left := sum((await photos.counts()).values()):
            # Erasures of these people would wait for a server that has the vault.
            _log.warning("vault_not_set", photos=left, advice="set PORTERO_PHOTO_VAULT as it was, or empty it first")
        yield None
        return
    seal = PhotoSeal(read_keys(settings.photo_vault_key_file))
    place = _place(settings, settings.photo_vault)
    place.check()
    vault = PhotoVault(photos, place, seal, metrics, interval=settings.photo_vault_sweep_interval)
    try:
        yield VaultAccess(photos, vault)
    finally:
        await vault.aclose()


def _place(settings: Settings, address: str) -> PhotoPlace:
    if settings.photo_bucket is None:
        return FolderPlace(Path(address))
    # Imported late: loading AWS's library is a tenth of a server's start, and few servers need it.
    from portero_server.vault.bucket import BucketOptions, create_bucket

    bucket, prefix = settings.photo_bucket
    return create_bucket(BucketOptions(bucket, prefix, settings.photo_vault_region))
