"""The demo's front desk: a camera whose guest shows a card and does what the server's hints ask for."""

from __future__ import annotations

import asyncio
import io
from contextlib import suppress
from datetime import date, datetime
from math import sin
from typing import TYPE_CHECKING, Any

from portero_cli.demo.portraits import COLLINS, DemoProblem
from portero_cli.demo.specimen import demo_specimen, draw_back, draw_front
from portero_cli.screen.advice import FOR_GUESTS, in_words
from portero_client import CameraStream, CheckIn, PorteroClient
from portero_client.errors import PorteroError, Unavailable
from portero_client.streaming.events import Directed

if TYPE_CHECKING:
    from collections.abc import Callable

_CAMERA = "demo-desk"
_INTERVAL = 0.2
"""Seconds between two pictures."""
_SIZE = (1280, 720)
_CARD_WIDTH = 680
_SIDES = ("front", "back")


async def check_in_guest(client: PorteroClient, told: Callable[[str], None]) -> CheckIn:
    """Checks the demo's guest in, by the stream of a camera of its own, and returns the result.

    Args:
        client: Talks to the server.
        told: Is told each hint that the guest gets.

    Raises:
        DemoProblem: A package of the demo is not installed.
    """
    guest = await asyncio.to_thread(_Guest, datetime.now().astimezone().date())
    await client.cameras.create(_CAMERA, display_name="Demo desk")
    begun = await client.documents.start(_CAMERA)
    try:
        async with client.stream(_CAMERA) as camera, asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(_listen(camera, guest, told))
            ending = tasks.create_task(_result(client, begun.name))
            number = 0
            while not ending.done():
                await camera.send(await asyncio.to_thread(guest.picture, number * _INTERVAL))
                await asyncio.wait({ending}, timeout=_INTERVAL)
                number += 1
            listening.cancel()
    except* PorteroError as failures:
        raise _first(failures) from None
    return ending.result()


async def _result(client: PorteroClient, check_in: str) -> CheckIn:
    """Waits for the result, also through moments in which a busy machine's database does not answer."""
    while True:
        with suppress(Unavailable):
            return await client.documents.wait(check_in)
        await asyncio.sleep(1.0)


def _first(failures: BaseExceptionGroup[PorteroError]) -> PorteroError:
    first = failures.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


async def _listen(camera: CameraStream, guest: _Guest, told: Callable[[str], None]) -> None:
    async for result in camera:
        match result:
            case Directed(advice=str(advice)) if advice in FOR_GUESTS:
                told(in_words(advice))
                if advice == "turn_card_over":
                    guest.side = "back"


class _Guest:
    """Stands before the camera with the card in hand; shows the side that `side` says."""

    def __init__(self, today: date) -> None:
        try:
            import numpy as np
            from PIL import Image, ImageFilter, ImageOps

            specimen = demo_specimen(today)
            sides = dict(zip(_SIDES, (draw_front(specimen), draw_back(specimen)), strict=True))
            portrait = Image.fromarray(COLLINS.draw())  # type: ignore[arg-type]
        except ModuleNotFoundError as missing:
            raise DemoProblem(f"{missing.name} is not installed; get it with: pip install 'portero[demo]'") from None
        self.side = _SIDES[0]
        height = round(_CARD_WIDTH * sides["front"].height / sides["front"].width)
        self._cards = {
            name: side.resize((_CARD_WIDTH, height), Image.Resampling.LANCZOS).convert("RGBA")
            for name, side in sides.items()
        }
        # Mirrored: a live face is never the very photograph of the card, which would be suspected.
        self._person = ImageOps.mirror(portrait).resize((430, 430))
        mask = Image.new("L", self._person.size, 0)
        mask.paste(255, (30, 0, 400, 400))
        self._mask = mask.filter(ImageFilter.GaussianBlur(14))
        noise = np.random.default_rng(7).normal(110, 4, (_SIZE[1], _SIZE[0])).clip(0, 255).astype(np.uint8)
        self._wall = Image.fromarray(noise).convert("RGB")

    def picture(self, time: float) -> bytes:
        """Returns what the camera sees at a time, seconds, as a JPEG file: hand and head are never quite still."""
        from PIL import Image

        picture = self._wall.copy()
        picture.paste(self._person, (round(425 + 9 * sin(1.7 * time)), round(5 * sin(2.3 * time) - 30)), self._mask)
        card = self._cards[self.side]
        turned: Any = card.rotate(2.5 * sin(3.1 * time), Image.Resampling.BICUBIC, expand=True)
        left = 300 + 18 * sin(2.6 * time) - (turned.width - card.width) / 2
        top = 268 + 7 * sin(3.7 * time) - (turned.height - card.height) / 2
        picture.paste(turned, (round(left), round(top)), turned)
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=88)
        return file.getvalue()
