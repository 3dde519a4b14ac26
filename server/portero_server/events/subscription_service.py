"""Makes, changes, pauses, replays and tries subscriptions, and makes new secrets for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import uuid4

from portero_server.clock import Clock
from portero_server.domain.access.identities import Scope
from portero_server.domain.events.message import trial_message
from portero_server.domain.events.schedules import DeliverySchedule
from portero_server.domain.events.subscriptions import (
    SETTINGS_ID,
    SinkKind,
    Subscription,
    SubscriptionFilter,
    SubscriptionState,
    check_form,
    checked_concurrency,
    checked_overlap,
)
from portero_server.domain.people.people import checked_display_name
from portero_server.errors import FailedPrecondition, InvalidInput, NotFound
from portero_server.events.relay_ports import Sender
from portero_server.events.sealed_endpoints import SealedEndpoints
from portero_server.events.sinks import Destination, Sinks
from portero_server.events.webhook import Sent
from portero_server.store.event_relays import EventRelayStore
from portero_server.store.subscriptions import (
    SealedSecret,
    SealedSubscription,
    SubscriptionChanges,
    SubscriptionStore,
    notice_relay_name,
    relay_name,
)


class EventPositions(Protocol):
    """Says where in the events a time is."""

    async def position_before(self, moment: datetime) -> int:
        """Returns the position before the first stored event that happened at `moment` or later."""
        ...

    async def last_position(self) -> int:
        """Returns the position of the last event, or 0."""
        ...


class NoticePositions(Protocol):
    """Says where in the notices of attendance a time is."""

    async def position_before(self, moment: datetime) -> int:
        """Returns the position before the first stored notice that was decided at `moment` or later."""
        ...


class SettingsWebhook(Protocol):
    """The webhook of the settings, as a subscription that nobody can change."""

    async def shown(self) -> Subscription | None:
        """Returns it as it is now; None: the settings name none."""
        ...

    async def tried(self) -> Sent:
        """Sends it a message of type webhook.test. Raises NotFound if the settings name none."""
        ...


@dataclass(frozen=True, slots=True)
class NewSubscription:
    """What a subscription is to be, unchecked but for the filter.

    Attributes:
        scope: The scope of whoever asks for it.
        schedule: When people are told; None: at any time.
    """

    display_name: str
    kind: SinkKind
    destination: Destination
    wanted: SubscriptionFilter
    concurrency: int
    scope: Scope
    created_by: str
    schedule: DeliverySchedule | None = None


class SubscriptionService:
    """Manages subscriptions. Who may is not decided here."""

    def __init__(
        self,
        store: SubscriptionStore,
        endpoints: SealedEndpoints,
        sinks: Sinks,
        relay_of: Callable[[str, str], EventRelayStore],
        positions: EventPositions,
        notices: NoticePositions,
        webhook: SettingsWebhook,
        changed: Callable[[], None],
        clock: Clock,
        *,
        most: int,
    ) -> None:
        """Creates the service.

        Args:
            store: The subscriptions.
            endpoints: Seals and opens what is secret.
            sinks: The kinds of destinations, which check what is asked for, and send.
            relay_of: Returns the store of a relay's progress, for its name and endpoint.
            positions: Of events.
            notices: Positions of notices of attendance.
            webhook: The one of the settings.
            changed: Called after each change.
            clock: Dates everything.
            most: How many subscriptions there may be.
        """
        self._store = store
        self._endpoints = endpoints
        self._sinks = sinks
        self._relay_of = relay_of
        self._positions = positions
        self._notices = notices
        self._webhook = webhook
        self._changed = changed
        self._clock = clock
        self._most = most

    async def create(self, new: NewSubscription) -> tuple[Subscription, str]:
        """Creates a subscription, which is told of what happens from now on.

        Returns:
            The subscription, and its secret, which is not stored as text and cannot be read again; empty: messages of
            its kind are not signed.

        Raises:
            InvalidInput: A value cannot be used, or a URL leads to where nothing may be sent.
            FailedPrecondition: The settings name no key file.
            LimitReached: There are too many.
        """
        display_name = checked_display_name(new.display_name, "subscription.display_name")
        _check_schedule(new.schedule, new.kind)
        sink = self._sinks[new.kind]
        concurrency = checked_concurrency(new.concurrency, sink.concurrency, sink.most_concurrent)
        check_form(new.kind, new.wanted)
        where = await sink.checked(new.destination)
        subscription_id, now = uuid4().hex, self._clock.now()
        sealed, endpoint = self._endpoints.sealed_url(subscription_id, where.text)
        secrets: tuple[SealedSecret, ...] = ()
        text = ""
        if sink.signs:
            secret, text = self._endpoints.new_secret(subscription_id)
            secrets = (secret,)
        made = Subscription(
            subscription_id,
            display_name,
            new.kind,
            where.origin,
            new.wanted,
            new.scope,
            concurrency,
            created_at=now,
            created_by=new.created_by,
            updated_at=now,
            language=where.language,
            schedule=new.schedule,
        )
        stored = await self._store.create(SealedSubscription(made, sealed, endpoint, secrets), most=self._most)
        self._changed()
        return stored, text

    async def get(self, subscription_id: str) -> Subscription:
        """Returns a subscription.

        Raises:
            NotFound: It does not exist.
        """
        if subscription_id != SETTINGS_ID:
            return await self._store.get(subscription_id, self._clock.now())
        if (shown := await self._webhook.shown()) is None:
            raise NotFound(f"subscriptions/{SETTINGS_ID}")
        return shown

    async def list(self, limit: int, after_id: str | None = None) -> Sequence[Subscription]:
        """Returns at most `limit` subscriptions after an id: that of the settings first, the others by id."""
        first = [] if after_id is not None or (shown := await self._webhook.shown()) is None else [shown]
        # Ids are hexadecimal: nothing sorts after that of the settings.
        after_id = None if after_id == SETTINGS_ID else after_id
        return [*first, *await self._store.list(limit - len(first), self._clock.now(), after_id)]

    async def last_position(self) -> int:
        """Returns the position of the last event."""
        return await self._positions.last_position()

    async def update(self, subscription_id: str, changes: SubscriptionChanges) -> Subscription:
        """Changes a subscription; every server sends by it within seconds.

        Raises:
            NotFound: It does not exist.
            InvalidInput: A value cannot be used.
            FailedPrecondition: It is that of the settings.
        """
        _refuse_settings(subscription_id)
        if "display_name" in changes:
            changes["display_name"] = checked_display_name(changes["display_name"], "subscription.display_name")
        if not changes:
            return await self.get(subscription_id)
        before = await self._store.get(subscription_id, self._clock.now())
        if "concurrency" in changes:
            sink = self._sinks[before.kind]
            changes["concurrency"] = checked_concurrency(changes["concurrency"], sink.concurrency, sink.most_concurrent)
        if changes.get("schedule") is not None:
            _check_schedule(changes["schedule"], before.kind)
        if "wanted" in changes:
            check_form(before.kind, changes["wanted"])
            if changes["wanted"].notices and not before.scope.everything:
                raise FailedPrecondition(
                    f"subscriptions/{subscription_id} was made for some cameras only, and attendance is of none: make "
                    "another one",
                    reason="OUT_OF_SCOPE",
                )
        stored = await self._store.update(subscription_id, changes, self._clock.now())
        self._changed()
        return stored

    async def pause(self, subscription_id: str) -> Subscription:
        """Sends nothing until `resume`; the position stays. Pausing it again changes nothing.

        Raises:
            NotFound: It does not exist.
            FailedPrecondition: It is that of the settings.
        """
        for relay in await self._relays(subscription_id):
            await relay.stop(SubscriptionState.PAUSED.stop)
        self._changed()
        return await self.get(subscription_id)

    async def resume(self, subscription_id: str) -> Subscription:
        """Sends again, from where it was, also after an answer of 410; what waits for its next try is tried at once.

        Raises:
            NotFound: It does not exist.
            FailedPrecondition: It is that of the settings.
        """
        for relay in await self._relays(subscription_id):
            await relay.resume()
        await self._store.touch(subscription_id)
        self._changed()
        return await self.get(subscription_id)

    async def replay(self, subscription_id: str, since: datetime) -> Subscription:
        """Has everything sent again that is still stored since a time, with the same ids.

        Raises:
            NotFound: It does not exist.
            FailedPrecondition: It is that of the settings.
        """
        events, notices = await self._relays(subscription_id)
        await events.rewind(await self._positions.position_before(since))
        await notices.rewind(await self._notices.position_before(since))
        await self._store.touch(subscription_id, afresh=True)
        self._changed()
        return await self.get(subscription_id)

    async def try_out(self, subscription_id: str) -> Sent:
        """Sends one message of type webhook.test, and returns what was answered.

        Raises:
            NotFound: It does not exist.
            FailedPrecondition: Its secrets cannot be opened.
        """
        if subscription_id == SETTINGS_ID:
            return await self._webhook.tried()
        sealed = await self._sealed(subscription_id)
        sink = self._sinks[sealed.subscription.kind]
        async with sink.turns or nullcontext(), sink.sender(sealed) as sender:
            return await _trial(sender, self._clock)

    async def rotate(self, subscription_id: str, keep_previous: timedelta) -> tuple[Subscription, str]:
        """Makes a new secret; those before it sign beside it for `keep_previous` more, at the longest.

        Returns:
            The subscription, and the secret's text, which is stored nowhere.

        Raises:
            NotFound: It does not exist.
            InvalidInput: The time is too long.
            FailedPrecondition: Five secrets sign already, its messages are not signed, it is that of the settings, or
                they name no key file.
        """
        _refuse_settings(subscription_id)
        kind = (await self._store.get(subscription_id, self._clock.now())).kind
        if not self._sinks[kind].signs:
            raise FailedPrecondition(
                f"messages of subscriptions/{subscription_id} are not signed: it sends to {kind.value}",
                reason="NOT_SIGNED",
            )
        overlap = checked_overlap(keep_previous)
        secret, text = self._endpoints.new_secret(subscription_id)
        stored = await self._store.add_secret(subscription_id, secret, self._clock.now(), overlap)
        self._changed()
        return stored, text

    async def delete(self, subscription_id: str) -> None:
        """Removes a subscription with all that is stored of it; nothing more is sent within seconds.

        Raises:
            NotFound: It does not exist.
            FailedPrecondition: It is that of the settings.
        """
        _refuse_settings(subscription_id)
        await self._store.delete(subscription_id, self._clock.now())
        self._changed()

    async def _relays(self, subscription_id: str) -> tuple[EventRelayStore, EventRelayStore]:
        """Returns how far events are sent, and notices."""
        _refuse_settings(subscription_id)
        found = await self._sealed(subscription_id)
        names = relay_name(found.subscription.kind, subscription_id), notice_relay_name(subscription_id)
        events, notices = (self._relay_of(name, found.endpoint) for name in names)
        return events, notices

    async def _sealed(self, subscription_id: str) -> SealedSubscription:
        found = await self._store.sealed(self._clock.now(), subscription_id)
        if not found:
            raise NotFound(f"subscriptions/{subscription_id}")
        return found[0]


async def _trial(sender: Sender, clock: Clock) -> Sent:
    return await sender.send(trial_message(clock.now().astimezone(UTC)))


def _check_schedule(schedule: DeliverySchedule | None, kind: SinkKind) -> None:
    if schedule is not None and kind is not SinkKind.PEOPLE:
        path = "subscription.schedule"
        raise InvalidInput(path, f"{path} must be empty: only people have quiet hours and a digest")


def _refuse_settings(subscription_id: str) -> None:
    if subscription_id == SETTINGS_ID:
        raise FailedPrecondition(
            "subscriptions/settings is the webhook of the server's settings: PORTERO_WEBHOOK_URL and the variables "
            "beside it change it, and `portero-server webhook` resumes and replays it",
            reason="READ_ONLY",
        )
