"""The local engine's similarities on a scale like Rekognition's.

Rekognition's 0..100 is steep: the right person is above 99, almost anybody else far below. The local scale is close
to linear in the distance of two faces. A logistic curve joins them: what the local engine would just name comes out
at 99, the threshold Amazon recommends where accuracy matters, and each margin of the local engine below that
multiplies the odds against the match by ten.

    local threshold                 99.0
    one local margin below          90.8
    two margins below               49.7
    three margins below              9.0
"""

from __future__ import annotations

import math

from portero_server.domain.detection.detections import MatchPolicy

_LOG_ODDS_AT_THRESHOLD = math.log(0.99 / 0.01)
_LOG_ODDS_PER_MARGIN = math.log(10)
_LEAST_MARGIN = 0.01
_STEEPEST = 30.0
"""Beyond these log odds the similarity is 0 or 100 in any case."""


def rekognition_similarity(similarity: float, policy: MatchPolicy) -> float:
    """Returns a similarity in 0..100.

    Args:
        similarity: The local engine's, 0..1.
        policy: The local engine's threshold and margin.
    """
    margins = (similarity - policy.threshold) / max(_LEAST_MARGIN, policy.margin)
    log_odds = _LOG_ODDS_AT_THRESHOLD + margins * _LOG_ODDS_PER_MARGIN
    return 100 / (1 + math.exp(-max(-_STEEPEST, min(_STEEPEST, log_odds))))
