"""Films and the follower that watches them in process: the real detector and encoder, for a short while."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from portero_cli.demo.portraits import COLLINS, HOPPER
from portero_server.vision.detect.choice import choose_finder
from portero_server.vision.detect.face_detector import FaceDetector
from portero_server.vision.detect.options import DetectorOptions
from portero_server.vision.jpeg import decode_gray
from tests.benchmarks.identity.eyes import Answers, local_traits
from tests.benchmarks.identity.film import Take, frames
from tests.benchmarks.identity.in_process import account_of
from tests.benchmarks.identity.notation import situation
from tests.benchmarks.identity.people import Company, Player, player
from tests.benchmarks.identity.scoring import Lenience, Score, score
from tests.benchmarks.identity.truth import Place

_GAP = timedelta(seconds=2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns where portraits are written."""
    return tmp_path_factory.mktemp("identity")


@pytest.fixture(scope="module")
def cast(folder: Path) -> Mapping[str, Player]:
    """Returns two people who can be enrolled."""
    photos = {role: portrait.write(folder) for role, portrait in (("A", COLLINS), ("B", HOPPER))}
    return {role: player(role.lower(), (photo,), photo, folder) for role, photo in photos.items()}


def _take(cast: Mapping[str, Player], who: str, camera: str = "", seconds: float = 2.0, rate: float = 5.0) -> Take:
    return Take(situation("", seconds, who, camera), cast, (640, 480), rate, 1)


def test_a_film_is_the_same_each_time_and_shows_a_face_where_the_truth_has_it(
    cast: Mapping[str, Player], folder: Path
) -> None:
    """The detector finds the face within a fifth of its size, and none where nobody is."""
    take = _take(cast, "A 1-2 at .4 size .3", seconds=1.4)
    drawn = list(frames(take, folder))
    assert drawn == list(frames(take, folder))
    detector = FaceDetector(choose_finder(DetectorOptions()).finder)
    assert detector.find(decode_gray(drawn[0]), thorough=True) == []
    (face,) = detector.find(decode_gray(drawn[6]), thorough=True)
    (shown,) = take.truth.frames[6]
    assert shown.visible
    assert shown.place.distance(Place(*face.box.center, face.box.width, face.box.height)) < 0.2


def test_a_frozen_picture_is_the_same_file_and_a_dark_one_is_dark(cast: Mapping[str, Player], folder: Path) -> None:
    """Frames of a frozen picture are duplicates of the first; with the lights off little is left."""
    drawn = list(frames(_take(cast, "A 0-2", "frozen .6-1.2 dark 1.4-1.8"), folder))
    assert drawn[3] == drawn[4] == drawn[5]
    assert drawn[2] != drawn[3] != drawn[6]
    levels = [float(np.mean(decode_gray(jpeg))) for jpeg in drawn]
    assert max(levels[7:9]) < 10 < 90 < min(levels[:7])


def _judge(take: Take, cast: Mapping[str, Player], folder: Path, *, paid: bool) -> Score:
    company = Company(tuple(cast.values()), ())
    answers, traits = Answers(folder / "answers.sqlite"), asyncio.run(local_traits())
    account = account_of(frames(take, folder), take.size, take.rate, company, answers, traits, _GAP, paid=paid)
    return score(take.truth, account, Lenience(_GAP.total_seconds()))


@pytest.mark.slow
@pytest.mark.parametrize("paid", [False, True])
def test_whoever_stays_alone_is_named_once(cast: Mapping[str, Player], folder: Path, *, paid: bool) -> None:
    """One sighting, one call, the right name within half a second: with the local engine and with a paid one."""
    found = _judge(_take(cast, "A .6-2.6", seconds=4.6), cast, folder, paid=paid)
    assert found.clean
    assert (found.split, found.missed, found.phantoms, found.visits) == (0, [], 0, 1)
    assert found.times_to_name == [pytest.approx(0.25 if paid else 0.1, abs=0.25)]
    assert found.calls == 1
