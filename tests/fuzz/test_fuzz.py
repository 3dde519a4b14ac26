"""A short and repeatable part of the fuzzing: what was kept, and changes of it drawn from a fixed seed."""

from __future__ import annotations

import random

import pytest

from portero_server.errors import PorteroError
from tests.fuzz import messages
from tests.fuzz.target import TARGETS

_CHANGED = {"bridge_yaml": 150, "multipart": 600}
_CHANGED_OTHERWISE = 3000


@pytest.mark.parametrize("name", TARGETS)
def test_no_bytes_break_what_reads_them(name: str) -> None:
    """Every kept input, and some thousand changes of them, are answered or refused on purpose."""
    target = TARGETS[name]
    one_input, seeds, draw = target.one_input(), target.seeds(), random.Random(name)
    assert seeds
    for seed in (b"", *seeds):
        one_input(seed)
    for _ in range(_CHANGED.get(name, _CHANGED_OTHERWISE)):
        one_input(_changed(draw.choice(seeds)[: target.longest], seeds, draw))


def test_the_messages_reach_what_answers_them() -> None:
    """The sound requests that the fuzzing begins with are answered, so that it does not try only refusals."""
    answered = 0
    for seed in messages.unary_messages_seeds():
        try:
            messages.answer_to(seed)
        except PorteroError:
            continue
        answered += 1
    assert answered >= 8


def _changed(data: bytes, seeds: list[bytes], draw: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(changed) + 1)
        match draw.randrange(5):
            case 0 if at < len(changed):
                changed[at] ^= 1 << draw.randrange(8)
            case 1:
                changed[at:at] = draw.randbytes(draw.randint(1, 8))
            case 2:
                del changed[at : at + draw.randint(1, 16)]
            case 3:
                other = draw.choice(seeds)
                start = draw.randrange(len(other) + 1)
                changed[at : at + 16] = other[start : start + 32]
            case _:
                changed[at : at + 2] = draw.choice((b"\xff\xff", b"\x00\x00", b"\x7f\xff", b"\x80\x00"))
    return bytes(changed)
