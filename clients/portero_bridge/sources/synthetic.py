"""An artificial camera: `synthetic:` shows moving shapes, `synthetic:FILE.yaml` plays a scene."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

from portero_bridge.sources.base import CapturedImage, SourceKind, SourceOptions
from portero_bridge.sources.scene import Scene, renderer_of
from portero_bridge.sources.scene_script import load_scene, moving_shapes
from portero_bridge.sources.timeline import Timeline

# Images a second where the settings name no rate.
_DEFAULT_RATE = 10.0
_PREFIX = "synthetic:"


class SyntheticSource:
    """Plays a scene: in real time, or as fast as its pictures are accepted.

    Args:
        options: Rate and pace; the address does not matter here.
        scene: What to play.

    Raises:
        SettingsError: A portrait cannot be read.
    """

    is_finite = True

    def __init__(self, options: SourceOptions, scene: Scene) -> None:
        self._scene = scene
        self._renderer = renderer_of(scene)
        self._interval = 1 / (options.rate or _DEFAULT_RATE)
        self.waits = not options.realtime
        self._timeline = Timeline(options.clock, realtime=options.realtime)

    async def images(self) -> AsyncGenerator[CapturedImage, None]:
        """Yields the scene's pictures from the beginning to the end."""
        self._timeline.begin()
        index = 0
        while (offset := index * self._interval) < self._scene.duration:
            pixels = await asyncio.to_thread(self._renderer.render, offset)
            yield CapturedImage(pixels, await self._timeline.reach(offset))
            index += 1


def open_synthetic(options: SourceOptions) -> SyntheticSource:
    """Returns the source for a `synthetic:` address.

    Raises:
        SettingsError: The scene's file, or a portrait in it, cannot be read.
    """
    script = options.address.removeprefix(_PREFIX)
    return SyntheticSource(options, load_scene(Path(script)) if script else moving_shapes())


def _claims(address: str) -> bool:
    return address.startswith(_PREFIX)


KIND = SourceKind("synthetic", _claims, open_synthetic, is_recorded=True)
"""An artificial camera."""
