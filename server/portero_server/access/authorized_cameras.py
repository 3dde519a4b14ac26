"""The cameras that a scope currently includes; sites gain and lose cameras while calls are open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from portero_server.clock import Clock
from portero_server.domain.access.identities import EVERYTHING, Scope
from portero_server.domain.cameras import Camera
from portero_server.errors import PermissionDenied

_PAGE = 1000
_FRESH = 5.0
_DOUBT = 1.0


class CameraList(Protocol):
    """Lists registered cameras."""

    async def list(self, limit: int, after_id: str | None = None, site: str | None = None) -> Sequence[Camera]:
        """Returns cameras by id: at most `limit` after `after_id`, of one site."""
        ...


class Sites:
    """Caches the cameras of each site for some seconds. Only sites that some scope names are queried."""

    def __init__(self, cameras: CameraList, clock: Clock) -> None:
        self._cameras = cameras
        self._clock = clock
        self._known: dict[str, tuple[float, frozenset[str]]] = {}

    async def cameras_of(self, site: str, age: float = _FRESH) -> frozenset[str]:
        """Returns the ids of a site's cameras, as they were at most `age` seconds ago.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        now = self._clock.monotonic()
        if site in self._known and now - self._known[site][0] < age:
            return self._known[site][1]
        found: set[str] = set()
        page: Sequence[Camera] = await self._cameras.list(_PAGE, site=site)
        while page:
            found.update(camera.camera_id for camera in page)
            page = await self._cameras.list(_PAGE, page[-1].camera_id, site) if len(page) == _PAGE else ()
        self._known[site] = now, frozenset(found)
        return self._known[site][1]


class AuthorizedCameras:
    """The cameras that one call is authorized for, refreshed while a stream is open.

    Attributes:
        scope: The scope.
        cameras: Ids of the cameras within, None for all. What is of no camera within must not be shown.
    """

    def __init__(self, scope: Scope, sites: Sites | None = None) -> None:
        """Starts with the cameras that the scope names itself; `refresh` adds those of its sites."""
        self.scope = scope
        self.cameras: frozenset[str] | None = None if scope.everything else scope.cameras
        self._sites = sites

    async def refresh(self, age: float = _FRESH) -> None:
        """Refreshes the cameras of the scope's sites.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        if self.scope.everything or self._sites is None:
            return
        cameras = self.scope.cameras
        for site in self.scope.sites:
            cameras = cameras | await self._sites.cameras_of(site, age)
        self.cameras = cameras

    def covers(self, camera_id: str) -> bool:
        """Whether the call is authorized for a camera."""
        return self.cameras is None or camera_id in self.cameras

    async def require(self, camera_id: str) -> None:
        """Raises an error unless the call is authorized for a camera, also one that was just added to its site.

        Raises:
            PermissionDenied: The camera is out of scope or does not exist; the error does not tell which.
            StoreUnavailable: The database does not answer.
        """
        if not self.covers(camera_id):
            await self.refresh(_DOUBT)
        self.check(camera_id)

    async def require_site(self, site: str) -> None:
        """Raises an error unless the call is authorized for a site, or for one of its cameras by name.

        Raises:
            PermissionDenied: The site is out of scope or does not exist; the error does not tell which.
            StoreUnavailable: The database does not answer.
        """
        if self.scope.everything or site in self.scope.sites:
            return
        if self._sites is None or not self.scope.cameras & await self._sites.cameras_of(site):
            raise out_of_scope(f"site {site}")

    def check(self, camera_id: str) -> None:
        """Raises PermissionDenied unless the call is authorized for a camera, by what is known now."""
        # As `covers` says it, without a call: it is asked with every frame.
        if self.cameras is not None and camera_id not in self.cameras:
            raise out_of_scope(f"cameras/{camera_id}")


def everywhere() -> AuthorizedCameras:
    """Returns the authorization of a caller without limits."""
    return AuthorizedCameras(EVERYTHING)


def out_of_scope(resource: str) -> PermissionDenied:
    """Returns the error for a camera outside a caller's scope."""
    return PermissionDenied(
        f"{resource} is outside the scope of your credential", resource=resource, reason="OUT_OF_SCOPE"
    )
