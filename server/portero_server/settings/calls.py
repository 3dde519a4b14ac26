"""Settings of calls and connections: how many at once, how long they may take, and how many log lines they cause."""

from __future__ import annotations

import os
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings

from portero_server.domain.access.fair_places import PlaceShares
from portero_server.rpc.admission import CallLimits, ConnectionLimits
from portero_server.settings.types import Seconds

_CALLS, _CONNECTIONS = CallLimits(), ConnectionLimits()

Places = Annotated[int, Field(ge=1, le=100_000)]


class CallSettings(BaseSettings):
    """How many calls and connections there may be, how long each may take, and how many lines they may log."""

    max_calls: Places = Field(
        _CALLS.calls, description="Most calls served at once, open streams and watchers included."
    )
    max_image_calls: int = Field(
        0, ge=0, le=1024, description="Most unary calls with images served at once; 0: two a processor."
    )
    limit_calls: Places = Field(
        _CALLS.identity_calls,
        description="Most unary calls of one identity served at once; streams have PORTERO_LIMIT_STREAMS.",
    )
    first_message_timeout: Seconds = Field(
        _CALLS.first_message,
        description="Longest time from the start of a call to its first message, the whole message included, seconds. "
        "An image of 5 MiB takes 8 s at 5 Mbit/s.",
    )
    answer_timeout: Seconds = Field(
        _CALLS.answer, description="Longest time in which a caller must take the answer of a unary call, seconds."
    )
    max_waiting_calls: Places = Field(
        _CALLS.waiting.total,
        description="Most calls at once whose first message has not come. Beyond this and the two limits below, the "
        "one that has waited the longest on the connection with the most is refused, never the newcomer.",
    )
    waiting_calls_by_connection: Places = Field(_CALLS.waiting.holder, description="Most of these on one connection.")
    waiting_calls_by_address: int = Field(
        _CALLS.waiting.group or 0,
        ge=0,
        le=100_000,
        description="Most of these from one address; 0: no limit by address.",
    )
    max_long_calls: Places = Field(
        _CALLS.long.total,
        description="Most calls at once of health watches and server reflection. Beyond this and the two limits below, "
        "a newcomer replaces a call of somebody who holds more, or is refused.",
    )
    long_calls_by_connection: Places = Field(_CALLS.long.holder, description="Most of these on one connection.")
    long_calls_by_address: int = Field(
        _CALLS.long.group or 0, ge=0, le=100_000, description="Most of these from one address; 0: no limit by address."
    )
    long_call_timeout: Seconds = Field(
        _CALLS.long_life, description="Health watches and server reflection calls are ended after this time, seconds."
    )

    max_watchers: Places = Field(
        100,
        description="Most watches of sightings at once; each reads the database once a commit. Beyond this and "
        "PORTERO_WATCHERS_BY_SCOPE, a newcomer replaces a watch of somebody who holds more, or is refused.",
    )
    watchers_by_identity: Places = Field(20, description="Most of these of one identity.")
    watchers_by_scope: int = Field(
        50,
        ge=0,
        le=100_000,
        description="Most of these of all identities that are limited to the same sites and cameras; 0: no such limit.",
    )

    max_exports: Places = Field(
        10,
        description="Most calls of ExportSightings at once. Beyond it, a newcomer replaces an export of somebody who "
        "holds more, or is refused.",
    )
    exports_by_identity: Places = Field(2, description="Most of these of one identity.")

    connection_calls: int = Field(
        _CONNECTIONS.calls,
        ge=1,
        le=100_000,
        description="Most calls at once on one connection. Clients let further ones wait; one that resets its calls as "
        "fast as it begins them can then not fill gRPC's queue. A bridge has a connection for each camera.",
    )
    connection_idle_timeout: Seconds = Field(
        _CONNECTIONS.idle,
        description="A connection without any call for this time is closed, seconds. Streams keep theirs open.",
    )
    handshake_timeout: Seconds = Field(
        _CONNECTIONS.handshake,
        description="Longest time from the start of a connection to the end of its handshakes, seconds.",
    )

    log_lines: int = Field(
        600,
        ge=1,
        le=1_000_000,
        description="Most log lines a minute of one kind (logger and event); what is beyond is counted in one line. "
        "Libraries get a tenth of it.",
    )

    @property
    def watcher_shares(self) -> PlaceShares:
        """The limits of watches of sightings."""
        return PlaceShares(self.watchers_by_identity, self.watchers_by_scope or None, self.max_watchers)

    @property
    def export_shares(self) -> PlaceShares:
        """The limits of exports of sightings."""
        return PlaceShares(self.exports_by_identity, None, self.max_exports)

    @property
    def call_limits(self) -> CallLimits:
        """The limits of calls."""
        return CallLimits(
            calls=self.max_calls,
            image_calls=self.max_image_calls or 2 * (os.cpu_count() or 1),
            identity_calls=self.limit_calls,
            waiting=PlaceShares(
                self.waiting_calls_by_connection, self.waiting_calls_by_address or None, self.max_waiting_calls
            ),
            long=PlaceShares(self.long_calls_by_connection, self.long_calls_by_address or None, self.max_long_calls),
            first_message=self.first_message_timeout,
            answer=self.answer_timeout,
            long_life=self.long_call_timeout,
        )
