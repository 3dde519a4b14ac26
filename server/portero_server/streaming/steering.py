"""Steers the bridge of one stream: carries out what domain.steering decides, and logs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from portero_server.clock import Clock
from portero_server.domain.cameras import Camera, CameraMode
from portero_server.domain.steering.opening_hours import OpeningSchedule
from portero_server.domain.steering.plan import SteeringPlan
from portero_server.domain.steering.policy import NOTHING_ASKED, Asked, SteeringCause, SteeringPolicy
from portero_server.domain.steering.rates import StreamLoad
from portero_server.domain.streams.frames import Frame, FrameOutcome
from portero_server.domain.streams.messages import Directive
from portero_server.streaming.intake import Intake
from portero_server.streaming.stream_clock import UNDECLARED, Opening
from portero_server.vision.analysis import FrameAnalysis

_log = structlog.get_logger(__name__)

_INTERVAL = 0.5
"""Seconds between two decisions; a change before an idle camera does not wait for the next."""
_STILL = frozenset({FrameOutcome.DUPLICATE, FrameOutcome.UNCHANGED})


@dataclass(frozen=True, slots=True)
class Steering:
    """What all streams are steered by.

    Attributes:
        policy: Thresholds; None: no bridge is asked for anything but advice.
        schedule: Opening hours.
        spent_for: Returns the seconds until there is money again for a camera's calls, 0 while there is; None: nothing
            costs money.
        backed: Whether faces are recognized for nothing while there is none. Text is not.
    """

    policy: SteeringPolicy | None = None
    schedule: OpeningSchedule = field(default_factory=OpeningSchedule)
    spent_for: Callable[[Camera], float] | None = None
    backed: bool = False


UNSTEERED = Steering()


class StreamSteering:
    """Steers one stream. Nothing is asked for before `open`.

    Attributes:
        opening: What the bridge declared when it opened the stream.
    """

    def __init__(self, camera: Camera, steering: Steering, clock: Clock, tell: Callable[[Directive], None]) -> None:
        """Prepares to steer a stream.

        Args:
            camera: Its id, mode and purpose count.
            steering: What decides.
            clock: The server's clock.
            tell: Sends the bridge a Directive.
        """
        self.opening = UNDECLARED
        self._camera = camera
        free = steering.backed and camera.mode is CameraMode.FACES
        self._spent_for = None if free else steering.spent_for
        self._steering = steering
        self._clock = clock
        self._tell = tell
        self._plan: SteeringPlan | None = None
        self._due = 0.0
        self._causes: frozenset[SteeringCause] = frozenset()

    @property
    def asked(self) -> Asked:
        """What the bridge is asked for at present."""
        return NOTHING_ASKED if self._plan is None else self._plan.asked(self._clock.monotonic())

    def open(self, opening: Opening) -> None:
        """Starts to steer a stream of the delivery mode that the bridge declared."""
        self.opening = opening
        if (policy := self._steering.policy) is not None:
            self._plan = SteeringPlan(policy, self._clock.monotonic(), live=not opening.lossless)

    def looked_at(self, frame: Frame, look: FrameAnalysis) -> None:
        """Processes a frame that was analyzed; one with damaged picture data says nothing of the scene."""
        if (plan := self._plan) is None or look.damaged:
            return
        wanted = plan.looked_at(
            changed=look.outcome not in _STILL,
            side=max(frame.width, frame.height),
            widths=[face.box.width * frame.width for face in look.faces],
            now=self._clock.monotonic(),
        )
        self._ask(wanted)

    def tick(self, now: float, intake: Intake, *, following: bool) -> None:
        """Decides anew, at most twice a second.

        Args:
            now: Monotonic seconds.
            intake: The frames that wait in the server, how fast they come and how many may still come.
            following: Whether any face is being followed.
        """
        if (plan := self._plan) is None or now < self._due:
            return
        self._due = now + _INTERVAL
        age = now - intake.frames[0].received if intake.frames else 0.0
        load = StreamLoad(age, intake.credit <= 0, intake.arrivals.rate(now), following)
        wall = self._clock.now()
        opens_at = self._steering.schedule.closed_until(self._camera.camera_id, wall)
        closed = 0.0 if opens_at is None else max(0.0, (opens_at - wall).total_seconds())
        spent = 0.0 if self._spent_for is None else self._spent_for(self._camera)
        self._ask(plan.decide(load, now, closed=closed, spent=spent))

    def _ask(self, wanted: Directive | None) -> None:
        if wanted is None:
            return
        self._tell(wanted)
        asked = self.asked
        # An idle camera is no news: it would be told a thousand times a day.
        causes = frozenset(asked.causes) - {SteeringCause.IDLE}
        if causes != self._causes:
            self._causes = causes
            _log.info(
                "stream_steered",
                camera=self._camera.camera_id,
                causes=sorted(cause.value for cause in causes),
                max_rate=asked.max_rate,
                max_side=asked.max_side,
                pause=None if asked.pause is None else round(asked.pause),
            )
