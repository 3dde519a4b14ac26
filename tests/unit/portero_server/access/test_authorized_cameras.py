"""What a scope means while sites gain and lose cameras."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from portero_server.access.authorized_cameras import AuthorizedCameras, Sites, everywhere
from portero_server.domain.access.identities import Scope
from portero_server.domain.cameras import Camera, CameraMode, Lane
from portero_server.errors import PermissionDenied
from tests.support.time.virtual_time import ManualClock


class Yard:
    """Implements access.reach.CameraList: cameras by site, as the test places them."""

    def __init__(self) -> None:
        self.sites: dict[str, str] = {}
        self.asked = 0

    async def list(self, limit: int, after_id: str | None = None, site: str | None = None) -> Sequence[Camera]:
        """Returns a page."""
        self.asked += 1
        now = ManualClock().now()
        found = sorted(name for name, at in self.sites.items() if at == site and name > (after_id or ""))
        return [
            Camera(name, name, site or "", CameraMode.FACES, Lane.VISITOR, False, None, None, now, now)
            for name in found[:limit]
        ]


async def test_a_site_means_the_cameras_it_has_now() -> None:
    """A camera that joins or leaves a site is within or without some seconds later."""
    yard, clock = Yard(), ManualClock()
    authorized = AuthorizedCameras(Scope(frozenset({"door"}), frozenset({"lobby"})), Sites(yard, clock))
    yard.sites = {"desk": "lobby", "vault": "cellar"}
    await authorized.refresh()
    assert authorized.cameras == frozenset({"door", "desk"})
    yard.sites = {"stairs": "lobby"}
    await authorized.refresh()
    assert authorized.cameras == frozenset({"door", "desk"})
    clock.advance(5)
    await authorized.refresh()
    assert authorized.cameras == frozenset({"door", "stairs"})


async def test_a_camera_that_joined_a_moment_ago_is_within() -> None:
    """Before a camera is refused its site is asked about again, at most once a second."""
    yard, clock = Yard(), ManualClock()
    authorized = AuthorizedCameras(Scope(sites=frozenset({"lobby"})), Sites(yard, clock))
    await authorized.refresh()
    clock.advance(1)
    yard.sites = {"desk": "lobby"}
    await authorized.require("desk")
    for _ in range(100):
        with pytest.raises(PermissionDenied) as caught:
            await authorized.require("vault")
    assert caught.value.resource == "cameras/vault"
    assert yard.asked == 2


async def test_large_sites_are_read_to_their_end() -> None:
    """A site with more cameras than a page holds is known whole."""
    yard = Yard()
    yard.sites = {f"c{number:04}": "lobby" for number in range(2000)}
    assert len(await Sites(yard, ManualClock()).cameras_of("lobby")) == 2000


async def test_a_site_is_within_by_its_name_or_by_a_camera_of_it() -> None:
    """A scope covers a site that it names and one whose camera it names; others are refused, existing or not."""
    yard = Yard()
    yard.sites = {"door": "lobby", "vault": "cellar", "stairs": "tower"}
    authorized = AuthorizedCameras(Scope(frozenset({"door"}), frozenset({"cellar"})), Sites(yard, ManualClock()))
    await authorized.require_site("cellar")
    await authorized.require_site("lobby")
    for site in ("tower", "nowhere"):
        with pytest.raises(PermissionDenied, match=site):
            await authorized.require_site(site)
    await everywhere().require_site("tower")


async def test_everything_needs_no_lookup() -> None:
    """Who reaches everything reaches any name, and a scope of nothing none."""
    assert everywhere().covers("anything")
    assert everywhere().cameras is None
    nothing = AuthorizedCameras(Scope(), None)
    await nothing.refresh()
    assert nothing.cameras == frozenset()
    with pytest.raises(PermissionDenied):
        nothing.check("door")
