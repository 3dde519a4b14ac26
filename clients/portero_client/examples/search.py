"""Says who is in a photograph: python search.py visitors.jpg."""

import argparse
import sys
from pathlib import Path

from portero_client import BlockingPorteroClient, PorteroError


def main() -> int:
    """Prints a line for each face, from the largest to the smallest."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("photo", type=Path)
    given = arguments.parse_args()
    with BlockingPorteroClient() as portero:  # PORTERO_SERVER, or 127.0.0.1:50051
        try:
            faces = portero.images.search(given.photo.read_bytes())
        except PorteroError as error:
            print(f"{error.reason}: {error.message}", file=sys.stderr)
            return 1
    for face in faces:
        if face.match is None:
            print("unknown")
        else:
            print(f"{face.match.display_name} ({face.match.person}), similarity {face.match.similarity:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
