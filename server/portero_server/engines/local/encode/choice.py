"""Chooses what encodes faces, by name."""

from __future__ import annotations

from portero_server.engines.local.encode.arcface import OnnxEncoder
from portero_server.engines.local.encode.encoder import EncoderTraits, FaceEncoder
from portero_server.engines.local.encode.options import EncoderOptions
from portero_server.engines.local.encode.resnet import TRAITS as RESNET_TRAITS
from portero_server.engines.local.encode.resnet import DlibEncoder, check_libraries
from portero_server.errors import StartupProblem
from portero_server.vision.model_file import ModelFile, read_model
from portero_server.vision.models import Model, model_path


def choose_encoder(options: EncoderOptions) -> FaceEncoder:
    """Makes the encoder that was asked for.

    Raises:
        StartupProblem: It cannot be used here, or a file was given that it does not use: whoever gives one wants it
            used.
    """
    model = given_model(options)
    return DlibEncoder() if model is None else OnnxEncoder(model, options.input)


def tried_encoder(options: EncoderOptions) -> EncoderTraits:
    """Returns what the encoder is, once it is known that it can be used; nothing of it stays in memory.

    Raises:
        StartupProblem: As for `choose_encoder`.
    """
    if given_model(options) is not None:
        return choose_encoder(options).traits
    # dlib's is a package's, and as that installed it: to load it would take 0.3 s, and prove little.
    check_libraries()
    model_path(Model.LANDMARKS)
    model_path(Model.ENCODER)
    return RESNET_TRAITS


def given_model(options: EncoderOptions) -> ModelFile | None:
    """Returns the file that the encoder is made of; None: it brings its own.

    Raises:
        StartupProblem: The settings do not fit together.
    """
    if options.name == "dlib":
        if options.model is not None:
            raise StartupProblem(
                "PORTERO_ENCODER_MODEL is set, and PORTERO_ENCODER=dlib does not use it; set PORTERO_ENCODER=onnx, or "
                "leave PORTERO_ENCODER_MODEL out"
            )
        return None
    if options.model is None:
        raise StartupProblem("PORTERO_ENCODER=onnx needs the file of its model; set PORTERO_ENCODER_MODEL")
    if options.sha256 is None:
        _, found = read_model(options.model, "encoder")
        raise StartupProblem(
            f"PORTERO_ENCODER=onnx needs the SHA-256 of its model; set PORTERO_ENCODER_MODEL_SHA256 to {found} if "
            f"{options.model} is the file that you mean"
        )
    return ModelFile(options.model, options.sha256, "encoder")
