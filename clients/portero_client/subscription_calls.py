"""The subscription methods of PorteroClient. Every call raises PorteroError if it fails."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from portero_client.calls import subscriptions as calls
from portero_client.listing import Ask, Listing
from portero_client.subscriptions import (
    AwsService,
    DeliveryOutcome,
    DeliverySchedule,
    NewSecret,
    Subscription,
    SubscriptionDelivery,
    SubscriptionFilter,
    TrialDelivery,
)


class Subscriptions:
    """To whom events are sent; for admins. A subscription is given by id or resource name."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def create(
        self, display_name: str, *, url: str, wanted: SubscriptionFilter | None = None, concurrency: int = 0
    ) -> NewSecret:
        """Creates a webhook that is told of what happens from now on, and returns it with its secret.

        Args:
            display_name: Name for people.
            url: https://HOST/PATH.
            wanted: Which events; None: all within the scope of this client's credential.
            concurrency: Most messages in flight, 1 to 32; 0 means 8.

        Raises:
            InvalidArgument: A value cannot be used, or the URL leads to where nothing may be sent.
            FailedPrecondition: The server has no file of keys that seal secrets.
            ResourceExhausted: There are too many.
        """
        return await self._ask(calls.create(display_name, url=url, wanted=wanted, concurrency=concurrency))

    async def create_for_people(
        self,
        display_name: str,
        *,
        urls: Sequence[str],
        language: str = "",
        wanted: SubscriptionFilter | None = None,
        concurrency: int = 0,
        schedule: DeliverySchedule | None = None,
    ) -> Subscription:
        """Creates a subscription of people, who are told in words of what happens from now on.

        Args:
            display_name: Name for people.
            urls: Apprise URLs, as "tgram://TOKEN/CHAT"; the server shows them to nobody again.
            language: "en" or "es"; empty means English.
            wanted: Which events; None: all within the scope of this client's credential.
            concurrency: Messages in flight: 1, or 0, which means the same.
            schedule: Quiet hours and digests; None: each message is sent at once.

        Raises:
            InvalidArgument: A value cannot be used, or a URL leads to where nothing may be sent.
            FailedPrecondition: The server has no file of keys that seal secrets.
            ResourceExhausted: There are too many.
        """
        call = calls.create_for_people(
            display_name, urls=urls, language=language, wanted=wanted, concurrency=concurrency, schedule=schedule
        )
        return await self._ask(call)

    async def create_for_aws(
        self,
        display_name: str,
        *,
        service: AwsService,
        destination: str,
        wanted: SubscriptionFilter | None = None,
        concurrency: int = 0,
    ) -> Subscription:
        """Creates a subscription of a destination in AWS, which is told of what happens from now on.

        Args:
            display_name: Name for people.
            service: What the destination is, and in which form it takes events.
            destination: Its ARN, or of a queue its URL. The server sends by its own credentials.
            wanted: Which events; None: all within the scope of this client's credential.
            concurrency: Most messages in flight, 1 to 32; 0 means 8.

        Raises:
            InvalidArgument: A value cannot be used.
            FailedPrecondition: The server has no file of keys that seal secrets.
            ResourceExhausted: There are too many.
        """
        call = calls.create_for_aws(
            display_name, service=service, destination=destination, wanted=wanted, concurrency=concurrency
        )
        return await self._ask(call)

    async def get(self, subscription: str) -> Subscription:
        """Returns a subscription. Raises NotFound."""
        return await self._ask(calls.get(subscription))

    def list(self, *, page_size: int = 0, page_token: str = "") -> Listing[Subscription]:
        """Lists subscriptions by resource name, the webhook of the settings first."""
        return Listing(self._ask, calls.list_pages(), page_size=page_size, page_token=page_token)

    async def update(
        self,
        subscription: str,
        *,
        display_name: str | None = None,
        wanted: SubscriptionFilter | None = None,
        concurrency: int | None = None,
        schedule: DeliverySchedule | None = None,
    ) -> Subscription:
        """Changes what is not None; a filter and a schedule are each replaced as a whole.

        `DeliverySchedule()` means at any time. Raises InvalidArgument, NotFound, FailedPrecondition.
        """
        return await self._ask(
            calls.update(
                subscription, display_name=display_name, wanted=wanted, concurrency=concurrency, schedule=schedule
            )
        )

    async def pause(self, subscription: str) -> Subscription:
        """Sends nothing until `resume`. Raises NotFound, FailedPrecondition."""
        return await self._ask(calls.pause(subscription))

    async def resume(self, subscription: str) -> Subscription:
        """Sends again from where it was, also after an answer of 410. Raises NotFound, FailedPrecondition."""
        return await self._ask(calls.resume(subscription))

    async def test(self, subscription: str) -> TrialDelivery:
        """Sends one message of type webhook.test, and returns what was answered. Raises NotFound."""
        return await self._ask(calls.test(subscription))

    async def replay(self, subscription: str, start_time: datetime) -> Subscription:
        """Sends again what is still stored since a time, with the same ids. Raises NotFound, FailedPrecondition."""
        return await self._ask(calls.replay(subscription, start_time))

    def deliveries(
        self, subscription: str, *, outcome: DeliveryOutcome | None = None, page_size: int = 0, page_token: str = ""
    ) -> Listing[SubscriptionDelivery]:
        """Lists what became of the last messages, the one sent last first; `outcome` None means all."""
        return Listing(
            self._ask, calls.delivery_pages(subscription, outcome), page_size=page_size, page_token=page_token
        )

    async def rotate_secret(self, subscription: str, *, keep_previous: timedelta | None = None) -> NewSecret:
        """Makes a new secret; those before it sign for `keep_previous` more, None: 24 hours. Raises NotFound."""
        return await self._ask(calls.rotate_secret(subscription, keep_previous))

    async def delete(self, subscription: str) -> None:
        """Removes a subscription with all that is stored of it. Raises NotFound, FailedPrecondition."""
        await self._ask(calls.delete(subscription))
