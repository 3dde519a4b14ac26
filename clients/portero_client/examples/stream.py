"""Streams pictures as one camera and prints whom the server sees: python stream.py lobby frames/*.jpg --rate 5."""

import argparse
import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from portero_client import CameraStream, DeliveryMode, FrameRefused, PorteroClient, TrackState, TrackUpdated

# Who it is was decided, or decided otherwise by a better look.
_DECIDED = (TrackState.CONFIRMED, TrackState.REVISED)


async def show_results(camera: CameraStream) -> None:
    """Prints what the server says, until the stream is finished."""
    async for result in camera:
        if isinstance(result, TrackUpdated) and result.state in _DECIDED:
            name = result.match.display_name if result.match else "unknown"
            print(f"frame {result.sequence}: {name}", flush=True)
        elif isinstance(result, FrameRefused):
            print(f"frame {result.sequence} refused: {result.message}", flush=True)


async def stream(name: str, pictures: list[Path], rate: float) -> None:
    """Sends each picture as if a camera had just taken the last one; LOSSLESS: as fast as the server takes them."""
    began = datetime.now(UTC) - timedelta(seconds=len(pictures) / rate)
    async with (
        PorteroClient() as portero,  # PORTERO_SERVER, or 127.0.0.1:50051
        portero.stream(name, mode=DeliveryMode.LOSSLESS) as camera,
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(show_results(camera))
        for index, picture in enumerate(pictures):
            await camera.send(picture.read_bytes(), began + timedelta(seconds=index / rate))
        print(await camera.finish())


def main() -> None:
    """Runs until every picture is durable at the server."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("camera", help="its id; a new one is registered")
    arguments.add_argument("pictures", nargs="+", type=Path, help="JPEG files, in their order")
    arguments.add_argument("--rate", type=float, default=5.0, help="pictures a second at which they were taken")
    given = arguments.parse_args()
    asyncio.run(stream(given.camera, given.pictures, given.rate))


if __name__ == "__main__":
    main()
