"""A photo vault in a folder, whose place can fail, as the composition builds it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from portero_server.clock import Clock
from portero_server.domain.people.photos import KEEP_PHOTOS
from portero_server.domain.people.privacy import Consent
from portero_server.gallery.photo_vault import PhotoVault
from portero_server.gallery.rebuild import VaultAccess
from portero_server.store.database import Database
from portero_server.store.photos import PhotoStore
from portero_server.telemetry.metrics import Metrics
from portero_server.vault.folder import FolderPlace
from portero_server.vault.place import VaultUnavailable
from portero_server.vault.sealing import PhotoSeal

KEY, OTHER_KEY = b"k" * 32, b"o" * 32


class FailingPlace:
    """A folder that refuses what a test says.

    Attributes:
        refused: Operations that fail: put, get, delete or names.
    """

    def __init__(self, folder: Path) -> None:
        self.refused = set[str]()
        self._place = FolderPlace(folder)

    def check(self) -> None:
        """Makes the folder."""
        self._place.check()

    def put(self, name: str, content: bytes) -> None:
        """Keeps an object."""
        self._refuse("put")
        self._place.put(name, content)

    def get(self, name: str) -> bytes | None:
        """Returns an object."""
        self._refuse("get")
        return self._place.get(name)

    def delete(self, name: str) -> None:
        """Deletes an object."""
        self._refuse("delete")
        self._place.delete(name)

    def names(self) -> Iterator[str]:
        """Yields the names of all objects."""
        self._refuse("names")
        return self._place.names()

    def _refuse(self, operation: str) -> None:
        if operation in self.refused:
            raise VaultUnavailable("the folder is away")


@dataclass
class Vault:
    """A vault, and what stands behind it."""

    folder: Path
    place: FailingPlace
    photos: PhotoStore
    vault: PhotoVault
    metrics: Metrics = field(repr=False)

    @property
    def access(self) -> VaultAccess:
        """The vault as a rebuild and an export use it."""
        return VaultAccess(self.photos, self.vault)

    def objects(self) -> list[str]:
        """Returns the names of the objects, sorted."""
        return sorted(self.place._place.names())

    def path(self, name: str) -> Path:
        """Returns the file of an object."""
        return self.folder / name[:2] / name

    def counted(self, metric: str, **labels: str) -> float:
        """Returns a metric's value."""
        return self.metrics.registry.get_sample_value(f"portero_vault_{metric}", labels) or 0.0


def vault_in(folder: Path, database: Database, clock: Clock, *, keys: tuple[bytes, ...] = (KEY,)) -> Vault:
    """Returns a vault in a folder."""
    place, metrics = FailingPlace(folder), Metrics(version="0", engine="scripted")
    place.check()
    photos = PhotoStore(database, clock)
    vault = PhotoVault(photos, place, PhotoSeal(keys), metrics.vault, interval=60)
    return Vault(folder, place, photos, vault, metrics)


def keeping(person_id: str, clock: Clock, *, days: int | None = None) -> Consent:
    """Returns a person's consent to keep their photos, given now."""
    now = clock.now()
    expires_at = None if days is None else now + timedelta(days=days)
    return Consent(f"keep-{person_id}", person_id, KEEP_PHOTOS, "2026-01", "paper", "", now, now, expires_at)
