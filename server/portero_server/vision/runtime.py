"""Opens networks with onnxruntime."""

from __future__ import annotations

import importlib
from typing import Any

from portero_server.errors import StartupProblem


class UnusableModel(ValueError):
    """onnxruntime cannot load a model."""


def load_runtime(purpose: str) -> Any:
    """Returns the library onnxruntime, imported late, so that a server without it can say what is missing.

    Raises:
        StartupProblem: It is missing, or cannot be loaded on this machine; `purpose` says what needs it.
    """
    return load_library("onnxruntime", purpose)


def load_library(name: str, purpose: str) -> Any:
    """Returns a library of the extra `local`; as for `load_runtime`."""
    try:
        return importlib.import_module(name)
    except ImportError as fault:
        raise StartupProblem(
            f"{name}, which {purpose} needs, cannot be loaded ({fault}); install it with: pip install 'portero[local]'"
        ) from None


def open_network(content: bytes, purpose: str, *, any_size: bool = False) -> Any:
    """Returns an `InferenceSession` of a model, which computes on the thread that calls it; thread-safe.

    Args:
        content: The model.
        purpose: What needs it, for messages.
        any_size: Whether the size of its input differs from call to call.

    Raises:
        StartupProblem: As for `load_runtime`.
        UnusableModel: onnxruntime cannot load the model.
    """
    runtime = load_runtime(purpose)
    options = runtime.SessionOptions()
    # As many processes encode and threads look as the settings say, each on one processor.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # A plan of memory is kept for every size that was ever seen.
    options.enable_mem_pattern = not any_size
    try:
        return runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as fault:  # noqa: BLE001  # onnxruntime's errors have no common class
        raise UnusableModel(type(fault).__name__) from None
