"""The sink of people: e-mail, Telegram, Slack and the like, through Apprise, each message in words."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import os
import sys
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo

from portero_server.clock import Clock
from portero_server.domain.events.addresses import Network
from portero_server.domain.events.apprise_urls import AppriseUrl, checked_language, checked_urls
from portero_server.domain.events.delivery import DeliveryResult
from portero_server.domain.events.message import EventMessage
from portero_server.domain.events.wording import text_of
from portero_server.errors import InvalidInput, StoreUnavailable
from portero_server.events.guard import AddressGuard, AddressRefused
from portero_server.events.people_told import ToldPeople, ToldRows
from portero_server.events.relay_ports import Sender
from portero_server.events.sealed_endpoints import SealedEndpoints
from portero_server.events.sinks import CheckedDestination, Destination
from portero_server.events.webhook import Sent
from portero_server.store.subscriptions import SealedSubscription

_FIELD = "subscription.people.urls"
_PROCESSES = 4
"""Of all subscriptions together; each starts an interpreter and imports Apprise."""
_PROCESS = "portero_server.events.people_process"
_KEPT_VARIABLES = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""Of this process's environment. Proxies are not: they would be sent what the guard has not seen."""


@dataclass(frozen=True, slots=True)
class PeopleRules:
    """What the settings say of all sinks of people.

    Attributes:
        schemas: Those of Apprise that are allowed.
        networks: Private networks that may be reached, also without encryption.
        timeout: Seconds for one message; all destinations are told at once.
        zone: In which times are told where the subscription names no zone.
        authorities: PEM file of the authorities of certificates; None: as the system has them.
    """

    schemas: frozenset[str]
    networks: tuple[Network, ...]
    timeout: float
    zone: ZoneInfo
    authorities: Path | None = None


class PeopleSink:
    """Checks Apprise URLs, and sends to them."""

    # Each takes a process, and people are told in order.
    concurrency = most_concurrent = 1
    signs = False

    def __init__(self, endpoints: SealedEndpoints, rules: PeopleRules, told: ToldRows, clock: Clock) -> None:
        """Creates the sink.

        Args:
            endpoints: Opens what is sealed.
            rules: What is allowed.
            told: Keeps who has a message that others did not take.
            clock: Dates what is kept.
        """
        self._endpoints = endpoints
        self._rules = rules
        self._told = told
        self._clock = clock
        self.turns = asyncio.Semaphore(_PROCESSES)

    async def checked(self, asked: Destination) -> CheckedDestination:
        """Returns the URLs, checked, and the schemas as their origin. Raises InvalidInput."""
        language = checked_language(asked.language)
        urls = checked_urls(asked.urls, self._rules.schemas, plaintext=bool(self._rules.networks))
        for number, url in enumerate(urls):
            self._check_hosts(url, number)
        async with self.turns:
            problems = await _ordered(urls, self._rules)
        for number, problem in enumerate(problems):
            if problem:
                raise InvalidInput(_FIELD, f"{_FIELD}[{number}] cannot be used: {problem}")
        origin = " ".join(dict.fromkeys(url.schema for url in urls))
        return CheckedDestination("\n".join(url.url for url in urls), origin, language)

    def sender(self, sealed: SealedSubscription) -> AbstractAsyncContextManager[Sender]:
        """Returns what sends to a subscription. Raises FailedPrecondition."""
        text, _ = self._endpoints.opened_text(sealed)
        # What was stored is checked again: the settings may allow less by now.
        urls = tuple(AppriseUrl(url, url.partition("://")[0].lower()) for url in text.splitlines())
        schedule = sealed.subscription.schedule
        rules = self._rules if schedule is None else replace(self._rules, zone=schedule.zone)
        told = ToldPeople(self._told, sealed.subscription.subscription_id, self._clock)
        return PeopleSender(urls, rules, sealed.subscription.language or "en", told)

    def _check_hosts(self, url: AppriseUrl, number: int) -> None:
        guard = AddressGuard(self._rules.networks, public=url.encrypted)
        for host in url.hosts:
            with suppress(ValueError):
                try:
                    guard.check(ipaddress.ip_address(host))
                except AddressRefused as refusal:
                    raise InvalidInput(_FIELD, f"{_FIELD}[{number}]: {refusal}", reason="ADDRESS_REFUSED") from None


class PeopleSender:
    """Sends messages in words, each in a process that ends with it; an async context manager."""

    def __init__(self, urls: Sequence[AppriseUrl], rules: PeopleRules, language: str, told: ToldPeople) -> None:
        """Creates a sender for checked URLs, in a language; `told` remembers who has a message."""
        self._urls = urls
        self._rules = rules
        self._language = language
        self._told = told

    async def __aenter__(self) -> Self:
        """Prepares nothing."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Holds nothing."""

    async def send(self, message: EventMessage) -> Sent:
        """Sends one message to every destination that does not have it yet, once.

        Where some took it, that others did not is a refusal: after a few more tries they do without, so that whoever
        takes messages is not kept waiting for days by a URL that has died.
        """
        refused = [url.schema for url in self._urls if url.schema not in self._rules.schemas]
        if refused:
            problem = f"PORTERO_PEOPLE_SCHEMAS does not allow {refused[0]} any more"
            return Sent(DeliveryResult.FAILED, problem=problem)
        try:
            before = await self._told.of(message.message_id)
        except StoreUnavailable:
            return Sent(DeliveryResult.FAILED, problem="the database does not answer, which knows who has the message")
        waiting = [number for number in range(len(self._urls)) if number not in before]
        text = text_of(message, self._language, self._rules.zone)
        problems = await _ordered(
            [self._urls[number] for number in waiting], self._rules, title=text.title, body=text.body
        )
        failed = [
            f"destination {number + 1} ({self._urls[number].schema}): {problem}"
            for number, problem in zip(waiting, problems, strict=True)
            if problem
        ]
        told = before | {number for number, problem in zip(waiting, problems, strict=True) if not problem}
        if failed:
            if told != before:
                await self._told.note(message.message_id, told)
            return Sent(DeliveryResult.REFUSED if told else DeliveryResult.FAILED, problem="; ".join(failed))
        if before:
            await self._told.forget(message.message_id)
        return Sent(DeliveryResult.DELIVERED)


async def _ordered(urls: Sequence[AppriseUrl], rules: PeopleRules, **text: str) -> list[str]:
    """Runs the process once. Returns a problem of each URL; empty: none."""
    order: dict[str, Any] = {
        "destinations": [{"url": url.url, "public": url.encrypted} for url in urls],
        "networks": [str(network) for network in rules.networks],
        "seconds": rules.timeout,
        **text,
    }
    environment = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    if rules.authorities is not None:
        environment |= {"REQUESTS_CA_BUNDLE": str(rules.authorities), "SSL_CERT_FILE": str(rules.authorities)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", _PROCESS),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        # Libraries write what they like there, secrets too.
        stderr=asyncio.subprocess.DEVNULL,
        env=environment,
    )
    lines: list[bytes] = []
    silence = "what sends to people failed; is Apprise installed?"
    try:
        async with asyncio.timeout(rules.timeout):
            await _converse(process, json.dumps(order).encode(), lines)
    except TimeoutError:
        silence = f"it did not answer within {rules.timeout:g} s"
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.stdout is not None:
        # What was answered before the end counts: who has the message is not sent it again.
        lines += (await process.stdout.read()).splitlines()
    answers = dict(filter(None, map(_answer_of, lines)))
    return [answers.get(number, silence) for number in range(len(urls))]


async def _converse(process: asyncio.subprocess.Process, order: bytes, lines: list[bytes]) -> None:
    """Writes an order, and appends the lines of its answer as they come."""
    if process.stdin is None or process.stdout is None:
        return
    # A process that ended at once reads nothing; what it did not answer is its problem.
    with suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(order)
        await process.stdin.drain()
    process.stdin.close()
    while line := await process.stdout.readline():
        lines.append(line)
    await process.wait()


def _answer_of(line: bytes) -> tuple[int, str] | None:
    """Returns the number of a destination and its problem; None: the line was cut off, or is none of ours."""
    try:
        number, problem = json.loads(line)
    except (ValueError, TypeError):
        return None
    return (number, problem) if isinstance(number, int) and isinstance(problem, str) else None
