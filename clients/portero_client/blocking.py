"""The blocking client for threads (Flask, Django, scripts): the same names and types as plain functions."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import grpc

from portero_client import calls
from portero_client.blocking_attendance import BlockingAttendance, BlockingAttendanceGroups
from portero_client.blocking_check_ins import BlockingDocuments
from portero_client.blocking_resources import (
    BlockingAudit,
    BlockingCameras,
    BlockingDecisions,
    BlockingImages,
    BlockingKeys,
    BlockingPeople,
    BlockingSightings,
)
from portero_client.blocking_rights import BlockingPrivacy
from portero_client.blocking_sighting_export import BlockingSightingExport
from portero_client.blocking_subscriptions import BlockingSubscriptions
from portero_client.blocking_visitors import BlockingVisitors
from portero_client.blocking_watch import (
    BlockingAttendanceWatch,
    BlockingCheckInWatch,
    BlockingSightingWatch,
    BlockingWatchCall,
)
from portero_client.calls import Call
from portero_client.calls import attendance as attendance_calls
from portero_client.calls import documents as document_calls
from portero_client.calls.health import VERSION_KEY
from portero_client.calls.sightings import EXPORT_METHOD, WATCH_METHOD, export_request, watch_request
from portero_client.collection_calls import BlockingCollections
from portero_client.connection import open_blocking_channel
from portero_client.health import ServerHealth
from portero_client.judging import BlockingReviews
from portero_client.settings import ConnectionSettings
from portero_client.sightings import SightingKind
from portero_client.snapshot_calls import BlockingSnapshots
from portero_client.status import error_from
from portero_client.streaming.blocking_stream import BlockingCameraStream
from portero_client.streaming.camera_stream import CameraStream
from portero_client.streaming.events import StreamEvent
from portero_client.streaming.frames import DeliveryMode
from portero_client.streaming.loop_thread import LoopThread
from portero_client.streaming.settings import StreamTuning, stream_settings
from portero_client.usage import Usage

AnswerT = TypeVar("AnswerT")


class BlockingPorteroClient:
    """A blocking client of one Portero server.

    Threads may share it, but it must be created after a process forks.
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
        self._channel = open_blocking_channel(server)
        self._watching: grpc.Channel | None = None
        self._streaming = LoopThread()
        self._opening = threading.Lock()
        self.people = BlockingPeople(self._ask)
        self.images = BlockingImages(self._ask)
        self.cameras = BlockingCameras(self._ask)
        self.sightings = BlockingSightings(self._ask)
        self.decisions = BlockingDecisions(self._ask)
        self.reviews = BlockingReviews(self._ask)
        self.keys = BlockingKeys(self._ask)
        self.audit = BlockingAudit(self._ask)
        self.privacy = BlockingPrivacy(self._ask)
        self.collections = BlockingCollections(self._ask)
        self.snapshots = BlockingSnapshots(self._ask)
        self.visitors = BlockingVisitors(self._ask)
        self.subscriptions = BlockingSubscriptions(self._ask)
        self.attendance = BlockingAttendance(self._ask)
        self.attendance_groups = BlockingAttendanceGroups(self._ask)
        self.documents = BlockingDocuments(self._ask)

    def watch_sightings(
        self,
        *,
        after: int | None = None,
        camera: str = "",
        person: str = "",
        kind: SightingKind = SightingKind.ALL,
    ) -> BlockingSightingWatch:
        """Yields sightings as they happen, across interruptions of the connection.

        It may wait for hours: give it a thread.

        Args:
            after: Only what happened after this position; 0 is the beginning of what is stored, None is now.
            camera: Only at this camera, by id or resource name; empty means all.
            person: Only of sightings that are of this person when the event is sent; empty means all. A sighting that
                is revised to somebody else is not told any more.
            kind: Only of sightings of known people, or of strangers, likewise. An older server sends all.
        """
        # A malformed name is raised here, where the caller can see why.
        watch_request(after, camera, person, kind)

        def open_call(position: int | None) -> BlockingWatchCall:
            method: grpc.UnaryStreamMultiCallable[bytes, bytes] = self._watch_channel().unary_stream(WATCH_METHOD)
            request = watch_request(position, camera, person, kind)
            return method(request.SerializeToString(), metadata=self._settings.metadata())

        return BlockingSightingWatch(
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
    ) -> BlockingSightingExport:
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

        def open_call(place: str) -> BlockingWatchCall:
            method: grpc.UnaryStreamMultiCallable[bytes, bytes] = self._watch_channel().unary_stream(EXPORT_METHOD)
            return method(request(place), metadata=self._settings.metadata())

        return BlockingSightingExport(
            open_call,
            lambda error: error_from(error, self._settings.server),
            cursor=cursor,
            backoff=self._settings.reconnect,
        )

    def watch_check_ins(self, *, after: int | None = None, camera: str = "") -> BlockingCheckInWatch:
        """Yields check-ins as they change, across interruptions of the connection.

        It may wait for hours: give it a thread.

        Args:
            after: Only what changed after this position; 0 is the beginning of what is stored, None is now.
            camera: Only at this camera, by id or resource name; empty means all.
        """
        # A malformed name is raised here, where the caller can see why.
        document_calls.watch_request(after, camera)

        def open_call(position: int | None) -> BlockingWatchCall:
            channel = self._watch_channel()
            method: grpc.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(document_calls.WATCH_METHOD)
            request = document_calls.watch_request(position, camera)
            return method(request.SerializeToString(), metadata=self._settings.metadata())

        return BlockingCheckInWatch(
            open_call,
            lambda error: error_from(error, self._settings.server),
            after=after,
            backoff=self._settings.reconnect,
        )

    def watch_attendance(
        self, *, after: int | None = None, group: str = "", person: str = ""
    ) -> BlockingAttendanceWatch:
        """Yields changes of published statuses as they happen, across interruptions of the connection.

        It may wait for hours: give it a thread.

        Args:
            after: Only what changed after this position; 0 is the beginning of what is stored, None is now.
            group: Only of sessions of this group, by id or resource name; empty means all within the key's scope.
            person: Only of this person, likewise.
        """
        # A malformed name is raised here, where the caller can see why.
        attendance_calls.watch_request(after, group, person)

        def open_call(position: int | None) -> BlockingWatchCall:
            channel = self._watch_channel()
            method: grpc.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(attendance_calls.WATCH_METHOD)
            request = attendance_calls.watch_request(position, group, person)
            return method(request.SerializeToString(), metadata=self._settings.metadata())

        return BlockingAttendanceWatch(
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
    ) -> BlockingCameraStream:
        """Returns a stream of one camera's pictures: `with portero.stream("front-door") as camera`.

        The streams of a client run in one thread of theirs.

        Args:
            camera: Its id or resource name.
            mode: LIVE drops the oldest picture when the server cannot take them; LOSSLESS waits.
            spool: LOSSLESS: the file that holds pictures until they are durable at the server. It survives a kill and a
                power loss; a later stream with the same file delivers what is left. One process a file. Its folder is
                created.
            register: Whether a camera that the server does not know is created.
            patience: Fail after so many seconds without an open session; by default only a refusal fails.
            tuning: The rest: bounds of memory and spool, timeouts.
            on_event: Called with each event, also of the connection, on the streams' thread; it must not block.

        Raises:
            InvalidArgument: The camera's name is malformed, or a spool is named for LIVE.
        """
        settings = stream_settings(camera, mode, spool, register=register, patience=patience, tuning=tuning)
        return BlockingCameraStream(lambda: CameraStream(settings, self._settings, on_event=on_event), self._streaming)

    def usage(self, *, since: datetime | None = None, until: datetime | None = None, camera: str = "") -> Usage:
        """Returns calls made, calls avoided and costs, from midnight UTC or `since`."""
        return self._ask(calls.usage.get(since=since, until=until, camera=camera))

    def check_health(self) -> ServerHealth:
        """Returns the health of the server.

        Raises:
            PorteroError: It does not answer, or is not a Portero server.
        """
        call = calls.health.check()
        method: grpc.UnaryUnaryMultiCallable[bytes, bytes] = self._channel.unary_unary(call.method)
        try:
            data, answered = method.with_call(
                call.request.SerializeToString(),
                timeout=call.timeout(self._settings),
                metadata=self._settings.metadata(),
            )
        except grpc.RpcError as error:
            raise error_from(error, self._settings.server) from None
        metadata = dict(answered.initial_metadata())
        return ServerHealth(serving=call.read(data), version=str(metadata.get(VERSION_KEY, "")))

    def close(self) -> None:
        """Closes the connections and ends all open calls and streams."""
        self._streaming.close()
        self._channel.close()
        with self._opening:
            if self._watching is not None:
                self._watching.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _watch_channel(self) -> grpc.Channel:
        with self._opening:
            if self._watching is None:
                # gRPC would repeat a watch that a draining server refuses; BlockingSightingWatch does, with a pause.
                self._watching = open_blocking_channel(self._settings, own_connection=True)
            return self._watching

    def _ask(self, call: Call[AnswerT]) -> AnswerT:
        method: grpc.UnaryUnaryMultiCallable[bytes, bytes] = self._channel.unary_unary(call.method)
        try:
            data = method(
                call.request.SerializeToString(),
                timeout=call.timeout(self._settings),
                metadata=self._settings.metadata(),
            )
        except grpc.RpcError as error:
            raise error_from(error, self._settings.server) from None
        return call.read(data)
