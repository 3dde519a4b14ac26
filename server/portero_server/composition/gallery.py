"""Builds the gallery: enrollment, and the copy of the faces that the engine searches."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from portero_server.composition.context import BuildContext
from portero_server.composition.store import Stores
from portero_server.engines.base import Engine
from portero_server.errors import EngineError, StartupProblem
from portero_server.gallery.mirror import GalleryMirror
from portero_server.gallery.service import Gallery


@dataclass(frozen=True, slots=True)
class GalleryParts:
    """What enrolls people, and what keeps the engine's faces up to date."""

    gallery: Gallery
    mirror: GalleryMirror

    def runs(self) -> Sequence[Coroutine[Any, Any, None]]:
        """Returns the coroutines to run while the server runs."""
        return [self.mirror.follow()]


async def build(context: BuildContext, stores: Stores, engine: Engine) -> GalleryParts:
    """Builds the gallery, and loads the stored faces into the engine.

    Raises:
        StartupProblem: The engine does not take them.
    """
    mirror = GalleryMirror(engine, stores.people, refresh=context.settings.gallery_refresh)
    try:
        await mirror.load()
    except EngineError as error:
        raise StartupProblem(f"the engine does not take the stored faces: {error.message}") from None
    check_learnable = stores.consents.check_learnable
    return GalleryParts(Gallery(engine, stores.people, mirror, context.clock, check_learnable=check_learnable), mirror)
