"""Runs all cameras of one bridge, each under its own supervisor."""

import asyncio
import math
import random
import traceback
from collections.abc import Callable

from portero_bridge.backoff import Backoff
from portero_bridge.camera import CameraRunner
from portero_bridge.errors import SourceFault
from portero_bridge.events import BridgeEvent, CameraFailed
from portero_bridge.metrics import BridgeMetrics
from portero_bridge.settings import BridgeSettings, CameraSettings
from portero_client.errors import PorteroError
from portero_client.settings import ConnectionSettings
from portero_client.streaming.clock import Clock, SystemClock


class Bridge:
    """Runs the cameras of a bridge; no camera waits for another.

    Args:
        settings: The bridge.
        connection: Where the server is.
        emit: Receives the cameras' events.
        metrics: The bridge's metrics.
        clock: The bridge's clock.
    """

    def __init__(
        self,
        settings: BridgeSettings,
        connection: ConnectionSettings,
        *,
        emit: Callable[[BridgeEvent], None],
        metrics: BridgeMetrics,
        clock: Clock | None = None,
    ) -> None:
        self._settings = settings
        self._connection = connection
        self._emit = emit
        self._metrics = metrics
        self._clock = clock or SystemClock()
        self._stopping = asyncio.Event()
        self._failures: list[PorteroError] = []

    async def run(self) -> None:
        """Runs until every camera has finished, or until stopped.

        Raises:
            PorteroError: A camera that is wanted once failed; the others were finished first.
        """
        async with asyncio.TaskGroup() as tasks:
            for camera in self._settings.cameras:
                tasks.create_task(self._supervise(camera), name=camera.name)
        if self._failures:
            raise self._failures[0]

    def stop(self) -> None:
        """Asks every camera to finish cleanly; `run` returns within the settings' stop_timeout."""
        self._stopping.set()

    async def _supervise(self, camera: CameraSettings) -> None:
        """Runs one camera and restarts it when it fails, without affecting the others."""
        meter = self._metrics.camera(camera.name)
        backoff = Backoff(self._settings.camera_retry_base, self._settings.camera_retry_cap, random.random)
        while not self._stopping.is_set():
            runner = CameraRunner(
                camera,
                self._settings,
                self._connection,
                emit=self._emit,
                meter=meter,
                stop=self._stopping,
                clock=self._clock,
            )
            began = self._clock.monotonic()
            try:
                await runner.run()
                if camera.once and runner.skipped_images:
                    self._failures.append(
                        SourceFault(f"{camera.name}: {runner.skipped_images} images could not be used and were skipped")
                    )
                return
            except PorteroError as error:
                if camera.once:
                    self._failures.append(error)
                    self._emit(CameraFailed(camera.name, error.message, "", math.inf))
                    return
                failure, trace = error.message, ""
            except Exception as error:  # noqa: BLE001 - whatever it is, the other cameras go on
                failure, trace = f"unforeseen {type(error).__name__}", traceback.format_exc()
            delay = backoff.next_delay(self._clock.monotonic() - began)
            meter.camera_failed()
            self._emit(CameraFailed(camera.name, failure, trace, delay))
            await self._clock.sleep(delay)
