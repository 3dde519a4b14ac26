"""Implements SubscriptionService: to whom events are sent, and which."""
# ruff: noqa: N802 - methods are named as in the proto

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from portero.v1 import subscription_service_pb2 as pb
from portero.v1 import subscription_service_pb2_grpc

from portero_server.access.authorized_cameras import out_of_scope
from portero_server.domain.events.subscriptions import Subscription, SubscriptionFilter, is_within
from portero_server.errors import FailedPrecondition, InvalidInput
from portero_server.events.subscription_service import NewSubscription, SubscriptionService
from portero_server.rpc.auth.caller import current_caller
from portero_server.rpc.convert import duration_from_proto, time_from_proto
from portero_server.rpc.paging import Listing, checked_page_size, cut, malformed_token
from portero_server.rpc.requests import Context, masked_fields
from portero_server.rpc.resource_names import parse_subscription, subscription_name
from portero_server.rpc.subscription_convert import (
    delivery_to_proto,
    destination_from_proto,
    filter_from_proto,
    outcome_from_proto,
    schedule_from_proto,
    subscription_to_proto,
)
from portero_server.store.subscription_deliveries import DeliveryStore
from portero_server.store.subscriptions import SubscriptionChanges

_CHANGEABLE = frozenset({"display_name", "filter", "concurrency", "schedule"})
_OVERLAP = timedelta(hours=24)


class SubscriptionServicer(subscription_service_pb2_grpc.SubscriptionServiceServicer):
    """Manages subscriptions, each for callers whose scope includes that of the subscription."""

    def __init__(self, subscriptions: SubscriptionService, deliveries: DeliveryStore) -> None:
        self._subscriptions = subscriptions
        self._deliveries = deliveries

    async def CreateSubscription(
        self, request: pb.CreateSubscriptionRequest, context: Context
    ) -> pb.CreateSubscriptionResponse:
        """Creates a subscription within the caller's scope, and returns its secret, which is shown only this once."""
        asked, caller = request.subscription, current_caller()
        kind, destination = destination_from_proto(asked)
        wanted = filter_from_proto(asked.filter)
        await _require_places(wanted)
        made, secret = await self._subscriptions.create(
            NewSubscription(
                asked.display_name,
                kind,
                destination,
                wanted,
                asked.concurrency,
                caller.authorized.scope,
                caller.identity.subject,
                schedule_from_proto(asked.schedule),
            )
        )
        return pb.CreateSubscriptionResponse(subscription=await self._to_proto(made), secret=secret)

    async def GetSubscription(self, request: pb.GetSubscriptionRequest, context: Context) -> pb.GetSubscriptionResponse:
        """Returns a subscription by its name."""
        found = await self._subscriptions.get(await self._allowed(request.name))
        return pb.GetSubscriptionResponse(subscription=await self._to_proto(found))

    async def ListSubscriptions(
        self, request: pb.ListSubscriptionsRequest, context: Context
    ) -> pb.ListSubscriptionsResponse:
        """Lists subscriptions by name, that of the settings first; those out of the caller's scope are left out."""
        size = checked_page_size(request.page_size)
        listing = Listing("subscriptions")
        cursor = listing.cursor(request.page_token, parts=1)
        page, last = cut(await self._subscriptions.list(size + 1, cursor[0] if cursor else None), size)
        end = await self._subscriptions.last_position()
        return pb.ListSubscriptionsResponse(
            subscriptions=[subscription_to_proto(each, end) for each in page if _is_allowed(each)],
            next_page_token=listing.token([last.subscription_id]) if last else "",
        )

    async def UpdateSubscription(
        self, request: pb.UpdateSubscriptionRequest, context: Context
    ) -> pb.UpdateSubscriptionResponse:
        """Changes the fields listed in the mask."""
        asked = request.subscription
        subscription_id = await self._allowed(asked.name, "subscription.name")
        fields = masked_fields(request.update_mask, asked, _CHANGEABLE)
        changes: SubscriptionChanges = {}
        if "display_name" in fields:
            changes["display_name"] = asked.display_name
        if "concurrency" in fields:
            changes["concurrency"] = asked.concurrency
        if "schedule" in fields:
            changes["schedule"] = schedule_from_proto(asked.schedule)
        if "filter" in fields:
            changes["wanted"] = filter_from_proto(asked.filter)
            await _require_places(changes["wanted"])
        changed = await self._subscriptions.update(subscription_id, changes)
        return pb.UpdateSubscriptionResponse(subscription=await self._to_proto(changed))

    async def PauseSubscription(
        self, request: pb.PauseSubscriptionRequest, context: Context
    ) -> pb.PauseSubscriptionResponse:
        """Sends nothing until it is resumed."""
        paused = await self._subscriptions.pause(await self._allowed(request.name))
        return pb.PauseSubscriptionResponse(subscription=await self._to_proto(paused))

    async def ResumeSubscription(
        self, request: pb.ResumeSubscriptionRequest, context: Context
    ) -> pb.ResumeSubscriptionResponse:
        """Sends again, from where it was."""
        resumed = await self._subscriptions.resume(await self._allowed(request.name))
        return pb.ResumeSubscriptionResponse(subscription=await self._to_proto(resumed))

    async def TestSubscription(
        self, request: pb.TestSubscriptionRequest, context: Context
    ) -> pb.TestSubscriptionResponse:
        """Sends one message of type webhook.test."""
        sent = await self._subscriptions.try_out(await self._allowed(request.name))
        return pb.TestSubscriptionResponse(
            delivered=not sent.problem, http_status=sent.status or 0, problem=sent.problem
        )

    async def ReplaySubscription(
        self, request: pb.ReplaySubscriptionRequest, context: Context
    ) -> pb.ReplaySubscriptionResponse:
        """Has everything sent again that is still stored since a time."""
        if not request.HasField("start_time"):
            raise InvalidInput("start_time", "start_time must be set: what happened since then is sent again")
        since = time_from_proto(request.start_time, "start_time")
        replayed = await self._subscriptions.replay(await self._allowed(request.name), since)
        return pb.ReplaySubscriptionResponse(subscription=await self._to_proto(replayed))

    async def ListDeliveries(self, request: pb.ListDeliveriesRequest, context: Context) -> pb.ListDeliveriesResponse:
        """Lists what became of the last messages, the one sent last first."""
        subscription_id = await self._allowed(request.parent, "parent")
        if (await self._subscriptions.get(subscription_id)).read_only:
            raise FailedPrecondition(
                "no deliveries are kept of the webhook of the settings: see the metrics portero_webhook_…",
                reason="READ_ONLY",
            )
        outcome = outcome_from_proto(request.outcome)
        size = checked_page_size(request.page_size)
        listing = Listing("deliveries", (subscription_id, "" if outcome is None else outcome.value))
        after = _place(listing.cursor(request.page_token, parts=2))
        page, last = cut(await self._deliveries.list(subscription_id, size + 1, after, outcome=outcome), size)
        return pb.ListDeliveriesResponse(
            deliveries=[delivery_to_proto(delivery) for delivery in page],
            next_page_token=listing.token([last.last_at.isoformat(), str(last.position)]) if last else "",
        )

    async def RotateSubscriptionSecret(
        self, request: pb.RotateSubscriptionSecretRequest, context: Context
    ) -> pb.RotateSubscriptionSecretResponse:
        """Makes a new secret, which is shown only this once; those before it sign beside it for some time."""
        overlap = _OVERLAP
        if request.HasField("keep_previous"):
            overlap = duration_from_proto(request.keep_previous, "keep_previous")
        rotated, secret = await self._subscriptions.rotate(await self._allowed(request.name), overlap)
        return pb.RotateSubscriptionSecretResponse(subscription=await self._to_proto(rotated), secret=secret)

    async def DeleteSubscription(
        self, request: pb.DeleteSubscriptionRequest, context: Context
    ) -> pb.DeleteSubscriptionResponse:
        """Removes a subscription with all that is stored of it."""
        await self._subscriptions.delete(await self._allowed(request.name))
        return pb.DeleteSubscriptionResponse()

    async def _allowed(self, name: str, field: str = "name") -> str:
        """Returns the id of a subscription that the caller may see; raises an error if it may not."""
        subscription_id = parse_subscription(name, field)
        unlimited = current_caller().authorized.scope.everything
        if not unlimited and not _is_allowed(await self._subscriptions.get(subscription_id)):
            raise out_of_scope(subscription_name(subscription_id))
        return subscription_id

    async def _to_proto(self, subscription: Subscription) -> pb.Subscription:
        return subscription_to_proto(subscription, await self._subscriptions.last_position())


def _is_allowed(subscription: Subscription) -> bool:
    authorized = current_caller().authorized
    return is_within(subscription.scope, authorized.scope, authorized.cameras)


async def _require_places(wanted: SubscriptionFilter) -> None:
    """Raises PermissionDenied if a filter names a camera or a site out of the caller's scope, or attendance."""
    authorized = current_caller().authorized
    if authorized.scope.everything:
        return
    if wanted.notices:
        raise out_of_scope("attendance, which is of no site,")
    for camera_id in sorted(wanted.places.cameras):
        await authorized.require(camera_id)
    for site in sorted(wanted.places.sites - authorized.scope.sites):
        raise out_of_scope(f"sites/{site}")


def _place(parts: tuple[str, ...] | None) -> tuple[datetime, int] | None:
    if parts is None:
        return None
    try:
        moment, position = datetime.fromisoformat(parts[0]), int(parts[1])
        if moment.tzinfo is None or not 0 <= position < 2**63:
            raise malformed_token()
        return moment.astimezone(UTC), position
    except (ValueError, OverflowError):
        raise malformed_token() from None
