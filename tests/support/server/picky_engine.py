"""A scripted engine that fails at chosen methods only, and remembers for whom it was called."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from portero_server.engines.base import CallContext, GalleryFace, LearnedFace, Pixels
from portero_server.engines.scripted import ScriptedEngine
from portero_server.errors import EngineError


class PickyEngine(ScriptedEngine):
    """See ScriptedEngine.

    Attributes:
        failing: Errors that methods raise from now on, by name: "learn", "add", "remove".
        meanwhile: What happens while a method is at work, by name: "learn", "add".
        contexts: Those of the calls of `learn`.
        found: Ids of the faces that can be found.
        forgotten: Ids of the faces that `remove` was given, in order.
    """

    def __init__(self) -> None:
        super().__init__()
        self.failing: dict[str, EngineError] = {}
        self.meanwhile: dict[str, Callable[[], Awaitable[object]]] = {}
        self.contexts: list[CallContext] = []
        self.found: set[str] = set()
        self.forgotten: list[str] = []

    async def learn(self, image: Pixels, person_id: str, face_id: str, context: CallContext) -> LearnedFace:
        """Learns."""
        self._check("learn")
        self.contexts.append(context)
        learned = await super().learn(image, person_id, face_id, context)
        await self._work("learn")
        return learned

    async def add(self, faces: Iterable[GalleryFace]) -> None:
        """Makes faces findable."""
        self._check("add")
        await self._work("add")
        added = list(faces)
        await super().add(added)
        self.found |= {face.face_id for face in added}

    async def remove(self, faces: Iterable[GalleryFace]) -> None:
        """Forgets faces."""
        self._check("remove")
        removed = list(faces)
        await super().remove(removed)
        self.forgotten += [face.face_id for face in removed]
        self.found -= {face.face_id for face in removed}

    async def load(self, faces: Iterable[GalleryFace]) -> None:
        """Replaces the gallery."""
        loaded = list(faces)
        await super().load(loaded)
        self.found = {face.face_id for face in loaded}

    def _check(self, method: str) -> None:
        if method in self.failing:
            raise self.failing[method]

    async def _work(self, method: str) -> None:
        if method in self.meanwhile:
            await self.meanwhile[method]()
