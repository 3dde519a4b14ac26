"""Photographs are judged in words: what is refused, what is only poor, and what is said of it."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.detection.detections import FaceQuality, FoundFace
from portero_server.domain.detection.geometry import Box
from portero_server.domain.detection.photo_advice import (
    PHOTO_LIMITS,
    FaceLight,
    PhotoFlaw,
    people_among,
    report_on,
    without_one_face,
)

_GOOD = FaceQuality(1.0, 1.0, 1.0, 1.0)
_LIT = FaceLight(120.0, 0.9)
_INSIDE = Box(0.3, 0.3, 0.4, 0.4)
_RATIO = st.floats(0, 1)


def _face(quality: FaceQuality = _GOOD, box: Box = _INSIDE, confidence: float = 0.95) -> FoundFace:
    return FoundFace(box, confidence, quality)


def test_a_good_photograph_is_taken_without_a_word() -> None:
    """Nothing is said of a large, sharp, frontal, lit face."""
    report = report_on(_face(), _LIT)
    assert (report.reason, report.message, report.advice) == ("", "", ())


@pytest.mark.parametrize(
    ("score", "mean", "flaw"),
    [
        ("size", 120.0, PhotoFlaw.TOO_SMALL),
        ("frontality", 120.0, PhotoFlaw.TURNED_AWAY),
        ("sharpness", 120.0, PhotoFlaw.BLURRED),
        ("brightness", 20.0, PhotoFlaw.TOO_DARK),
        ("brightness", 240.0, PhotoFlaw.TOO_BRIGHT),
    ],
)
def test_each_score_is_refused_below_one_limit_and_warned_of_below_another(
    score: str, mean: float, flaw: PhotoFlaw
) -> None:
    """Between the two limits the photograph is taken with other words; the advice says what to do either way."""
    least, good = getattr(PHOTO_LIMITS.refused, score), getattr(PHOTO_LIMITS.poor, score)
    light = FaceLight(mean, 0.9)
    bad, poor, fine = (
        report_on(_face(replace(_GOOD, **{score: value})), light) for value in (least - 0.01, least, good)
    )
    assert ([each.flaw for each in bad.refusals], bad.reason, bad.warnings) == ([flaw], "LOW_QUALITY", ())
    assert ([each.flaw for each in poor.warnings], poor.reason, poor.refusals) == ([flaw], "", ())
    assert fine.advice == ()
    texts = bad.advice[0].text, poor.advice[0].text
    assert texts[0] != texts[1]
    assert all("; " in text for text in texts)
    assert bad.message == f"the photograph is not good enough: {texts[0]}"


def test_one_dark_half_and_an_edge_are_only_warned_of() -> None:
    """Uneven light and a face over the edge make a photograph poor, and refuse nothing."""
    uneven = report_on(_face(), FaceLight(120.0, 0.49))
    cut = report_on(_face(box=Box(-0.1, 0.3, 0.4, 0.4)), _LIT)
    assert [each.flaw for each in uneven.warnings] == [PhotoFlaw.UNEVEN_LIGHT]
    assert [each.flaw for each in cut.warnings] == [PhotoFlaw.CUT_OFF]
    assert (uneven.reason, cut.reason) == ("", "")


def test_no_face_and_several_are_refused_by_their_own_reasons() -> None:
    """Without exactly one face there is no face to report, and the reason says which it was."""
    nobody, three = without_one_face(0), without_one_face(3)
    assert (nobody.face, nobody.reason) == (None, "NO_FACE")
    assert (three.face, three.reason) == (None, "SEVERAL_FACES")
    assert three.message.startswith("there are 3 faces")


@given(st.builds(FaceQuality, _RATIO, _RATIO, _RATIO, _RATIO), st.floats(0, 255), _RATIO)
def test_refusals_come_first_and_are_exactly_the_scores_below_their_limits(
    quality: FaceQuality, mean: float, evenness: float
) -> None:
    """Whatever the scores, a photograph is refused if and only if one is below its limit."""
    report = report_on(_face(quality), FaceLight(mean, evenness))
    below = [
        each.name
        for each in fields(FaceQuality)
        if getattr(quality, each.name) < getattr(PHOTO_LIMITS.refused, each.name)
    ]
    assert len(report.refusals) == len(below)
    assert bool(report.reason) == bool(below)
    assert report.advice == (*report.refusals, *report.warnings)


def test_a_pattern_beside_a_clear_face_is_no_second_person() -> None:
    """An unclear face does not count beside a clear one, and does where it is the only one."""
    clear, pattern = _face(), _face(confidence=0.6)
    assert people_among([clear, pattern]) == [clear]
    assert people_among([pattern]) == [pattern]
