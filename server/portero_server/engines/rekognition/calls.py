"""Makes one Rekognition call: in a thread, with translated errors, and through the gate if it counts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from portero_server.engines.base import CallContext, CallGate
from portero_server.engines.rekognition.errors import VENDOR_FAULTS, AnswerUnreadable, CollectionMissing, translated
from portero_server.errors import StartupProblem

if TYPE_CHECKING:
    from types_boto3_rekognition.client import RekognitionClient

_A = TypeVar("_A")
_T = TypeVar("_T")

_UNREADABLE = (AttributeError, LookupError, TypeError, ValueError)
"""What reading an answer of the wrong form raises, in botocore's parser as in ours."""


def create_client(region: str | None, threads: int, connect_timeout: float, read_timeout: float) -> RekognitionClient:
    """Creates the boto3 client, with credentials and endpoint found by AWS's standard rules.

    Args:
        region: AWS region, or None for the one of the AWS profile or environment.
        threads: Calls at once; as many connections are kept.
        connect_timeout: Seconds.
        read_timeout: Seconds.

    Raises:
        StartupProblem: Region or credentials are missing, or the AWS configuration is broken.
    """
    config = Config(
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        max_pool_connections=threads,
        # The scheduler retries: a second attempt made here would escape quota, budget and breaker.
        retries={"mode": "standard", "total_max_attempts": 1},
        tcp_keepalive=True,
        user_agent_extra="portero",
    )
    try:
        session = boto3.session.Session(region_name=region)
        if session.region_name is None:
            raise StartupProblem("no AWS region: set PORTERO_REKOGNITION_REGION or AWS_DEFAULT_REGION")
        if session.get_credentials() is None:
            raise StartupProblem("no AWS credentials: set a profile, a role or AWS_ACCESS_KEY_ID")
        return session.client("rekognition", config=config)
    except BotoCoreError as fault:
        # Its messages name the file, profile or variable that is wrong, and hold no secrets.
        raise StartupProblem(f"the AWS configuration is not usable: {fault}") from None
    except ValueError:
        raise StartupProblem("AWS_ENDPOINT_URL_REKOGNITION, or AWS_ENDPOINT_URL, is not a URL") from None


class RekognitionCalls:
    """Makes calls, without knowing their meaning."""

    def __init__(self, gate: CallGate, threads: int) -> None:
        self._gate = gate
        # Its own pool, so that calls that hang cannot starve whatever else runs in threads.
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="rekognition")
        self._tell_loss: Callable[[], None] = lambda: None

    def tell_loss(self, tell: Callable[[], None]) -> None:
        """Calls `tell` from now on whenever a call through the gate finds no collection."""
        self._tell_loss = tell

    async def call(self, operation: str, context: CallContext, ask: Callable[[], _A], read: Callable[[_A], _T]) -> _T:
        """Makes one call through the gate.

        Args:
            operation: As the vendor calls it ("IndexFaces").
            context: The purpose of the call.
            ask: Makes the blocking call.
            read: Turns its answer into ours; whatever it misses makes the answer unreadable.

        Raises:
            EngineError: As the gate, or the translated fault.
        """
        try:
            return await self._gate.run(operation, context, partial(self.ungated, operation, ask, read))
        except CollectionMissing:
            self._tell_loss()
            raise

    async def call_unless(
        self,
        operation: str,
        context: CallContext,
        ask: Callable[[], _A],
        read: Callable[[_A], _T],
        refused: Callable[[ClientError], bool],
    ) -> _T | None:
        """Makes one call for which a refusal is a valid answer. Returns None if it was refused.

        Raises:
            EngineError: As `call`, for any other refusal.
        """

        def ask_or_none() -> _A | None:
            try:
                return ask()
            except ClientError as fault:
                if refused(fault):
                    return None
                raise

        return await self.call(operation, context, ask_or_none, lambda a: None if a is None else read(a))

    async def ungated(self, operation: str, ask: Callable[[], _A], read: Callable[[_A], _T]) -> _T:
        """Makes one call without the gate: for calls that are free and must work while the gate is closed.

        Raises:
            EngineError: The translated fault.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, partial(_asked, operation, ask, read))

    def close(self) -> None:
        """Drops waiting calls; calls in progress end by their own timeouts."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _asked(operation: str, ask: Callable[[], _A], read: Callable[[_A], _T]) -> _T:
    try:
        return read(ask())
    except VENDOR_FAULTS as fault:
        raise translated(fault, operation) from fault
    except _UNREADABLE as fault:
        raise AnswerUnreadable(operation) from fault
