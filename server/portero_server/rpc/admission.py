"""Limits on concurrent calls: how many may wait for their first message, and how many are served at once.

A call passes through two stages. Until its first message is read it *waits*. Waiting calls are few and have a time
limit; if their places run out, the oldest call of the connection with the most waiting calls is refused to admit a new
one. So a caller that sends a message gets past any number of callers that send none. After its first message the call
is *served*.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from portero_server.domain.access.fair_places import FairPlaces, PlaceEntry, PlaceShares
from portero_server.domain.access.wasted_calls import NO_MESSAGE
from portero_server.errors import LimitReached

IMAGE_METHODS = frozenset(
    {
        "portero.v1.DocumentService/ReadDocument",
        "portero.v1.DocumentService/StartCheckIn",
        "portero.v1.GalleryService/CheckPhoto",
        "portero.v1.GalleryService/CompareImages",
        "portero.v1.GalleryService/EnrollFace",
        "portero.v1.GalleryService/ImportPeople",
        "portero.v1.GalleryService/SearchByImage",
        "portero.v1.RecognitionService/ReadText",
        "portero.v1.RecognitionService/RecognizeImage",
    }
)
"""Methods whose request holds whole images, or as many bytes: the encodings of many faces."""

LONG_METHODS = frozenset(
    {"grpc.health.v1.Health/Watch", "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"}
)
"""Streaming methods that only the client ends, and of which no client needs more than a few."""

# Load balancers must hear that a full server lives. It is answered at once, so that it stays among the waiting calls.
_CHECK = "grpc.health.v1.Health/Check"
_CALL_RETRY = 1.0
_IMAGE_RETRY = 0.25
_LONG_RETRY = 5.0


@dataclass(frozen=True, slots=True)
class _Refusal:
    reason: str
    message: str
    retry: float

    def error(self) -> LimitReached:
        return LimitReached(f"{self.message}; try again in a moment", retry_after=self.retry, reason=self.reason)


_WAITING_SHARES = PlaceShares(holder=64, group=256, total=1024)
_LONG_SHARES = PlaceShares(holder=4, group=64, total=512)

_WAITING = _Refusal(NO_MESSAGE, "the call sent no message, and others wait", _CALL_RETRY)
_RECEIVING = _Refusal("TOO_MANY_IMAGE_CALLS", "the server receives as many image calls as it can", _IMAGE_RETRY)
_LONG = _Refusal("TOO_MANY_LONG_CALLS", "too many calls of this method are open", _LONG_RETRY)


@dataclass(frozen=True, slots=True)
class CallLimits:
    """Limits on concurrent calls and on how long each may take.

    Attributes:
        calls: Calls served at once, open streams and watchers included.
        image_calls: Unary calls with images. Each may hold 10 MiB of files and 100 MB of decoded
            pixels, and took up to 170 MiB in all, workers' share included, with the worst images that are
            taken; two a processor keep every processor busy while others wait for the engine.
        identity_calls: Unary calls of one identity.
        waiting: Calls whose first message has not come yet, by connection, address and in total.
        long: Calls of `LONG_METHODS`, by connection, address and in total.
        first_message: Seconds from a call's start to its first message.
        answer: Seconds in which the caller must take the answer of a unary call.
        long_life: Longest duration of a call of `LONG_METHODS`, seconds.
    """

    calls: int = 4096
    image_calls: int = 2 * (os.cpu_count() or 1)
    identity_calls: int = 100
    waiting: PlaceShares = _WAITING_SHARES
    long: PlaceShares = _LONG_SHARES
    first_message: float = 20.0
    answer: float = 60.0
    long_life: float = 600.0

    @property
    def image_reads(self) -> PlaceShares:
        """Limits on image calls whose message is being received, by connection, identity and in total.

        These messages take memory.
        """
        most = max(2, 4 * self.image_calls)
        return PlaceShares(most // 2, most // 2, most)


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Limits on one connection, enforced by gRPC itself.

    Attributes:
        calls: Most calls at once. Clients are told, and let further ones wait.
        idle: Seconds without any call after which a connection is closed.
        handshake: Seconds from a connection's start to the end of its handshakes.
    """

    calls: int = 100
    idle: float = 300.0
    handshake: float = 20.0

    def options(self) -> Mapping[str, int]:
        """Returns the limits as gRPC channel options."""
        return {
            # A client that resets its calls as fast as it begins them fills gRPC's queue of new calls (1,000), and
            # everybody's are then refused. gRPC counts a call until the server is done with it, so this bounds one
            # connection's share.
            "grpc.max_concurrent_streams": self.calls,
            "grpc.max_connection_idle_ms": round(self.idle * 1000),
            "grpc.server_handshake_timeout_ms": round(self.handshake * 1000),
        }


class AdmissionObserver(Protocol):
    """Receives refused calls, for metrics."""

    def call_refused(self, reason: str) -> None:
        """A call was refused or ended for this reason, one of `telemetry.rpc_metrics.CALL_REFUSALS`."""
        ...


class Place:
    """The place of one call in the limits, created by `Admission.admit`."""

    __slots__ = ("_admission", "_cancel", "address", "brief", "connection", "images", "long", "lost", "owner", "served")

    def __init__(
        self, admission: CallAdmission, method: str, connection: str, address: str, cancel: Callable[[], object]
    ) -> None:
        self._admission = admission
        self._cancel = cancel
        self.connection = connection
        self.address = address
        self.images = method in IMAGE_METHODS
        self.long = method in LONG_METHODS
        self.brief = method == _CHECK
        self.served = False
        self.owner: str | None = None
        self.lost: LimitReached | None = None

    def owned(self, subject: str, *, counted: bool) -> None:
        """Records the caller's identity once it is known.

        Args:
            subject: Subject of the identity.
            counted: Whether the call counts against the most that one identity may have served at once.

        Raises:
            LimitReached: It is an image call, and too many are served or have their message on its way.
        """
        self.owner = subject if counted else None
        if self.images:
            self._admission.receive_image(self, subject)

    def begin(self) -> None:
        """Moves the call to the served stage: its first message has arrived.

        Raises:
            LimitReached: Every place is taken.
        """
        if not self.brief:
            self._admission.serve(self)

    def give_way(self, lost: LimitReached) -> None:
        """Cancels the call, whose client gets the reason."""
        self.lost = lost
        self._cancel()


class CallAdmission:
    """Counts concurrent calls and enforces their limits."""

    def __init__(self, limits: CallLimits, observer: AdmissionObserver | None = None) -> None:
        self.limits = limits
        self._observer = observer
        self._calls = 0
        self._image_calls = 0
        self._owned: Counter[str] = Counter()
        self._waiting: FairPlaces[Place] = FairPlaces(limits.waiting, brief=True)
        self._long: FairPlaces[Place] = FairPlaces(limits.long, brief=False)
        self._receiving: FairPlaces[Place] = FairPlaces(limits.image_reads, brief=False)

    @contextmanager
    def admit(
        self, method: str, connection: str = "", address: str = "", cancel: Callable[[], object] = lambda: None
    ) -> Iterator[Place]:
        """Holds a place for the call while it waits for its message and while it is served.

        Args:
            method: "package.Service/Method".
            connection: The peer with its port.
            address: The peer without its port.
            cancel: Cancels the task in which the call is served, when it has to give way.

        Raises:
            LimitReached: Every place is taken, or the call gave way to another; says when to try again.
        """
        place = Place(self, method, connection, address, cancel)
        if not place.brief and not place.long:
            self._check_room(images=place.images)
        self._settle(self._waiting.enter(place, connection, address), _WAITING)
        try:
            yield place
        except asyncio.CancelledError:
            if place.lost is None:
                raise
            task = asyncio.current_task()
            if task is not None and task.uncancel() > 0:
                # The client hung up as well.
                raise
            raise place.lost from None
        finally:
            self._leave(place)

    def receive_image(self, place: Place, subject: str) -> None:
        """Takes a place among the image calls whose message is being received; see `Place.owned`."""
        self._check_room(images=True)
        self._settle(self._receiving.enter(place, place.connection, subject), _RECEIVING)

    def serve(self, place: Place) -> None:
        """Moves a call from waiting to served; see `Place.begin`."""
        self._waiting.leave(place)
        if place.images:
            self._receiving.leave(place)
        if place.long:
            self._settle(self._long.enter(place, place.connection, place.address), _LONG)
            return
        self._check_room(images=place.images)
        owner, most = place.owner, self.limits.identity_calls
        if owner is not None:
            if self._owned[owner] >= most:
                message = f"the server is serving {most} calls of yours, the most for one identity"
                raise self._told(_Refusal("TOO_MANY_CALLS_OF_IDENTITY", message, _CALL_RETRY))
            self._owned[owner] += 1
        place.served = True
        self._calls += 1
        self._image_calls += place.images

    def check(self) -> None:
        """Raises LimitReached if no further call could be served."""
        if self._calls >= self.limits.calls:
            raise self._full().error()

    def ended(self, reason: str) -> None:
        """Reports to the observer a call that reached its time limit."""
        if self._observer is not None:
            self._observer.call_refused(reason)

    def load(self) -> Mapping[str, tuple[int, int]]:
        """Returns the number of calls in each state, and the limit of each."""
        limits = self.limits
        return {
            "served": (self._calls, limits.calls),
            "images": (self._image_calls, limits.image_calls),
            "waiting": (len(self._waiting), limits.waiting.total),
            "receiving_images": (len(self._receiving), limits.image_reads.total),
            "long": (len(self._long), limits.long.total),
        }

    def _check_room(self, *, images: bool) -> None:
        if self._calls >= self.limits.calls:
            raise self._told(self._full())
        if images and self._image_calls >= self.limits.image_calls:
            message = f"the server is working on {self.limits.image_calls} image calls, its most"
            raise self._told(_Refusal("TOO_MANY_IMAGE_CALLS", message, _IMAGE_RETRY))

    def _full(self) -> _Refusal:
        return _Refusal("TOO_MANY_CALLS", f"the server is serving {self.limits.calls} calls, its most", _CALL_RETRY)

    def _settle(self, entry: PlaceEntry[Place], refusal: _Refusal) -> None:
        if entry.gives_way is not None:
            entry.gives_way.give_way(self._told(refusal))
        if not entry.admitted:
            raise self._told(refusal)

    def _told(self, refusal: _Refusal) -> LimitReached:
        self.ended(refusal.reason)
        return refusal.error()

    def _leave(self, place: Place) -> None:
        if not place.served:
            self._waiting.leave(place)
            self._receiving.leave(place)
            self._long.leave(place)
            return
        self._calls -= 1
        self._image_calls -= place.images
        if place.owner is not None:
            self._owned[place.owner] -= 1
            if not self._owned[place.owner]:
                del self._owned[place.owner]
