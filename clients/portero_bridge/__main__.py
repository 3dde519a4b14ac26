"""`portero-bridge`: the process beside the cameras."""

import asyncio
import os
import signal
import sys

from portero_bridge.arguments import read_arguments, read_discover_arguments, read_probe_arguments
from portero_bridge.bridge import Bridge
from portero_bridge.discovery.search import run_search
from portero_bridge.errors import SettingsError
from portero_bridge.journal import Journal
from portero_bridge.metrics import BridgeMetrics
from portero_bridge.probe import run_probe
from portero_bridge.redact import redact_url
from portero_bridge.settings import BridgeSettings
from portero_client.errors import InvalidArgument, PorteroError
from portero_client.library_logs import write_library_logs
from portero_client.settings import ConnectionSettings
from portero_client.streaming.clock import SystemClock

_EXIT_FAILED = 1
_EXIT_USAGE = 2


def main() -> None:
    """Runs the bridge. Exits with 0 when stopped or finished, 1 if a camera failed or none is found, 2 if misused."""
    # gRPC's own lines would come between the journal's; what they tell of is told there in better words.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Runs the bridge with a command line; returns the exit code."""
    journal = Journal(sys.stderr, SystemClock())
    write_library_logs(journal.library)
    try:
        if arguments[:1] == ["probe"]:
            run_probe(read_probe_arguments(arguments[1:]))
            return 0
        if arguments[:1] == ["discover"]:
            return 0 if run_search(read_discover_arguments(arguments[1:])) else _EXIT_FAILED
        settings = read_arguments(arguments)
        connection = settings.connection()
        asyncio.run(_run(settings, connection, journal))
    except (SettingsError, InvalidArgument) as error:
        return _complain(error, _EXIT_USAGE)
    except PorteroError as error:
        return _complain(error, _EXIT_FAILED)
    return 0


async def _run(settings: BridgeSettings, connection: ConnectionSettings, journal: Journal) -> None:
    metrics = BridgeMetrics()
    if settings.metrics_listen is not None:
        _serve(metrics, settings.metrics_listen, journal)
    bridge = Bridge(settings, connection, emit=journal, metrics=metrics)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, bridge.stop)
    journal.write("bridge_started", cameras=len(settings.cameras), server=connection.server)
    await bridge.run()
    journal.write("bridge_stopped")


def _serve(metrics: BridgeMetrics, address: str, journal: Journal) -> None:
    host, _, port = address.rpartition(":")
    try:
        bound = metrics.serve(host.strip("[]"), int(port))
    except (OSError, OverflowError) as error:
        raise SettingsError(f"metrics_listen: cannot listen at {address}: {error}") from error
    journal.write("metrics_served", address=f"{host}:{bound}")


def _complain(error: PorteroError, code: int) -> int:
    sys.stderr.write(f"portero-bridge: {redact_url(error.message)}\n")
    return code


if __name__ == "__main__":
    main()
