"""Check-ins from the beginning to the report: with pictures, or from a camera's stream through `CaptureDesk`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace as replaced
from datetime import date, datetime, timedelta
from functools import partial
from uuid import uuid4

import structlog

from portero_server.clock import Clock
from portero_server.documents.capture import DocumentReader, ReadCard
from portero_server.documents.conclusion import Conclusion
from portero_server.documents.desk import CapturedCheckIn, CaptureDesk
from portero_server.documents.liveness_sessions import LivenessSessions
from portero_server.documents.needs import CheckInPictures, CheckInPolicy, RegisteredCamera
from portero_server.documents.pictures import PictureLook
from portero_server.documents.requested import decoded, digest_of
from portero_server.domain.cameras import Lane
from portero_server.domain.documents.check_in import CheckIn, CheckInFailure, CheckInState, Review
from portero_server.domain.documents.document import DocumentReading
from portero_server.domain.people.people import checked_request_id
from portero_server.engines.base import CallContext, Pixels
from portero_server.errors import EngineError, FailedPrecondition, LimitReached, NotFound, StoreUnavailable
from portero_server.store.check_ins import CheckInStore
from portero_server.telemetry.document_metrics import DocumentMetrics
from portero_server.vision.photo import decode_photo
from portero_server.watching.watch import Watch

_log = structlog.get_logger(__name__)

_ROUND = 1.0
"""Seconds between two looks for check-ins that no server captures yet, or no longer."""
_GRACE = timedelta(seconds=5)
"""How long after its deadline a check-in is taken for abandoned: whoever captures it ends what it does at the deadline,
and has this time for the last answers."""
_LAST_WORDS = 2.0
"""Longest time, seconds, that a server which goes away takes to end what it captures."""


class CheckInService:
    """Begins, captures, judges and ends check-ins. Implements `CaptureOutcomes` for the captures of this server."""

    def __init__(
        self,
        store: CheckInStore,
        cameras: RegisteredCamera,
        reader: DocumentReader,
        look: PictureLook,
        liveness: LivenessSessions | None,
        conclusion: Conclusion,
        watch: Watch[CheckIn],
        clock: Clock,
        metrics: DocumentMetrics,
        policy: CheckInPolicy,
    ) -> None:
        """Creates the service; `captures_at` gives it the desk, `run` does the rest.

        Args:
            store: The check-ins.
            cameras: The registered cameras.
            reader: Reads documents.
            look: Finds the face in a picture of the person.
            liveness: Begins liveness sessions; None: the site has them off.
            conclusion: Compares the faces and judges.
            watch: Is told of each change.
            clock: The server's clock.
            metrics: Counts readings and results.
            policy: Patience and time zone.
        """
        self._store = store
        self._cameras = cameras
        self._reader = reader
        self._look = look
        self._liveness = liveness
        self._conclusion = conclusion
        self._watch = watch
        self._clock = clock
        self._metrics = metrics
        self._policy = policy
        self._desk: CaptureDesk | None = None
        # Made up at each start: what an earlier process of this machine captured is not ours.
        self._server = uuid4().hex
        self._capturing: set[str] = set()

    @property
    def today(self) -> date:
        """The date at the site."""
        return self._clock.now().astimezone(self._policy.zone).date()

    def captures_at(self, desk: CaptureDesk) -> None:
        """Sets what captures check-ins from streams; without it, cameras of other servers only."""
        self._desk = desk

    async def read(self, pictures: Sequence[bytes], deadline: float | None) -> tuple[DocumentReading, int]:
        """Reads a document and stores nothing.

        Args:
            pictures: One or two whole JPEG or PNG files.
            deadline: Monotonic seconds after which the caller has stopped waiting; None: it waits without limit.

        Returns:
            What it says, and how many calls were paid for.

        Raises:
            InvalidInput: There are none, more than two, or one cannot be used; names the field "images".
            EngineError: The engine could not answer.
        """
        card = await self._read(await decoded(pictures, "images"), CallContext(None, Lane.CHECK_IN, deadline))
        self._metrics.paid(card.paid_calls)
        return card.reading, card.paid_calls

    async def start(
        self, camera_id: str, request_id: str = "", *, replace: bool = False, liveness: bool = False
    ) -> CheckIn:
        """Begins a check-in from a camera's stream, and returns it while it runs.

        Args:
            camera_id: The camera.
            request_id: A UUID that makes a repetition safe, or empty.
            replace: Whether to end a check-in that still runs at the camera.
            liveness: Whether the person makes a liveness session on a device of their own.

        Raises:
            InvalidInput: The request id is malformed, or was used for another request.
            NotFound: There is no such camera; or the check-in of the first request was erased.
            FailedPrecondition: The camera is disabled, or has a check-in that runs and is not to be replaced; or
                liveness sessions are off.
            EngineError, LimitReached: No liveness session could be begun; the check-in has failed.
        """
        request = checked_request_id(request_id)
        if liveness and self._liveness is None:
            raise FailedPrecondition(
                "liveness sessions are off here; set PORTERO_CHECK_IN_LIVENESS, or begin without one",
                reason="LIVENESS_OFF",
            )
        await self._check_camera(camera_id)
        digest = digest_of(request, camera_id, None, replace=replace, liveness=liveness)
        # Waits for a session from its first moment, so that no server judges it without one.
        new = replaced(self._new(camera_id), liveness_session_id="" if liveness else None)
        begun = await self._store.create(new, "", request, digest, replace=replace)
        for ended in begun.superseded:
            self._forget(ended.check_in_id)
            self._metrics.check_in_ended(ended)
        # Also of a repetition: whoever sent the first request may have hung up before its session was begun.
        check_in = await self._with_liveness(begun.check_in)
        if begun.fresh:
            self._watch.notify(check_in.position)
            await self._take(check_in)
        return check_in

    async def check_in(
        self, pictures: CheckInPictures, camera_id: str | None, deadline: float | None, request_id: str = ""
    ) -> CheckIn:
        """Checks somebody in with pictures, and returns the check-in when it has ended.

        Args:
            pictures: One or two of the document, and one of its holder or none.
            camera_id: The camera at which it happens; None: at no camera.
            deadline: Monotonic seconds after which the caller has stopped waiting; None: it waits without limit.
            request_id: A UUID that makes a repetition safe, or empty. A repetition returns the check-in as it is.

        Raises:
            InvalidInput: A picture cannot be used, or the request id is malformed or was used for another request.
            NotFound: There is no such camera; or the check-in of the first request was erased.
            FailedPrecondition: The camera is disabled.
        """
        request = checked_request_id(request_id)
        if camera_id is not None:
            await self._check_camera(camera_id)
        sides = await decoded(pictures.documents, "images.document_images")
        live = await asyncio.to_thread(decode_photo, pictures.live, "images.live_image") if pictures.live else None
        digest = digest_of(request, camera_id, pictures)
        begun = await self._store.create(self._new(camera_id), self._server, request, digest)
        if not begun.fresh:
            return begun.check_in
        check_in_id = begun.check_in.check_in_id
        self._work_on(check_in_id)
        self._watch.notify(begun.check_in.position)
        try:
            context = CallContext(camera_id, Lane.CHECK_IN, deadline)
            await self._read_and_conclude(begun.check_in, sides, live, context)
        except asyncio.CancelledError:
            # The caller hung up. Written in the database's own task, whoever else is canceled.
            with suppress(StoreUnavailable, asyncio.CancelledError):
                await self._fail(check_in_id, CheckInFailure.INTERRUPTED)
            raise
        finally:
            self._forget(check_in_id)
        return await self._store.get(check_in_id)

    async def captured(self, check_in_id: str, capture: CapturedCheckIn) -> None:
        """Compares the faces, judges, and stores the result. One that was ended or erased meanwhile stays so."""
        self._metrics.document_read(capture.reading.reasons)
        try:
            check_in = await self._store.get(check_in_id)
            context = CallContext(check_in.camera_id, Lane.CHECK_IN, self._monotonic(check_in.deadline_at + _GRACE))
            await self._conclude(check_in, capture, context)
        except NotFound:
            _log.info("check_in_erased_while_running", check_in=check_in_id)
        except StoreUnavailable as error:
            # The round of any server ends it when its deadline has passed.
            _log.warning("check_in_not_stored", check_in=check_in_id, reason=error.reason)
        finally:
            self._forget(check_in_id)

    async def failed(self, check_in_id: str, reason: CheckInFailure) -> None:
        """Ends a check-in without a report."""
        if reason is CheckInFailure.ENGINE_FAILED:
            self._metrics.reading_failed()
        try:
            await self._fail(check_in_id, reason)
        except StoreUnavailable as error:
            _log.warning("check_in_not_stored", check_in=check_in_id, reason=error.reason)
        finally:
            self._forget(check_in_id)

    async def cancel(self, check_in_id: str) -> CheckIn:
        """Ends a check-in that runs, and returns it; one that has ended stays as it is. Raises NotFound."""
        ended = await self._fail(check_in_id, CheckInFailure.CANCELED)
        if self._desk is not None:
            self._desk.cancel(check_in_id)
        self._forget(check_in_id)
        return ended or await self._store.get(check_in_id)

    async def decide(self, check_in_id: str, review: Review) -> CheckIn:
        """Stores a person's decision.

        Raises:
            NotFound: There is no such check-in.
            FailedPrecondition: It has no report.
        """
        decided = await self._store.decide(check_in_id, review)
        self._metrics.decided(review.decision)
        self._watch.notify(decided.position)
        return decided

    async def run(self) -> None:
        """Takes up what no server captures yet, and ends what nobody captures any more, until canceled."""
        try:
            while True:
                try:
                    await self.round()
                except StoreUnavailable as error:
                    _log.warning("check_ins_wait", reason=error.reason)
                await asyncio.sleep(_ROUND)
        finally:
            with suppress(StoreUnavailable, TimeoutError):
                async with asyncio.timeout(_LAST_WORDS):
                    self._ended(await self._store.fail_of_server(self._server))

    async def round(self) -> None:
        """Goes once through the check-ins that run. Raises StoreUnavailable."""
        ours = frozenset(self._capturing)
        running = await self._store.running()
        overdue = self._clock.now() - _GRACE
        if any(check_in.deadline_at < overdue for check_in, _ in running):
            # Only then: writing takes its turn among the commits of the streams.
            self._ended(await self._store.fail_overdue(overdue))
            running = await self._store.running()
        for check_in, server in running:
            if not server and check_in.camera_id is not None:
                await self._take(check_in)
        # Canceled or superseded at another server, or erased.
        for check_in_id in ours - {check_in.check_in_id for check_in, _ in running}:
            if self._desk is not None:
                self._desk.cancel(check_in_id)
            self._forget(check_in_id)

    async def _take(self, check_in: CheckIn) -> None:
        """Captures a check-in if this server has its camera's stream."""
        # The round and the beginning may both come by.
        if self._desk is None or check_in.camera_id is None or check_in.check_in_id in self._capturing:
            return
        deadline = self._monotonic(check_in.deadline_at)
        if not self._desk.begin(check_in.camera_id, check_in.check_in_id, deadline):
            return
        self._work_on(check_in.check_in_id)
        if not await self._store.claim(check_in.check_in_id, self._server):
            self._desk.cancel(check_in.check_in_id)
            self._forget(check_in.check_in_id)

    async def _read_and_conclude(
        self, check_in: CheckIn, sides: Sequence[Pixels], live: Pixels | None, context: CallContext
    ) -> None:
        try:
            card = await self._read(sides, context)
        except (EngineError, LimitReached) as error:
            _log.warning("check_in_not_read", check_in=check_in.check_in_id, reason=error.reason)
            await self._fail(check_in.check_in_id, CheckInFailure.ENGINE_FAILED)
            return
        face = None if live is None else await asyncio.to_thread(self._look.live_face, live)
        liveness = await asyncio.to_thread(self._look.suspicion, card.portraits, face, framed=card.framed)
        capture = CapturedCheckIn(card.reading, card.portraits, face, liveness, card.paid_calls)
        await self._conclude(check_in, capture, context)

    async def _read(self, sides: Sequence[Pixels], context: CallContext) -> ReadCard:
        try:
            card = await self._reader.read(sides, context, self.today)
        except (EngineError, LimitReached):
            self._metrics.reading_failed()
            raise
        self._metrics.document_read(card.reading.reasons)
        return card

    async def _conclude(self, check_in: CheckIn, capture: CapturedCheckIn, context: CallContext) -> None:
        wanted = partial(self._capturing.__contains__, check_in.check_in_id)
        try:
            ended = await self._conclusion.conclude(check_in, capture, context, self.today, wanted)
        except (EngineError, LimitReached) as error:
            _log.warning("check_in_not_compared", check_in=check_in.check_in_id, reason=error.reason)
            await self._fail(check_in.check_in_id, CheckInFailure.ENGINE_FAILED, capture.paid_calls)
            return
        stored = await self._store.finish(ended)
        if stored is not None:
            self._ended([stored])

    async def _with_liveness(self, check_in: CheckIn) -> CheckIn:
        """Returns a check-in with its liveness session, which is begun if it waits for one."""
        if self._liveness is None or check_in.state is not CheckInState.RUNNING or check_in.liveness_session_id != "":
            return check_in
        context = CallContext(check_in.camera_id, Lane.CHECK_IN, self._monotonic(check_in.deadline_at))
        try:
            session_id = await self._liveness.begin(check_in.check_in_id, context)
        except (EngineError, LimitReached):
            await self._fail(check_in.check_in_id, CheckInFailure.ENGINE_FAILED)
            raise
        return await self._store.liveness_begun(check_in.check_in_id, session_id)

    async def _fail(self, check_in_id: str, failure: CheckInFailure, paid_calls: int = 0) -> CheckIn | None:
        failed = await self._store.fail(check_in_id, failure, paid_calls=paid_calls)
        if failed is not None:
            self._ended([failed])
        return failed

    def _ended(self, check_ins: Sequence[CheckIn]) -> None:
        for check_in in check_ins:
            self._metrics.check_in_ended(check_in)
            self._watch.notify(check_in.position)
            self._forget(check_in.check_in_id)

    def _work_on(self, check_in_id: str) -> None:
        self._capturing.add(check_in_id)
        self._metrics.running.set(len(self._capturing))

    def _forget(self, check_in_id: str) -> None:
        self._capturing.discard(check_in_id)
        self._metrics.running.set(len(self._capturing))

    async def _check_camera(self, camera_id: str) -> None:
        if (await self._cameras.get(camera_id)).disabled:
            raise FailedPrecondition(f"cameras/{camera_id} is disabled", reason="CAMERA_DISABLED")

    def _monotonic(self, time: datetime) -> float:
        return self._clock.monotonic() + (time - self._clock.now()).total_seconds()

    def _new(self, camera_id: str | None) -> CheckIn:
        now = self._clock.now()
        until = now + timedelta(seconds=self._policy.patience)
        return CheckIn(uuid4().hex, camera_id, CheckInState.RUNNING, now, until)
