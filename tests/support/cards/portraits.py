"""The portraits on specimens: of the two public-domain people that our dependencies install, two pictures each."""

from __future__ import annotations

from functools import cache

import numpy as np

from portero_server.vision.pixels import Pixels
from tests.support.images.portraits import another, collins, hopper


@cache
def portrait(number: int) -> Pixels:
    """Returns head and shoulders, BGR: 0 and 2 show one person, 1 and 3 the other."""
    head = collins()[0:260, 120:330] if number % 2 == 0 else hopper()[60:480, 100:440]
    return np.ascontiguousarray(another(head) if number % 4 > 1 else head)


def live(number: int) -> Pixels:
    """Returns a picture, as a camera would take it, of whoever is on portrait `number`; never the one on the card."""
    whole = collins() if number % 2 == 0 else hopper()
    return whole if number % 4 > 1 else another(whole)
