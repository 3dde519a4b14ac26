"""What the encoding processes do: each has the encoder that its calls ask for, from its first call on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from portero_server.engines.local.encode.choice import choose_encoder
from portero_server.engines.local.encode.encoder import FaceEncoder
from portero_server.engines.local.encode.encoder import FacePatch as FacePatch
from portero_server.engines.local.encode.options import EncoderOptions

_DLIB = EncoderOptions()


def prepare(options: EncoderOptions = _DLIB) -> None:
    """Loads the models into this process."""
    _encoder(options)


def encode(patches: Sequence[FacePatch], options: EncoderOptions = _DLIB) -> NDArray[np.float32]:
    """Encodes faces.

    Args:
        patches: At least one.
        options: Which encoder.

    Returns:
        Faces x the encoder's length, in order.

    Raises:
        EngineError: The network's answer is not a vector.
    """
    return _encoder(options).encode(patches)


@cache
def _encoder(options: EncoderOptions) -> FaceEncoder:
    return choose_encoder(options)
