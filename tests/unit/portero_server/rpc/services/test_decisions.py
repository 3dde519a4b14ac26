"""DecisionService, over a real connection and a real database."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import camera_service_pb2
from portero.v1 import decision_service_pb2 as pb

from portero_server.domain.tracking.deciding import DecisionReason
from portero_server.gallery import what_if
from tests.support.server.rpc_edge import refused
from tests.support.server.serving import House
from tests.support.store.commits import at, commit_of, decision, recognition

_INVALID = grpc.StatusCode.INVALID_ARGUMENT


def _stamp(seconds: float) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(at(seconds))
    return stamp


@pytest.fixture(autouse=True)
async def stored(house: House) -> None:
    """Two at the door, of whom Ana was named, and one at the desk who is almost Ben."""
    for person_id in ("ana", "ben"):
        await house.people.create(person_id, person_id.title(), {})
    door = [
        replace(recognition("r1", "t1", "ana"), decision=decision(("ana", 0.75), ("ben", 0.25))),
        replace(
            recognition("r2", "t2"),
            captured_at=at(60),
            decision=decision(("ben", 0.375), reason=DecisionReason.BELOW_THRESHOLD),
        ),
    ]
    desk = replace(door[1], recognition_id="r3", track_id="t3", captured_at=at(120))
    for camera_id, answers in (("door", door), ("desk", [desk])):
        stream = await house.streams.open(camera_id, "e1", "s1")
        await house.recording.commit([commit_of(stream, recognitions=answers)])


async def _ids(house: House, **conditions: Any) -> tuple[list[str], str]:
    answer = await house.decisions.ListDecisions(pb.ListDecisionsRequest(**conditions))
    return [each.id for each in answer.decisions], answer.next_page_token


async def test_a_decision_is_told_with_everything_it_saw(house: House) -> None:
    """Candidates have their names; thresholds are those of then."""
    first, second, _ = (await house.decisions.ListDecisions(pb.ListDecisionsRequest())).decisions
    assert (first.camera, first.track_id, first.capture_time) == ("cameras/door", "t1", _stamp(0))
    assert (first.engine, first.outcome, first.reason) == ("scripted", "match", pb.DECISION_REASON_NAMED)
    assert [(each.person, each.display_name, each.similarity) for each in first.candidates] == [
        ("people/ana", "Ana", 0.75),
        ("people/ben", "Ben", 0.25),
    ]
    assert (first.shot, first.face_pixels, first.quality, first.incomplete) == (1, 96, 0.5, False)
    assert (first.similarity_threshold, first.margin_threshold, first.agreeing_shots) == (0.5, 0.125, 0)
    assert second.reason == pb.DECISION_REASON_BELOW_THRESHOLD
    await house.people.delete("ben")
    first, *_ = (await house.decisions.ListDecisions(pb.ListDecisionsRequest())).decisions
    assert (len(first.candidates), first.incomplete) == (1, True)


async def test_decisions_are_chosen_and_paged(house: House) -> None:
    """Conditions add up, and a page token is only good for the conditions it was made under."""
    assert (await _ids(house, camera="cameras/door"))[0] == ["r1", "r2"]
    assert (await _ids(house, start_time=_stamp(60), end_time=_stamp(120)))[0] == ["r2"]
    found, token = await _ids(house, page_size=2)
    assert (found, await _ids(house, page_size=2, page_token=token)) == (["r1", "r2"], (["r3"], ""))
    error = await refused(_ids(house, camera="cameras/door", page_token=token))
    assert (error.code, error.reason) == (_INVALID, "PAGE_TOKEN_MISMATCH")


async def test_other_thresholds_are_tried_on_what_is_stored(house: House) -> None:
    """A lower threshold names the two who are almost Ben, and a higher one misses Ana."""
    request = pb.WhatIfThresholdsRequest(similarity_thresholds=[0.25])
    answer = await house.decisions.WhatIfThresholds(request)
    (result,) = answer.results
    assert (answer.decisions, result.similarity_threshold) == (3, 0.25)
    total = result.total
    assert (total.tracks, total.named_before, total.named_after, total.gained) == (3, 1, 3, 2)
    assert [(each.camera, each.gained) for each in result.cameras] == [("cameras/desk", 1), ("cameras/door", 1)]
    assert [(each.track_id, each.person_before, each.person_after) for each in result.changes] == [
        ("t2", "", "people/ben"),
        ("t3", "", "people/ben"),
    ]
    request = pb.WhatIfThresholdsRequest(similarity_thresholds=[0.5, 0.875], camera="cameras/door")
    results = (await house.decisions.WhatIfThresholds(request)).results
    assert [(each.total.tracks, each.total.lost, len(each.changes)) for each in results] == [(2, 0, 0), (2, 1, 0)]


async def test_a_margin_alone_and_a_site_alone_can_be_tried(house: House) -> None:
    """What is not given stays as each decision had it; a site is the cameras that are there now."""
    camera = camera_service_pb2.Camera(display_name="Door", site="north")
    await house.cameras.CreateCamera(camera_service_pb2.CreateCameraRequest(camera_id="door", camera=camera))
    request = pb.WhatIfThresholdsRequest(margin_threshold=0.625, site="north")
    answer = await house.decisions.WhatIfThresholds(request)
    assert (answer.decisions, answer.results[0].total.lost) == (2, 1)
    request = pb.WhatIfThresholdsRequest(margin_threshold=0.625, site="south")
    assert (await house.decisions.WhatIfThresholds(request)).decisions == 0


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("similarity_thresholds", {"similarity_thresholds": [0.0]}),
        ("similarity_thresholds", {"similarity_thresholds": [1.5]}),
        ("similarity_thresholds", {"similarity_thresholds": [float("nan")]}),
        ("similarity_thresholds", {"similarity_thresholds": [0.5] * 51}),
        ("margin_threshold", {"margin_threshold": -0.1}),
        ("margin_threshold", {"margin_threshold": float("inf")}),
        ("camera", {"camera": "door"}),
        ("site", {"site": "s" * 64}),
        ("end_time", {"start_time": _stamp(1), "end_time": _stamp(1)}),
    ],
)
async def test_what_cannot_be_tried_is_refused_by_its_field(house: House, field: str, values: dict[str, Any]) -> None:
    """The error names the field and what it may be."""
    error = await refused(house.decisions.WhatIfThresholds(pb.WhatIfThresholdsRequest(**values)))
    assert (error.code, error.fields) == (_INVALID, (field,))


async def test_a_question_about_too_much_is_refused(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is replayed; several thresholds count each."""
    monkeypatch.setattr(what_if, "MOST_REPLAYED", 4)
    await house.decisions.WhatIfThresholds(pb.WhatIfThresholdsRequest())
    request = pb.WhatIfThresholdsRequest(similarity_thresholds=[0.5, 0.6])
    error = await refused(house.decisions.WhatIfThresholds(request))
    assert (error.code, error.reason) == (_INVALID, "TOO_MANY_DECISIONS")
    assert "more than 2 decisions" in error.message
