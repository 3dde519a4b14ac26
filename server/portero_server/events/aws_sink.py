"""The sinks of AWS: queues, topics, event buses and data streams, by the credentials of the server."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from threading import Lock
from types import TracebackType
from typing import Any, Protocol, Self

import boto3
from botocore.config import Config

from portero_server.domain.events.aws_destinations import FIELD, AwsDestination, destination_of
from portero_server.domain.events.delivery import DeliveryResult
from portero_server.domain.events.message import EventMessage
from portero_server.domain.events.subscriptions import MOST_CONCURRENT, SinkKind
from portero_server.errors import InvalidInput
from portero_server.events.aws_answers import FAULTS, sent_of
from portero_server.events.aws_puts import AWS_PUTS, AwsPut, group_of
from portero_server.events.relay_ports import Sender
from portero_server.events.sealed_endpoints import SealedEndpoints
from portero_server.events.sinks import CheckedDestination, Destination, one_url
from portero_server.events.webhook import Sent
from portero_server.store.subscriptions import SealedSubscription

_MOST_BYTES = 256 * 1024
"""The least that the four services take. A message has about one thousandth of it."""
_ATTRIBUTES = 1024
"""Bytes left to what is sent beside a body, which counts with it."""


class ClientOf(Protocol):
    """Makes a boto3 client."""

    def __call__(self, service: str, region: str, timeout: float, connections: int) -> Any:
        """Returns a client of a service in a region, for calls of at most `timeout` seconds."""
        ...


def create_client(service: str, region: str, timeout: float, connections: int) -> Any:
    """Creates a boto3 client, with credentials and endpoint found by AWS's standard rules; connects to nothing yet.

    Raises:
        BotoCoreError: The AWS configuration is broken.
        ValueError: The endpoint of AWS_ENDPOINT_URL is no URL.
    """
    config = Config(
        connect_timeout=timeout / 2,
        read_timeout=timeout / 2,
        max_pool_connections=connections,
        # The relay retries: a second attempt made here would neither wait nor be counted.
        retries={"mode": "standard", "total_max_attempts": 1},
        tcp_keepalive=True,
        user_agent_extra="portero",
    )
    # A session of its own: the one that all share must not be used in several threads.
    return boto3.session.Session(region_name=region).client(service, config=config)  # type: ignore[call-overload]


class AwsSink:
    """Checks ARNs of one kind, and sends to them."""

    concurrency = 8
    most_concurrent = MOST_CONCURRENT
    turns = None
    signs = False

    def __init__(
        self, kind: SinkKind, endpoints: SealedEndpoints, timeout: float, client_of: ClientOf = create_client
    ) -> None:
        """Creates the sink.

        Args:
            kind: One of AWS_KINDS.
            endpoints: Opens what is sealed.
            timeout: Seconds for one message.
            client_of: Makes boto3 clients.
        """
        self._kind = kind
        self._endpoints = endpoints
        self._timeout = timeout
        self._client_of = client_of

    async def checked(self, asked: Destination) -> CheckedDestination:
        """Returns the ARN, checked, which may be shown as a whole. Raises InvalidInput."""
        if not (text := one_url(asked.urls)):
            raise InvalidInput(FIELD, f"{FIELD} must be set")
        destination = destination_of(text, self._kind)
        return CheckedDestination(destination.arn, destination.arn)

    def sender(self, sealed: SealedSubscription) -> AbstractAsyncContextManager[Sender]:
        """Returns what sends to a subscription. Raises FailedPrecondition."""
        text, _ = self._endpoints.opened_text(sealed)
        threads = sealed.subscription.concurrency
        return AwsSender(
            destination_of(text, self._kind), AWS_PUTS[self._kind], self._timeout, threads, self._client_of
        )


class AwsSender:
    """Sends messages to one destination, in threads of its own; an async context manager that ends them."""

    def __init__(
        self,
        destination: AwsDestination,
        put: AwsPut,
        timeout: float,
        threads: int,
        client_of: ClientOf = create_client,
    ) -> None:
        """Creates a sender for a destination of the service that `put` is of; `timeout` is in seconds."""
        self._destination = destination
        self._put = put
        self._timeout = timeout
        self._threads = threads
        self._client_of = client_of
        self._client: Any = None
        self._making = Lock()
        self._pool: ThreadPoolExecutor | None = None
        # By camera, of which no two messages are in flight.
        self._numbers: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        """Prepares threads; the client is made for the first message, which then tells what is wrong with it."""
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix=self._put.service)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Waits for nobody: a call that hangs ends by its own time."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None
        if self._client is not None:
            self._client.close()

    async def send(self, message: EventMessage) -> Sent:
        """Sends one message, once.

        Raises:
            RuntimeError: The sender is not entered.
        """
        if self._pool is None:
            raise RuntimeError("the sender is not entered")
        body = self._put.body(message)
        if (size := len(body)) > _MOST_BYTES - _ATTRIBUTES:
            problem = f"the message has {size} bytes, and at most {_MOST_BYTES - _ATTRIBUTES} are sent"
            return Sent(DeliveryResult.REFUSED, problem=problem)
        group = group_of(message)
        # Forgotten unless the message is taken: after a failure nobody knows which was the last one.
        after = self._numbers.pop(group, "")
        call = asyncio.get_running_loop().run_in_executor(self._pool, self._ask, message, body, after)
        try:
            async with asyncio.timeout(self._timeout):
                self._numbers[group] = await call
        except TimeoutError:
            return Sent(DeliveryResult.FAILED, problem=f"it did not answer within {self._timeout:g} s")
        except FAULTS as fault:
            return sent_of(fault, self._put.action)
        return Sent(DeliveryResult.DELIVERED)

    def _ask(self, message: EventMessage, body: str, after: str) -> str:
        with self._making:
            if self._client is None:
                region = self._destination.region
                self._client = self._client_of(self._put.service, region, self._timeout, self._threads)
            client = self._client
        return self._put.put(client, self._destination, message, body, after)
