"""The command line, and the program it starts."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import pytest

from portero_simulator.faults import Fault, FaultKind
from portero_simulator.options import Options, parsed
from tests.support.server.simulated_rekognition import ask, client_of


def test_defaults_are_amazons_quotas_and_no_faults() -> None:
    """Without flags: the local engine on loopback, the quotas of us-east-1, nothing goes wrong."""
    options = parsed([])

    assert (options.engine, options.host, options.port) == ("local", "127.0.0.1", 8089)
    assert options.quotas is not None
    assert options.quotas["SearchFacesByImage"] == 50
    assert options.faults == {}


def test_flags_set_quotas_latency_and_faults() -> None:
    """Quotas can be set for all and for one, the 95th percentile follows the median, faults have up to three parts."""
    flags = ["--port=0", "--quota=all=2", "--quota=DetectText=7", "--latency=0.15"]
    faults = ["--fault=throttle=0.5:30", "--fault=slow=1::4", "--fault=reset=0.1"]

    options = parsed([*flags, *faults])

    assert options.quotas is not None
    assert (options.quotas["SearchFacesByImage"], options.quotas["DetectText"]) == (2, 7)
    assert (options.latency, options.latency_p95) == (0.15, 0.3)
    assert options.faults == {
        FaultKind.THROTTLE: Fault(0.5, 30.0),
        FaultKind.SLOW: Fault(1.0, None, 4.0),
        FaultKind.RESET: Fault(0.1),
    }


def test_quotas_can_be_left_out() -> None:
    """--no-quotas leaves only what is named."""
    assert parsed(["--no-quotas", "--quota", "IndexFaces=1"]).quotas == {"IndexFaces": 1.0}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--quota", "IndexFaces"],
        ["--quota", "IndexFaces=0"],
        ["--fault", "flood=1"],
        ["--fault", "error=2"],
        ["--latency", "0.2", "--latency-p95", "0.1"],
        ["--latency", "-1"],
    ],
)
def test_wrong_flags_end_with_a_usage_message(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A flag that makes no sense ends the program with status 2 and names itself."""
    with pytest.raises(SystemExit) as ended:
        parsed(arguments)

    assert ended.value.code == 2
    assert arguments[0].removesuffix("-p95") in capsys.readouterr().err


async def _started(*flags: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "portero_simulator", "--engine", "scripted", *flags),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )


async def test_program_says_where_it_is_and_how_it_differs_and_ends_on_a_signal() -> None:
    """It prints its address and the differences from Amazon, answers boto3, and ends cleanly on SIGTERM."""
    process = await _started("--port", "0")
    assert process.stdout is not None
    first = (await process.stdout.readline()).decode()
    url = next(word for word in first.split() if word.startswith("http"))
    client = client_of(url)
    listed = await ask(client.list_collections)
    client.close()
    process.send_signal(signal.SIGTERM)
    rest, _ = await process.communicate()

    assert listed["CollectionIds"] == []
    assert b"It differs from Amazon" in rest
    assert process.returncode == 0


async def test_taken_port_is_one_readable_line() -> None:
    """A port that is in use ends the program with one line."""
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    process = await _started("--port", str(port))
    _, errors = await process.communicate()
    server.close()

    assert process.returncode == 1
    assert errors.decode().splitlines()[-1].startswith(f"portero-simulator: port {port} cannot be opened")


def test_options_pretend_to_be_in_us_east_1() -> None:
    """The region by default is the one with the largest quotas."""
    assert Options().region == "us-east-1"
