"""Adds a person and teaches their face: python enroll.py "Ana Luz" ana-1.jpg ana-2.jpg."""

import argparse
import sys
from pathlib import Path

from portero_client import BlockingPorteroClient, InvalidArgument


def main() -> int:
    """Prints the person's resource name and what became of each photograph."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("name", help="to show to people")
    arguments.add_argument("photos", nargs="+", type=Path, help="JPEG or PNG, one face on each")
    given = arguments.parse_args()
    refused = 0
    with BlockingPorteroClient() as portero:  # PORTERO_SERVER, or 127.0.0.1:50051
        person = portero.people.create(given.name)
        print(person.name)
        for photo in given.photos:
            try:
                face = portero.people.enroll(person.name, photo.read_bytes())
            except InvalidArgument as error:
                # No face, several faces, a blurred one: the message says what to do.
                refused += 1
                print(f"{photo}: {error.message}", file=sys.stderr)
            else:
                print(f"{photo}: {face.name}")
        if refused == len(given.photos):
            # A person without a face can never be recognized.
            portero.people.delete(person.name)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
