"""Asks a server how many faces a picture shows, and how many are too small for it."""

from collections.abc import Sequence

from portero_client.client import PorteroClient
from portero_client.detections import Face
from portero_client.errors import PermissionDenied, PorteroError
from portero_client.settings import ConnectionSettings

# Below half of the size that the engine needs, enrollment refuses a face, and names are rare.
_TOO_SMALL = 0.5


async def count_faces(connection: ConnectionSettings, image: bytes) -> str:
    """Returns in one line how many faces a JPEG file shows, or why that is not known; nothing is stored."""
    try:
        async with PorteroClient(connection) as client:
            return tell_faces((await client.images.recognize(image)).faces)
    except PermissionDenied as refused:
        return f"faces not counted: {refused.message}; a key with the role check-in-desk or operator may ask"
    except PorteroError as error:
        return f"faces not counted: {error.message}"


def tell_faces(faces: Sequence[Face]) -> str:
    """Returns the line about the faces of a picture."""
    small = sum(face.quality.size < _TOO_SMALL for face in faces)
    shown = f"the last picture shows {len(faces) or 'no'} face{'s' * (len(faces) != 1)}"
    if not small:
        return shown
    which = (
        "it is" if len(faces) == 1 else f"{small} of them ({small / len(faces):.0%}) {'is' if small == 1 else 'are'}"
    )
    return f"{shown}; {which} too small to be recognized well: bring the camera closer, or raise its resolution"
