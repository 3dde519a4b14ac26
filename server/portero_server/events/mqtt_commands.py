"""Carries out commands that come by MQTT: ON resumes recognition at a camera, OFF pauses it."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

import structlog

from portero_server.clock import Clock
from portero_server.domain.audit.chain import Actor, AuditOutcome, Deed
from portero_server.domain.cameras import Camera
from portero_server.domain.events.camera_state import OFF, ON
from portero_server.domain.people.people import checked_identifier
from portero_server.errors import InvalidInput, NotFound, PorteroError, StoreUnavailable, Unavailable
from portero_server.events.mqtt_ports import KeepLease, LeaseLost, MqttObserver

_log = structlog.get_logger(__name__)

_ACTION = "CameraService/UpdateCamera"
_FIELD = "disabled"
_MOST_WAITING = 1000
_HOLD = 1.0
"""Seconds between two entries in the audit trail for one camera, done or refused, and for all that do not exist."""
_NO_CAMERA = ""


class ChangedCameras(Protocol):
    """Reads and changes cameras."""

    async def get(self, camera_id: str) -> Camera:
        """Returns a camera. Raises NotFound."""
        ...

    async def update(self, camera_id: str, *, disabled: bool) -> Camera:
        """Changes whether a camera's streams are taken. Raises NotFound."""
        ...


class CommandTrail(Protocol):
    """The audit trail."""

    async def record(self, *deeds: Deed) -> None:
        """Writes entries. Raises Unavailable: do not do what they say."""
        ...

    def note(self, deed: Deed) -> None:
        """Queues an entry."""
        ...


class MqttCommands:
    """Keeps the latest command for each camera until it is carried out.

    The broker decides who may publish a command and does not tell who did, so the entry in the audit trail names the
    broker.
    """

    def __init__(
        self,
        cameras: ChangedCameras,
        trail: CommandTrail,
        sites: Collection[str],
        broker: str,
        clock: Clock,
        observer: MqttObserver,
    ) -> None:
        """Creates it; of cameras at `sites` only (empty: of all); `broker` is its host and port."""
        self._cameras = cameras
        self._trail = trail
        self._sites = sites
        self._actor = Actor("mqtt", broker)
        self._clock = clock
        self._observer = observer
        self._waiting: dict[str, bytes] = {}
        self._held_at: dict[str, float] = {}

    def take(self, camera_id: str, payload: bytes) -> None:
        """Takes a command; one for the same camera that waits is overtaken."""
        if camera_id in self._waiting or len(self._waiting) < _MOST_WAITING:
            self._waiting[camera_id] = payload
        else:
            self._observer.dropped("command")

    async def carry_out(self, keep: KeepLease) -> bool:
        """Carries out what waits, and calls `keep` meanwhile. Returns whether a camera was changed.

        Raises:
            StoreUnavailable: The database does not answer; what waits is carried out later.
        """
        now = self._clock.monotonic()
        self._held_at = {each: at for each, at in self._held_at.items() if now - at < _HOLD}
        changed = False
        for camera_id in [each for each in self._waiting if each not in self._held_at]:
            with suppress(LeaseLost):
                # What we took nobody else did: it is carried out whoever publishes.
                await keep()
            payload = self._waiting.pop(camera_id)
            try:
                result = await self._carry_out(camera_id, payload)
            except StoreUnavailable:
                # Unless a later one came meanwhile.
                self._waiting.setdefault(camera_id, payload)
                raise
            self._observer.commanded(result)
            changed = changed or result == "done"
        return changed

    async def _carry_out(self, camera_id: str, payload: bytes) -> str:
        try:
            camera = await self._cameras.get(checked_identifier(camera_id, "camera"))
        except (InvalidInput, NotFound):
            return self._refuse_unknown()
        deed = Deed(self._actor, _ACTION, f"cameras/{camera_id}", reason=_FIELD)
        if payload not in (ON.encode(), OFF.encode()):
            return self._refuse(deed, "UNKNOWN_PAYLOAD", camera_id)
        if self._sites and camera.site not in self._sites:
            return self._refuse(deed, "OUT_OF_SCOPE", camera_id)
        disabled = payload == OFF.encode()
        return "unchanged" if camera.disabled == disabled else await self._change(deed, camera_id, disabled=disabled)

    async def _change(self, deed: Deed, camera_id: str, *, disabled: bool) -> str:
        try:
            await self._trail.record(deed)
        except Unavailable as error:
            _log.warning("mqtt_command_failed", camera=camera_id, reason=error.reason)
            return "failed"
        try:
            await self._cameras.update(camera_id, disabled=disabled)
        except PorteroError as error:
            self._trail.note(replace(deed, outcome=AuditOutcome.FAILED, reason=error.reason))
            _log.warning("mqtt_command_failed", camera=camera_id, reason=error.reason)
            return "failed"
        self._hold(camera_id)
        _log.info("mqtt_command_done", camera=camera_id, disabled=disabled)
        return "done"

    def _refuse_unknown(self) -> str:
        """Refuses a command for a camera that does not exist, whose name anybody can make up: it is not noted."""
        if _NO_CAMERA in self._held_at:
            return "refused"
        return self._refuse(Deed(self._actor, _ACTION), "CAMERA_NOT_FOUND", _NO_CAMERA)

    def _refuse(self, deed: Deed, reason: str, held: str) -> str:
        self._hold(held)
        self._trail.note(replace(deed, outcome=AuditOutcome.DENIED, reason=reason))
        return "refused"

    def _hold(self, camera_id: str) -> None:
        self._held_at[camera_id] = self._clock.monotonic()
