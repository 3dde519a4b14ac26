"""What is fuzzed: a target takes any bytes and returns, or raises what is no answer to an attacker."""

from __future__ import annotations

import base64
import importlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

CORPORA = Path(__file__).parent / "corpora"
"""Inputs that are kept, a file a target and a line an input, in Base64; made up, never taken from anybody."""


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to fuzz.

    Attributes:
        module: Where it is; has `one_input(data)` and `seeds()`, each under the target's name.
        instrumented: Packages whose branches guide the mutations.
        longest: Most bytes of an input worth trying.
    """

    name: str
    module: str
    instrumented: Sequence[str]
    longest: int = 4096

    def one_input(self) -> Callable[[bytes], None]:
        """Imports the function that takes the bytes."""
        function: Callable[[bytes], None] = getattr(importlib.import_module(self.module), self.name)
        return function

    def seeds(self) -> list[bytes]:
        """Returns sound inputs to begin with, and those that were kept."""
        made: Callable[[], list[bytes]] = getattr(importlib.import_module(self.module), f"{self.name}_seeds")
        return made() + self.kept()

    def kept(self) -> list[bytes]:
        """Returns the inputs that were kept: each once showed the fuzzer a branch, or us a bug."""
        file = CORPORA / f"{self.name}.b64"
        return [base64.b64decode(line) for line in file.read_text().splitlines()] if file.exists() else []

    def keep(self, inputs: Iterable[bytes]) -> None:
        """Keeps these inputs besides those that are kept already."""
        lines = {base64.b64encode(data).decode() for data in (*self.kept(), *inputs)}
        CORPORA.mkdir(exist_ok=True)
        (CORPORA / f"{self.name}.b64").write_text("".join(f"{line}\n" for line in sorted(lines)))


_SERVER = "portero_server"
_BRIDGE = "portero_bridge"

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        Target("jpeg_header", "tests.fuzz.images", [f"{_SERVER}.vision.jpeg"]),
        Target("photo_header", "tests.fuzz.images", [f"{_SERVER}.vision"]),
        Target("bridge_jpeg_size", "tests.fuzz.images", [f"{_BRIDGE}.encoder"]),
        Target("unary_messages", "tests.fuzz.messages", [f"{_SERVER}.rpc", f"{_SERVER}.domain"]),
        Target("stream_messages", "tests.fuzz.messages", [f"{_SERVER}.rpc"]),
        Target("page_tokens", "tests.fuzz.messages", [f"{_SERVER}.rpc.paging"]),
        Target("bearer_tokens", "tests.fuzz.bearers", [f"{_SERVER}.access", "jwt"]),
        Target("multipart", "tests.fuzz.bridge_input", [f"{_BRIDGE}.sources.multipart"]),
        Target(
            "camera_answers", "tests.fuzz.bridge_input", [f"{_BRIDGE}.discovery", f"{_BRIDGE}.sources.rtsp_answers"]
        ),
        Target("camera_urls", "tests.fuzz.bridge_input", [f"{_BRIDGE}.sources", f"{_BRIDGE}.redact"], 512),
        Target("bridge_yaml", "tests.fuzz.bridge_input", [f"{_BRIDGE}.yaml_file", "yaml"], 2048),
    )
}
