"""The asynchronous client of the SDK."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import grpc

from portero_client import calls
from portero_client.access import Audit, Keys
from portero_client.attendance_calls import Attendance, AttendanceGroups
from portero_client.calls import Call
from portero_client.calls import attendance as attendance_calls
from portero_client.calls import documents as document_calls
from portero_client.calls.health import VERSION_KEY
from portero_client.calls.sightings import EXPORT_METHOD, WATCH_METHOD, export_request, watch_request
from portero_client.check_ins import Documents
from portero_client.collection_calls import Collections
from portero_client.connection import open_channel
from portero_client.health import ServerHealth
from portero_client.judging import Reviews
from portero_client.resources import Cameras, Decisions, Images, People, Sightings
from portero_client.rights import Privacy
from portero_client.settings import ConnectionSettings
from portero_client.sighting_export import SightingExport
from portero_client.sightings import SightingKind
from portero_client.snapshot_calls import Snapshots
from portero_client.status import error_from
from portero_client.streaming.camera_stream import CameraStream
from portero_client.streaming.events import StreamEvent
from portero_client.streaming.frames import DeliveryMode
from portero_client.streaming.settings import StreamTuning, stream_settings
from portero_client.subscription_calls import Subscriptions
from portero_client.usage import Usage
from portero_client.visitor_calls import Visitors
from portero_client.watch import AttendanceWatch, CheckInWatch, SightingWatch, WatchCall

AnswerT = TypeVar("AnswerT")


class PorteroClient:
    """An asynchronous client of one Portero server, for one event loop.

    It uses one connection, and one more for its watches.

    Attributes:
        people: People and their faces.
        images: Searching, comparing and reading images.
        cameras: Cameras and how they are.
        sightings: Who was seen.
        decisions: What decisions saw, and what other thresholds would have decided.
        reviews: What people say of sightings.
        keys: API keys.
        audit: Who did what.
        privacy: Consent, block, export, erasure.
        collections: The engine's collection in use, and the one that stands by.
        snapshots: Pictures of sightings.
        visitors: Strangers who are known again.
        subscriptions: To whom events are sent, and which.
        attendance: Who attended which sessions.
        attendance_groups: Who attends together, when and where.
        documents: Identity documents, check-ins, expected guests.
    """

    def __init__(self, server: str | ConnectionSettings | None = None) -> None:
        """Creates a client; it connects with its first call.

        Args:
            server: HOST:PORT, or all settings; None means PORTERO_SERVER, or 127.0.0.1:50051.

        Raises:
            InvalidArgument: The address is malformed.
        """
        if not isinstance(server, ConnectionSettings):
            server = ConnectionSettings.from_environment(server)
        self._settings = server
        self._channel: grpc.aio.Channel | None = None
        self._watching: grpc.aio.Channel | None = None
        self.people = People(self._ask)
        self.images = Images(self._ask)
        self.cameras = Cameras(self._ask)
        self.sightings = Sightings(self._ask)
        self.decisions = Decisions(self._ask)
        self.reviews = Reviews(self._ask)
        self.keys = Keys(self._ask)
        self.audit = Audit(self._ask)
        self.privacy = Privacy(self._ask)
        self.collections = Collections(self._ask)
        self.snapshots = Snapshots(self._ask)
        self.visitors = Visitors(self._ask)
        self.subscriptions = Subscriptions(self._ask)
        self.attendance = Attendance(self._ask)
        self.attendance_groups = AttendanceGroups(self._ask)
        self.documents = Documents(self._ask)

    def watch_sightings(
        self,
        *,
        after: int | None = None,
        camera: str = "",
        person: str = "",
        kind: SightingKind = SightingKind.ALL,
    ) -> SightingWatch:
        """Returns a watch of sightings as they happen, across interruptions of the connection.

        Args:
            after: Only what happened after this position; 0 is the beginning of what is stored, None is now.
            camera: Only at this camera, by id or resource name; empty means all.
            person: Only of sightings that are of this person when the event is sent; empty means all. A sighting that
                is revised to somebody else is not told any more.
            kind: Only of sightings of known people, or of strangers, likewise. An older server sends all.
        """
        # A malformed name is raised here, where the caller can see why.
        watch_request(after, camera, person, kind)

        def open_call(position: int | None) -> WatchCall:
            channel = self._watch_channel()
            method: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(WATCH_METHOD)
            request = watch_request(position, camera, person, kind)
            return method(request.SerializeToString(), metadata=self._settings.metadata())

        return SightingWatch(
            open_call,
            lambda error: error_from(error, self._settings.server),
            after=after,
            backoff=self._settings.reconnect,
        )

    def export_sightings(
        self,
        *,
        since: datetime,
        until: datetime,
        site: str = "",
        camera: str = "",
        person: str = "",
        page_size: int = 0,
        cursor: str = "",
    ) -> SightingExport:
        """Returns the sightings that began in a period, oldest first, in pages, across interruptions of the connection.

        The server writes each call to its audit trail.

        Args:
            since: Sightings that began at this time or later.
            until: Sightings that began before this time, at most 366 days later.
            site: Only at cameras that belong to this site now; empty means all.
            camera: Only at this camera, by id or resource name; empty means all.
            person: Only of this person, by id or resource name; empty means all.
            page_size: Most sightings of a page, 1..1000; 0 is the server's default.
            cursor: The `cursor` of an earlier export under the same conditions, to go on after it.

        Raises:
            InvalidArgument: A name is malformed.
        """

        def request(place: str) -> bytes:
            return export_request(
                since=since,
                until=until,
                site=site,
                camera=camera,
                person=person,
                page_size=page_size,
                cursor=place,
            ).SerializeToString()

        # A malformed name is raised here, where the caller can see why.
        request(cursor)

        def open_call(place: str) -> WatchCall:
            channel = self._watch_channel()
            method: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(EXPORT_METHOD)
            return method(request(place), metadata=self._settings.metadata())

        return SightingExport(
            open_call,
            lambda error: error_from(error, self._settings.server),
            cursor=cursor,
            backoff=self._settings.reconnect,
        )

    def watch_check_ins(self, *, after: int | None = None, camera: str = "") -> CheckInWatch:
        """Returns a watch of check-ins as they change, across interruptions of the connection.

        Args:
            after: Only what changed after this position; 0 is the beginning of what is stored, None is now.
            camera: Only at this camera, by id or resource name; empty means all.
        """
        # A malformed name is raised here, where the caller can see why.
        document_calls.watch_request(after, camera)

        def open_call(position: int | None) -> WatchCall:
            channel = self._watch_channel()
            method: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(document_calls.WATCH_METHOD)
            request = document_calls.watch_request(position, camera)
            return method(request.SerializeToString(), metadata=self._settings.metadata())

        return CheckInWatch(
            open_call,
            lambda error: error_from(error, self._settings.server),
            after=after,
            backoff=self._settings.reconnect,
        )

    def watch_attendance(self, *, after: int | None = None, group: str = "", person: str = "") -> AttendanceWatch:
        """Returns a watch of attendance as published statuses change, across interruptions of the connection.

        Args:
            after: Only what changed after this position; 0 is the beginning of what is stored, None is now.
            group: Only of sessions of this group, by id or resource name; empty means all within the key's scope.
            person: Only of this person, likewise.
        """
        # A malformed name is raised here, where the caller can see why.
        attendance_calls.watch_request(after, group, person)

        def open_call(position: int | None) -> WatchCall:
            channel = self._watch_channel()
            method: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(
                attendance_calls.WATCH_METHOD
            )
            request = attendance_calls.watch_request(position, group, person)
            return method(request.SerializeToString(), metadata=self._settings.metadata())

        return AttendanceWatch(
            open_call,
            lambda error: error_from(error, self._settings.server),
            after=after,
            backoff=self._settings.reconnect,
        )

    def stream(
        self,
        camera: str,
        *,
        mode: DeliveryMode = DeliveryMode.LIVE,
        spool: Path | None = None,
        register: bool = True,
        patience: float = math.inf,
        tuning: StreamTuning | None = None,
        on_event: Callable[[StreamEvent], None] | None = None,
    ) -> CameraStream:
        """Returns a stream of one camera's pictures: `async with portero.stream("front-door") as camera`.

        Args:
            camera: Its id or resource name.
            mode: LIVE drops the oldest picture when the server cannot take them; LOSSLESS waits.
            spool: LOSSLESS: the file that holds pictures until they are durable at the server. It survives a kill and a
                power loss; a later stream with the same file delivers what is left. One process a file. Its folder is
                created.
            register: Whether a camera that the server does not know is created.
            patience: Fail after so many seconds without an open session; by default only a refusal fails.
            tuning: The rest: bounds of memory and spool, timeouts.
            on_event: Called with each event, also of the connection, on the event loop; it must not block.

        Raises:
            InvalidArgument: The camera's name is malformed, or a spool is named for LIVE.
        """
        settings = stream_settings(camera, mode, spool, register=register, patience=patience, tuning=tuning)
        return CameraStream(settings, self._settings, on_event=on_event)

    async def usage(self, *, since: datetime | None = None, until: datetime | None = None, camera: str = "") -> Usage:
        """Returns calls made, calls avoided and costs.

        Args:
            since: From the hour that holds this time; None is midnight UTC.
            until: Only hours begun before; None is now.
            camera: Only of this camera; empty means all, and unary RPCs.

        Raises:
            PorteroError: The call failed.
        """
        return await self._ask(calls.usage.get(since=since, until=until, camera=camera))

    async def check_health(self) -> ServerHealth:
        """Returns the health of the server.

        Raises:
            PorteroError: It does not answer, or is not a Portero server.
        """
        call = calls.health.check()
        method: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = self._open_channel().unary_unary(call.method)
        pending = self._begun(method, call)
        try:
            serving = call.read(await pending)
            metadata = await pending.initial_metadata()
        except grpc.aio.AioRpcError as error:
            raise error_from(error, self._settings.server) from None
        return ServerHealth(serving=serving, version=str(metadata.get(VERSION_KEY, "")))

    async def aclose(self) -> None:
        """Closes the connections and ends all open calls."""
        channels = (self._channel, self._watching)
        self._channel = self._watching = None
        for channel in channels:
            if channel is not None:
                await channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _watch_channel(self) -> grpc.aio.Channel:
        if self._watching is None:
            # gRPC would repeat a watch that a draining server refuses; the watch itself does, with a pause.
            self._watching = open_channel(self._settings, own_connection=True)
        return self._watching

    def _open_channel(self) -> grpc.aio.Channel:
        # Made late, because a channel belongs to the event loop that runs when it is made.
        if self._channel is None:
            self._channel = open_channel(self._settings)
        return self._channel

    def _begun(
        self, method: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes], call: Call[AnswerT]
    ) -> grpc.aio.UnaryUnaryCall[bytes, bytes]:
        return method(
            call.request.SerializeToString(),
            timeout=call.timeout(self._settings),
            metadata=self._settings.metadata(),
        )

    async def _ask(self, call: Call[AnswerT]) -> AnswerT:
        method: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = self._open_channel().unary_unary(call.method)
        try:
            data = await self._begun(method, call)
        except grpc.aio.AioRpcError as error:
            raise error_from(error, self._settings.server) from None
        return call.read(data)
