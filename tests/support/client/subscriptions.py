"""SubscriptionService with what a test puts in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import subscription_service_pb2 as pb2

from tests.support.client.wire import UnaryMethod, not_found

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def stamp(moment: datetime) -> Timestamp:
    """Returns a Timestamp for a time."""
    message = Timestamp()
    message.FromDatetime(moment)
    return message


class FakeSubscriptions:
    """Keeps subscriptions, as the server shows them.

    Attributes:
        subscriptions: By name, in order of the names.
        deliveries: Of every subscription.
        trial: What is answered to a trial message.
        urls: Where each sends; the server shows the origin alone.
        overlaps: For how long replaced secrets were kept, seconds; -1: the request did not say.
        replayed: Since when each was replayed.
    """

    def __init__(self) -> None:
        self.subscriptions: dict[str, pb2.Subscription] = {}
        self.deliveries: list[pb2.SubscriptionDelivery] = []
        self.trial = pb2.TestSubscriptionResponse(delivered=True, http_status=204)
        self.urls: dict[str, str] = {}
        self.overlaps: list[float] = []
        self.replayed: dict[str, datetime] = {}

    def methods(self) -> dict[str, tuple[type, UnaryMethod]]:
        """Returns the RPCs by name."""
        return {
            "CreateSubscription": (pb2.CreateSubscriptionRequest, self._create),
            "GetSubscription": (pb2.GetSubscriptionRequest, self._get),
            "ListSubscriptions": (pb2.ListSubscriptionsRequest, self._list),
            "UpdateSubscription": (pb2.UpdateSubscriptionRequest, self._update),
            "PauseSubscription": (pb2.PauseSubscriptionRequest, self._pause),
            "ResumeSubscription": (pb2.ResumeSubscriptionRequest, self._resume),
            "TestSubscription": (pb2.TestSubscriptionRequest, self._test),
            "ReplaySubscription": (pb2.ReplaySubscriptionRequest, self._replay),
            "ListDeliveries": (pb2.ListDeliveriesRequest, self._list_deliveries),
            "RotateSubscriptionSecret": (pb2.RotateSubscriptionSecretRequest, self._rotate),
            "DeleteSubscription": (pb2.DeleteSubscriptionRequest, self._delete),
        }

    def _one(self, name: str) -> pb2.Subscription:
        if name not in self.subscriptions:
            raise not_found(name)
        return self.subscriptions[name]

    async def _create(self, request: pb2.CreateSubscriptionRequest) -> pb2.CreateSubscriptionResponse:
        made = request.subscription
        made.name = f"subscriptions/s{len(self.subscriptions) + 1}"
        signs = made.WhichOneof("sink") == "webhook"
        if made.HasField("people"):
            self.urls[made.name] = " ".join(made.people.urls)
            schemas = [url.partition("://")[0] for url in made.people.urls]
            made.people.CopyFrom(pb2.PeopleSink(schemas=schemas, language=made.people.language or "en"))
        elif made.HasField("aws"):
            self.urls[made.name] = made.aws.destination
        else:
            self.urls[made.name] = made.webhook.url
            made.webhook.CopyFrom(pb2.WebhookSink(origin="https://" + made.webhook.url.split("/")[2]))
        made.filter.limited_to_people = bool(made.filter.people)
        made.concurrency = made.concurrency or 8
        made.state, made.creator = pb2.SUBSCRIPTION_STATE_ACTIVE, "local"
        made.secret_count = int(signs)
        made.create_time.CopyFrom(stamp(NOON))
        made.update_time.CopyFrom(stamp(NOON))
        self.subscriptions[made.name] = made
        return pb2.CreateSubscriptionResponse(subscription=made, secret="whsec_first" if signs else "")

    async def _get(self, request: pb2.GetSubscriptionRequest) -> pb2.GetSubscriptionResponse:
        return pb2.GetSubscriptionResponse(subscription=self._one(request.name))

    async def _list(self, request: pb2.ListSubscriptionsRequest) -> pb2.ListSubscriptionsResponse:
        return pb2.ListSubscriptionsResponse(subscriptions=self.subscriptions.values())

    async def _update(self, request: pb2.UpdateSubscriptionRequest) -> pb2.UpdateSubscriptionResponse:
        stored, new = self._one(request.subscription.name), request.subscription
        for field in request.update_mask.paths:
            if field == "filter":
                stored.filter.CopyFrom(new.filter)
            elif field == "schedule" and new.schedule == pb2.DeliverySchedule():
                stored.ClearField("schedule")
            elif field == "schedule":
                stored.schedule.CopyFrom(new.schedule)
            else:
                setattr(stored, field, getattr(new, field))
        return pb2.UpdateSubscriptionResponse(subscription=stored)

    async def _pause(self, request: pb2.PauseSubscriptionRequest) -> pb2.PauseSubscriptionResponse:
        self._one(request.name).state = pb2.SUBSCRIPTION_STATE_PAUSED
        return pb2.PauseSubscriptionResponse(subscription=self._one(request.name))

    async def _resume(self, request: pb2.ResumeSubscriptionRequest) -> pb2.ResumeSubscriptionResponse:
        self._one(request.name).state = pb2.SUBSCRIPTION_STATE_ACTIVE
        return pb2.ResumeSubscriptionResponse(subscription=self._one(request.name))

    async def _test(self, request: pb2.TestSubscriptionRequest) -> pb2.TestSubscriptionResponse:
        self._one(request.name)
        return self.trial

    async def _replay(self, request: pb2.ReplaySubscriptionRequest) -> pb2.ReplaySubscriptionResponse:
        self.replayed[request.name] = request.start_time.ToDatetime(UTC)
        return pb2.ReplaySubscriptionResponse(subscription=self._one(request.name))

    async def _list_deliveries(self, request: pb2.ListDeliveriesRequest) -> pb2.ListDeliveriesResponse:
        self._one(request.parent)
        found = [each for each in self.deliveries if request.outcome in (0, each.outcome)]
        return pb2.ListDeliveriesResponse(deliveries=found)

    async def _rotate(self, request: pb2.RotateSubscriptionSecretRequest) -> pb2.RotateSubscriptionSecretResponse:
        said = request.HasField("keep_previous")
        self.overlaps.append(request.keep_previous.ToTimedelta().total_seconds() if said else -1)
        rotated = self._one(request.name)
        rotated.secret_count += 1
        rotated.previous_secrets_expire_time.CopyFrom(stamp(NOON + timedelta(hours=24)))
        return pb2.RotateSubscriptionSecretResponse(subscription=rotated, secret="whsec_second")

    async def _delete(self, request: pb2.DeleteSubscriptionRequest) -> pb2.DeleteSubscriptionResponse:
        self._one(request.name)
        del self.subscriptions[request.name]
        return pb2.DeleteSubscriptionResponse()
