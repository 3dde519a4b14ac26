"""The contract has no dead surface: the server reads or writes every field of every message."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from tests.support.contract.field_uses import Field, FieldUses, contract, reachable
from tests.support.repository import ROOT

_RPC = ROOT / "server" / "portero_server" / "rpc"


def _unused(sources: list[str]) -> set[str]:
    """Returns the fields that are not used as their direction demands.

    What only callers send must be read, what only the server sends must be written, and what both send either.
    """
    messages, services = contract()
    methods = [method for service in services for method in service.methods]
    asked = reachable([method.input_type for method in methods], messages)
    answered = reachable([method.output_type for method in methods], messages)
    uses = FieldUses(messages)
    for source in sources:
        own = _uses_of(source)
        uses.read |= own.read
        uses.written |= own.written
    unused = set()
    for message in messages.values():
        assert message.name in asked | answered, f"no RPC takes or returns a {message.name}"
        used = (uses.read if message.name in asked else set()) | (uses.written if message.name in answered else set())
        unused |= {f"{message.name}.{each.name}" for each in message.fields if (message.name, each.name) not in used}
    return unused


@cache
def _uses_of(source: str) -> FieldUses:
    uses = FieldUses(contract()[0])
    uses.scan(source)
    return uses


def _sources() -> dict[Path, str]:
    return {path: path.read_text(encoding="utf-8") for path in sorted(_RPC.rglob("*.py"))}


def test_every_field_of_the_contract_is_used() -> None:
    """Each field that callers send is read by the server's rpc package, and each that they get is written."""
    assert _unused(list(_sources().values())) == set()


@pytest.mark.parametrize(
    ("written", "instead", "field"),
    [
        ("max_rate=message.max_rate,", "", "Directive.max_rate"),
        ("skipped=count[FrameOutcome.SKIPPED],", "", "StreamAccount.skipped"),
        ("self._ack.durable_sequence = ack.durable_sequence", "pass", "Ack.durable_sequence"),
        ("update.timing.queue.CopyFrom(_duration(timing.queue))", "pass", "StageTiming.queue"),
        ("network_delay=_seconds_to_proto(status.network_delay),", "", "CameraStatus.network_delay"),
        ('elif kind == "finish"', "elif False", "StreamFramesRequest.finish"),
        ("asked_pause=", "unasked_pause=", "CameraStatus.asked_pause"),
    ],
)
def test_a_field_that_nobody_uses_is_found(written: str, instead: str, field: str) -> None:
    """Without the one place that uses a field, the field is reported, and no other."""
    changed = [source.replace(written, instead) for source in _sources().values()]
    assert changed != list(_sources().values())
    assert _unused(changed) == {field}


def test_fields_are_told_apart_by_their_messages() -> None:
    """A field is not used because another message has one of that name, nor by a name that is computed."""
    messages, _ = contract()
    uses = FieldUses(messages)
    uses.scan(
        "from portero.v1 import stream_pb2 as pb\n"
        "def made(request: pb.Heartbeat, other: Frame) -> pb.Opened:\n"
        "    setattr(request, 'answered_time', other.capture_time)\n"
        "    stamp = request.send_time\n"
        "    return pb.Opened(session='', credit=pb.Credit(frames=1))\n"
    )
    assert uses.read == {Field("Heartbeat", "send_time")}
    assert uses.written == {Field("Opened", "session"), Field("Opened", "credit"), Field("Credit", "frames")}
