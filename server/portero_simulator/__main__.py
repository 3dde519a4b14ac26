"""`portero-simulator`: Rekognition's image API on this machine."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Sequence

from portero_server.clock import SystemClock
from portero_server.engines.local.options import LocalOptions
from portero_server.engines.registry import create_engine
from portero_server.errors import PorteroError, StartupProblem
from portero_simulator.http import serving
from portero_simulator.options import Options, parsed
from portero_simulator.simulator import OpenGate, create_endpoint

_WELCOME = """\
portero-simulator speaks Amazon Rekognition's image API at {url} ({engine} engine, region {region}).
  use it:      export AWS_ENDPOINT_URL_REKOGNITION={url} AWS_DEFAULT_REGION={region}
               export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any
  watch it:    curl {url}/_simulator/state
  disturb it:  curl {url}/_simulator/faults -d '{{"throttle": {{"rate": 0.5, "seconds": 30}}}}'
It differs from Amazon: it does not verify signatures, forgets its collections when it ends, has one account and no
S3 images or videos, gives neither landmarks nor emotions nor ages, and its similarities are those of another engine
on a scale like Amazon's. All differences: server/portero_simulator/README.md
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs until interrupted."""
    options = parsed(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    try:
        asyncio.run(_run(options))
    except StartupProblem as problem:
        sys.exit(f"portero-simulator: {problem.message}")


async def _run(options: Options) -> None:
    clock = SystemClock()
    engine = create_engine(
        options.engine, {"local": LocalOptions(options.encoder_processes), "scripted": None}, OpenGate()
    )
    try:
        await engine.check()
        async with serving(create_endpoint(engine, options, clock), clock, options.host, options.port) as url:
            sys.stdout.write(_WELCOME.format(url=url, engine=options.engine, region=options.region))
            sys.stdout.flush()
            await _stop_signal()
    except PorteroError as error:
        raise StartupProblem(error.message) from error
    except OSError as error:
        raise StartupProblem(f"port {options.port} cannot be opened: {error.strerror}") from error
    finally:
        await engine.aclose()


async def _stop_signal() -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await stopped.wait()


if __name__ == "__main__":
    main()
