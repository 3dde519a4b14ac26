"""From what was captured of a check-in to its report: the faces compared, the liveness session awaited, all judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from portero_server.clock import Clock
from portero_server.documents.desk import CapturedCheckIn, LiveFace, PortraitComparison
from portero_server.documents.liveness_sessions import LivenessEvidence, LivenessSessions
from portero_server.documents.needs import Judgment, KnownHolders
from portero_server.domain.documents.check_in import CheckIn, CheckInState, FaceSummary
from portero_server.domain.documents.liveness_session import LivenessResult
from portero_server.engines.base import CallContext


class Conclusion:
    """Concludes check-ins; stores nothing."""

    def __init__(
        self,
        holders: KnownHolders,
        portraits: PortraitComparison,
        liveness: LivenessSessions | None,
        judgment: Judgment,
        clock: Clock,
    ) -> None:
        """Creates the conclusion of a site's check-ins.

        Args:
            holders: Expected guests, and earlier check-ins.
            portraits: Compares portrait and live face.
            liveness: Finds out what became of liveness sessions; None: the site has them off.
            judgment: Judges.
            clock: The server's clock.
        """
        self._holders = holders
        self._portraits = portraits
        self._liveness = liveness
        self._judgment = judgment
        self._clock = clock

    async def conclude(
        self,
        check_in: CheckIn,
        capture: CapturedCheckIn,
        context: CallContext,
        today: date,
        wanted: Callable[[], bool] = lambda: True,
    ) -> CheckIn:
        """Returns a running check-in as it ends.

        Args:
            check_in: The check-in, as it is stored.
            capture: What was seen of the guest and the card.
            context: The purpose of the calls.
            today: The date at the site.
            wanted: Returns whether the check-in still runs; asked while a liveness session is awaited.

        Raises:
            EngineError, LimitReached: The engine could not compare the faces, or may not be asked.
        """
        compared = await self._portraits.compare(capture.portraits, capture.live_face, context)
        liveness = await self._liveness_of(check_in, capture.live_face, context, wanted)
        result = None if liveness is None else liveness.result
        evidence = compared.evidence
        # Looked up last: another check-in of the same holder may end while this one waits.
        book = await self._holders.book_for(capture.reading, today)
        judged = self._judgment(capture.reading, evidence, capture.liveness, book, result)
        paid = check_in.paid_calls + capture.paid_calls + compared.paid_calls
        return replace(
            check_in,
            state=CheckInState.FINISHED,
            finished_at=self._clock.now(),
            reading=capture.reading,
            report=judged.report,
            face=FaceSummary(evidence.similarity, evidence.threshold, evidence.live_faces, evidence.portrait_found),
            liveness=capture.liveness,
            liveness_result=result,
            paid_calls=paid + (0 if liveness is None else liveness.paid_calls),
            guest_id=judged.guest_id,
            guest_status=judged.guest_status,
            earlier_id=judged.earlier_id,
        )

    async def _liveness_of(
        self, check_in: CheckIn, live_face: LiveFace | None, context: CallContext, wanted: Callable[[], bool]
    ) -> LivenessEvidence | None:
        """Returns what became of a check-in's liveness session, once that is known; None: it asked for none."""
        if check_in.liveness_session_id is None:
            return None
        if self._liveness is None:
            # Begun at a server that has them on, and captured at one that has not.
            return LivenessEvidence(LivenessResult.UNCONFIRMED)
        until = self._clock.monotonic() + (check_in.liveness_until - self._clock.now()).total_seconds()
        return await self._liveness.conclude(check_in.liveness_session_id, live_face, until, context, wanted)
