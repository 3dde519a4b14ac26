"""Says whether two photographs show the same person, whom the gallery need not know: python compare.py a.jpg b.jpg."""

import argparse
import sys
from pathlib import Path

from portero_client import BlockingPorteroClient, PorteroError


def main() -> int:
    """Compares the largest face of the first photograph with each face of the second one."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("source", type=Path, help="its largest face is compared")
    arguments.add_argument("target", type=Path, help="with each face of this one")
    given = arguments.parse_args()
    with BlockingPorteroClient() as portero:  # PORTERO_SERVER, or 127.0.0.1:50051
        try:
            comparison = portero.images.compare(given.source.read_bytes(), given.target.read_bytes())
        except PorteroError as error:
            print(f"{error.reason}: {error.message}", file=sys.stderr)
            return 1
    for face in comparison.comparisons:
        print(f"{'same' if face.same_person else 'different'}, similarity {face.similarity:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
