"""Which events pass a subscription's scope and its filter, while cameras move between sites."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from portero_server.access.authorized_cameras import Sites
from portero_server.domain.access.identities import EVERYTHING, Scope
from portero_server.domain.cameras import Camera, CameraMode, Lane
from portero_server.domain.events.alerts import ALERTS, AlertRules, SeenBefore
from portero_server.domain.events.subscriptions import SinkKind, Subscription, filter_of
from portero_server.domain.recording.sightings import Sighting, SightingEvent, SightingEventKind
from portero_server.events.alerts import Alerts
from portero_server.events.selection import SubscriptionSelection
from tests.support.server.relay_scene import RelayScene
from tests.support.store.sighting_events import NOON, sighting
from tests.support.store.subscriptions import new_subscription
from tests.support.time.virtual_time import ManualClock, in_virtual_time


class _Sites:
    """Sites and their cameras."""

    def __init__(self, **cameras: list[str]) -> None:
        self.cameras = cameras

    async def list(self, limit: int, after_id: str | None = None, site: str | None = None) -> list[Camera]:
        """Returns the cameras of a site."""
        return [
            Camera(name, name, site or "", CameraMode.FACES, Lane.VISITOR, False, None, None, NOON, NOON)
            for name in self.cameras.get(site or "", [])
        ]


class _Quiet:
    """Nobody was seen before."""

    async def of(self, sighting: Sighting) -> SeenBefore:
        """Returns what was seen before."""
        return SeenBefore()


async def _passing(subscription: Subscription, sites: _Sites, clock: ManualClock) -> SubscriptionSelection:
    selection = SubscriptionSelection(
        subscription, Sites(sites, clock), Alerts(_Quiet(), AlertRules(timedelta(hours=1)))
    )
    await selection.refresh()
    return selection


def _event(camera_id: str, person_id: str | None = "ana") -> SightingEvent:
    return SightingEvent(1, SightingEventKind.STARTED, sighting("s1", camera_id, person_id), NOON)


def _passed(selection: SubscriptionSelection) -> list[str]:
    return [camera_id for camera_id in ("door", "desk", "vault") if selection.wants(_event(camera_id))]


async def test_cameras_and_those_of_sites_are_told_of() -> None:
    """Without either, all are."""
    clock, sites = ManualClock(), _Sites(north=["door"], south=["vault"])
    for wanted, expected in (
        (filter_of(), ["door", "desk", "vault"]),
        (filter_of(cameras=["desk"]), ["desk"]),
        (filter_of(cameras=["desk"], sites=["north"]), ["door", "desk"]),
        (filter_of(sites=["west"]), []),
    ):
        assert _passed(await _passing(new_subscription("s1", wanted).subscription, sites, clock)) == expected


async def test_nothing_out_of_the_scope_is_told_whatever_the_filter_says() -> None:
    """Of the admin of one site, also when a camera that the filter names moves to another site."""
    clock, sites = ManualClock(), _Sites(north=["door", "desk"], south=["vault"])
    scope = Scope(sites=frozenset({"north"}))
    everything = new_subscription("s1", None, scope).subscription
    named = new_subscription("s2", filter_of(cameras=["desk", "vault"]), scope).subscription
    first, second = await _passing(everything, sites, clock), await _passing(named, sites, clock)
    assert (_passed(first), _passed(second)) == (["door", "desk"], ["desk"])
    sites.cameras = {"north": ["door"], "south": ["vault", "desk"]}
    clock.advance(6)
    await first.refresh()
    await second.refresh()
    assert (_passed(first), _passed(second)) == (["door"], [])


async def test_the_other_conditions_hold_beside_the_places() -> None:
    """People, and whether they have a name."""
    subscription = replace(new_subscription().subscription, wanted=filter_of(people=["ben"], strangers=False))
    selection = await _passing(subscription, _Sites(), ManualClock())
    assert [selection.wants(_event("door", person)) for person in ("ana", "ben", None)] == [False, True, False]
    assert subscription.scope == EVERYTHING


async def test_alerts_are_told_only_where_they_are_asked_for() -> None:
    """A subscription to all events has none; one to alerts has nothing else."""
    clock, sites = ManualClock(), _Sites()
    unknown = SightingEventKind.UNKNOWN_PERSON
    for kinds, expected in (([], [SightingEventKind.STARTED]), ([unknown], [unknown])):
        selection = await _passing(new_subscription("s1", filter_of(kinds=kinds)).subscription, sites, clock)
        told = await selection.told([_event("door", None)])
        assert [each.kind for each in told if selection.wants(each)] == expected
    assert not selection.wants(_event("door", None))


@in_virtual_time
async def test_whoever_may_not_be_named_any_more_makes_no_alert() -> None:
    """A relay tells of somebody who is blocked without a name; they are still nobody unknown."""
    subscription = new_subscription("s1", filter_of(kinds=[SightingEventKind.STARTED, *ALERTS])).subscription
    scene = RelayScene(selection=await _passing(subscription, _Sites(), ManualClock()))
    del scene.events.names["ben"]
    async with scene.running():
        for camera, person in (("door", "ben"), ("desk", None), ("vault", "ana")):
            scene.events.happen(camera, person)
        await asyncio.sleep(1.1)
    told = {(message.content["type"], message.content["data"]["person"]) for _, message in scene.receiver.seen}
    assert told == {("sighting.started", None), ("alert.unknown_person", None), ("sighting.started", "people/ana")}
    assert len(scene.receiver.taken) == 3


async def test_a_face_that_has_left_is_no_record_of_a_stream_processor() -> None:
    """Whatever the filter says; everybody else is told of it."""
    clock, sites = ManualClock(), _Sites()
    for kind in SinkKind:
        subscription = replace(new_subscription("s1", filter_of()).subscription, kind=kind)
        selection = await _passing(subscription, sites, clock)
        told = {
            each
            for each in SightingEventKind
            if selection.wants(SightingEvent(1, each, sighting("s1", "door", "ana"), NOON))
        }
        missing = {SightingEventKind.LEFT} if kind is SinkKind.STREAM_PROCESSOR else set()
        assert set(SightingEventKind) - told == missing
