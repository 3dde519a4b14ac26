"""The learned background of a camera and the noise of its pixels, from small gray pictures.

It runs for every frame while other threads need the interpreter: it makes few calls, each on a whole picture, and most
frames of a still scene need only four.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from portero_server.domain.detection.geometry import WHOLE, Box
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Gray

_Plane = NDArray[np.float32]

_FIRST_NOISE = 1.0
_LEAST_NOISE = 0.1
# Until so many frames were seen the noise is learned fast, since the first guess is only a guess.
_WARM_UP = 12
_WARM_UP_RATE = 0.25
# Added to both sides of the ratio that measures the light: in black pixels it is all noise.
_DARK = 16.0
# So many of the 5 x 5 pixels around one must have changed for it to bound the changed region: a flickering pixel
# makes 9 after the blur, a face of 40 pixels in VGA makes all 25.
_DENSE = 12
# Seconds: a camera of 25 frames a second teaches no more than one of ten, at two fifths of the work.
_LESSON = 0.1
# The light is measured at pixels so far apart that about this many lie on the shorter side: the median of a thousand is
# as good as that of all, and finding it was half of the work.
_LIGHT_SIDE = 30


@dataclass(frozen=True, slots=True)
class BackgroundPolicy:
    """How sensitive the gate is. Gray levels are 0..255, of the reduced and lightly blurred picture.

    Attributes:
        sensitivity: A pixel has changed when it differs from the background by so many times its usual
            flicker (the median of its difference); 8 is about five standard deviations.
        least_contrast: Differences up to this never count, gray levels.
        most_contrast: Differences above this always count, gray levels, however much a pixel flickers: a
            place where people are all the time must not go blind for the next one.
        least_pixels: Fewer changed pixels than this are no change; a face of 40 pixels in VGA has 25.
        follow: Seconds in which the background follows slow changes of the light.
        absorb: Seconds after which something new that holds still belongs to the background.
        learn: Seconds in which the flicker estimate may change by a factor of e. Slow, so that people
            who pass do not count as flicker; leaves and worn tubes do, after half a minute.
    """

    sensitivity: float = 8.0
    least_contrast: float = 2.5
    most_contrast: float = 12.0
    least_pixels: int = 3
    follow: float = 2.0
    absorb: float = 4.0
    learn: float = 10.0


@dataclass(slots=True, eq=False)
class _Learned:
    """What is known about each pixel: background, noise, and any new value with the seconds it has lasted."""

    scene: _Plane
    noise: _Plane
    limit: _Plane
    newcomer: _Plane
    still: _Plane
    frames: int = 0

    @classmethod
    def from_first(cls, picture: _Plane) -> _Learned:
        noise = np.full_like(picture, _FIRST_NOISE)
        return cls(picture, noise, np.empty_like(noise), picture.copy(), np.zeros_like(picture))


class Background:
    """The learned background of one camera."""

    def __init__(self, policy: BackgroundPolicy) -> None:
        self._policy = policy
        self._learned: _Learned | None = None
        self._captured = 0.0
        self._changed: NDArray[np.bool_] | None = None

    @property
    def region(self) -> Box:
        """Where the last changed picture differed from the background; the whole picture if nothing is known."""
        if self._changed is None or not self._changed.any():
            return WHOLE
        # A lone pixel is a flicker that got through; it must not stretch the region across the picture.
        neighbors = cv2.boxFilter(self._changed.view(np.uint8), -1, (5, 5), normalize=False)
        dense = self._changed & (neighbors >= _DENSE)
        rows, columns = np.nonzero(dense if dense.any() else self._changed)
        height, width = self._changed.shape
        return Box.from_pixels(
            int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1, width=width, height=height
        )

    def update(self, picture: Gray, captured: float) -> float:
        """Compares a picture with the background, then learns from the picture.

        Args:
            picture: Height x width; another size than before begins anew.
            captured: Seconds; a clock set back counts as no time.

        Returns:
            The part of the picture that changed, 0..1; 0 when it is too little to count. 1 for the first picture.
        """
        now = np.asarray(cv2.boxFilter(picture, cv2.CV_32F, (3, 3)), dtype=np.float32)
        learned = self._learned
        if learned is None or learned.scene.shape != now.shape:
            self._learned = _Learned.from_first(now)
            self._limit(self._learned)
            self._captured = captured
            self._changed = None
            return 1.0
        elapsed = captured - self._captured
        teaches = learned.frames < _WARM_UP or not 0.0 <= elapsed < _LESSON
        if not teaches and self._same(now, learned):
            return 0.0
        # All of the scene takes the new light, also what somebody stands before.
        _light(learned.scene, now)
        difference = _distance(now, learned.scene)
        if not learned.frames:
            np.maximum(learned.noise, np.median(difference), out=learned.noise)
            self._limit(learned)
        self._changed = changed = difference > learned.limit
        count = int(np.count_nonzero(changed))
        if teaches:
            self._captured = captured
            learned.frames += 1
            # At low rates something new must still be seen twice before it counts as holding still.
            self._learn(learned, now, difference, count, min(max(elapsed, 0.0), self._policy.absorb / 2))
        return count / changed.size if count >= self._policy.least_pixels else 0.0

    def _same(self, now: _Plane, learned: _Learned) -> bool:
        """Whether nothing differs, also given the brightness of the last update."""
        # No limit is lower: one call settles it for most frames, where a call costs more than its arithmetic.
        if cv2.norm(now, learned.scene, cv2.NORM_INF) <= self._policy.least_contrast:
            return True
        return int(np.count_nonzero(_distance(now, learned.scene) > learned.limit)) < self._policy.least_pixels

    def _learn(self, learned: _Learned, now: _Plane, difference: _Plane, count: int, elapsed: float) -> None:
        # More than a quarter a frame would make the background as noisy as the frames.
        weight = min(0.25, 1.0 - math.exp(-elapsed / self._policy.follow))
        if count and self._changed is not None:
            holds = self._changed & (_distance(now, learned.newcomer) <= learned.limit)
            cv2.accumulateWeighted(now, learned.scene, weight, np.logical_not(self._changed).view(np.uint8))
            self._absorb_still(learned, now, holds, elapsed)
        else:
            cv2.accumulateWeighted(now, learned.scene, weight)
            # Nothing is new: what `_absorb_still` would come to.
            learned.newcomer = now
            learned.still.fill(0.0)
        self._learn_noise(learned, difference, elapsed)

    def _learn_noise(self, learned: _Learned, difference: _Plane, elapsed: float) -> None:
        """Moves each pixel's noise estimate a step up or down, so that it settles at the median despite outliers."""
        policy = self._policy
        step = _WARM_UP_RATE if learned.frames <= _WARM_UP else min(elapsed / policy.learn, _WARM_UP_RATE)
        # e to the step where it is more than usual, and to minus the step where it is less: four times as fast as
        # `np.where`.
        factor = np.subtract(difference, learned.noise, out=difference)
        np.copysign(np.float32(math.sinh(step)), factor, out=factor)
        factor += np.float32(math.cosh(step))
        learned.noise *= factor
        learned.noise.clip(_LEAST_NOISE, policy.most_contrast / policy.sensitivity, learned.noise)
        self._limit(learned)

    def _limit(self, learned: _Learned) -> None:
        """Returns the difference from which on each pixel counts as changed."""
        policy = self._policy
        np.multiply(learned.noise, np.float32(policy.sensitivity), out=learned.limit)
        learned.limit.clip(policy.least_contrast, policy.most_contrast, learned.limit)

    def _absorb_still(self, learned: _Learned, now: _Plane, holds: NDArray[np.bool_], elapsed: float) -> None:
        """Turns new values that stay constant into background; moving ones start over, so they leave no smear."""
        moves = np.logical_not(holds)
        cv2.accumulateWeighted(now, learned.newcomer, 0.25)
        np.copyto(learned.newcomer, now, where=moves)
        learned.still += np.float32(elapsed)
        learned.still *= holds
        settled = learned.still >= self._policy.absorb
        found = np.count_nonzero(settled)
        if not found:
            return
        if found > settled.size / 2:
            # A cut, or a lamp: all of the picture is new, also where it happens to look as before.
            settled[:] = True
            learned.newcomer[:] = now
            learned.still[:] = 0.0
        np.copyto(learned.scene, learned.newcomer, where=settled)


def _light(scene: _Plane, now: _Plane) -> None:
    """Scales the background in place to the current brightness: clouds and exposure control change all pixels alike."""
    apart = max(1, min(scene.shape) // _LIGHT_SIDE)
    ratio = now[::apart, ::apart] + np.float32(_DARK)
    ratio /= scene[::apart, ::apart] + np.float32(_DARK)
    # `np.median` would spend most of its time looking for NaN.
    middle = ratio.size // 2
    gain = min(max(float(np.partition(ratio, middle, axis=None)[middle]), 0.5), 2.0)
    cv2.addWeighted(scene, gain, scene, 0.0, _DARK * gain - _DARK, scene)


def _distance(one: _Plane, other: _Plane) -> _Plane:
    return np.asarray(cv2.absdiff(one, other), dtype=np.float32)
