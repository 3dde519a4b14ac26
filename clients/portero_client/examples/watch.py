"""Follows who is seen, and continues where it ended: python watch.py position.txt [CAMERA]."""

import argparse
import contextlib
from pathlib import Path

from portero_client import BlockingPorteroClient


def follow(store: Path, camera: str, count: int | None) -> None:
    """Prints each event once, across restarts of this program and of the server."""
    after = int(store.read_text()) if store.exists() else 0
    with BlockingPorteroClient() as portero, portero.watch_sightings(after=after, camera=camera) as watch:
        for event in watch:
            sighting = event.sighting
            print(event.kind.value, sighting.camera, sighting.display_name or "unknown", flush=True)
            # Written after the event was dealt with: a crash in between repeats one, and loses none.
            store.write_text(str(event.position))
            if count is not None and (count := count - 1) <= 0:
                return


def main() -> None:
    """Runs until Ctrl-C."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("store", type=Path, help="holds the position between runs")
    arguments.add_argument("camera", nargs="?", default="", help="only this one")
    arguments.add_argument("--count", type=int, help="end after so many events")
    given = arguments.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        follow(given.store, given.camera, given.count)


if __name__ == "__main__":
    main()
