"""The contract of encoders on each of them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from portero_server.engines.local.encode.arcface import OnnxEncoder
from portero_server.engines.local.encode.choice import choose_encoder
from portero_server.engines.local.encode.encoder import FaceEncoder
from portero_server.engines.local.encode.options import EncoderOptions
from portero_server.engines.local.encode.resnet import DlibEncoder
from tests.contracts.encoder_contract import COLLINS, HOPPER, EncoderContract
from tests.support.server.onnx_networks import Network, written

# Made once: loading them takes longer than most of the tests.
_encoder = cache(choose_encoder)


@pytest.fixture(scope="module")
def colors_first(tmp_path_factory: pytest.TempPathFactory) -> EncoderOptions:
    """A network in a file that was shown two people; its colors come first."""
    return written(tmp_path_factory.mktemp("models") / "two-people.onnx", Network(taught=True))


@pytest.fixture(scope="module")
def colors_last(tmp_path_factory: pytest.TempPathFactory) -> EncoderOptions:
    """One whose colors come last; it returns more numbers, and does not say how many pixels and faces it takes."""
    network = Network(colors_first=False, length=512, shape=("batch", "rows", "columns", 3), taught=True)
    return written(tmp_path_factory.mktemp("models") / "colors-last.onnx", network)


class TestDlib(EncoderContract):
    """dlib's ResNet."""

    @pytest.fixture
    def options(self) -> EncoderOptions:
        """The default."""
        return EncoderOptions()

    @pytest.fixture
    def encoder(self, options: EncoderOptions) -> FaceEncoder:
        """The encoder."""
        return _encoder(options)

    def test_it_is_the_one_of_the_package(self, encoder: FaceEncoder) -> None:
        """Faces enrolled before there was a choice keep their model."""
        assert isinstance(encoder, DlibEncoder)
        assert encoder.traits.version == "dlib-resnet-v1"


class TestOnnx(EncoderContract):
    """A network in a file, as PyTorch exports it. It is no trained one: none may be shipped."""

    @pytest.fixture
    def options(self, colors_first: EncoderOptions) -> EncoderOptions:
        """The file."""
        return colors_first

    @pytest.fixture
    def encoder(self, options: EncoderOptions) -> FaceEncoder:
        """The encoder."""
        return _encoder(options)

    def test_vectors_have_the_length_one(self, encoder: FaceEncoder) -> None:
        """Only then is a distance a cosine."""
        assert isinstance(encoder, OnnxEncoder)
        assert np.linalg.norm(encoder.encode([COLLINS(), HOPPER()]), axis=1) == pytest.approx([1.0, 1.0], abs=1e-5)


class TestOnnxWithColorsLast(EncoderContract):
    """A network in a file, as TensorFlow's are converted."""

    @pytest.fixture
    def options(self, colors_last: EncoderOptions) -> EncoderOptions:
        """The file."""
        return colors_last

    @pytest.fixture
    def encoder(self, options: EncoderOptions) -> FaceEncoder:
        """The encoder."""
        return _encoder(options)
