"""Reads several images in fewer paid calls: small ones share a contact sheet; all others are read alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from portero_server.domain.cameras import Lane
from portero_server.domain.detection.detections import Text, TextKind
from portero_server.engines.base import CallContext, Pixels
from portero_server.errors import EngineError
from portero_server.vision.sheet import Sheet, plan_sheets

MAX_WORDS = 100
"""DetectText returns at most this many words; a sheet that reaches the limit may hold more."""
_LANES = (Lane.CHECK_IN, Lane.VISITOR, Lane.ATTENDANCE)

Answer = Sequence[Text] | EngineError
Read = Callable[[Pixels, CallContext], Awaitable[Sequence[Text]]]


async def read_texts(
    read: Read, images: Sequence[Pixels], contexts: Sequence[CallContext], *, shared: bool
) -> Sequence[Answer]:
    """Reads images, each failing alone.

    Args:
        read: Reads one image by one paid call.
        images: Height x width x 3, BGR.
        contexts: The purpose of each call, one per image.
        shared: Whether images that fit together share calls.
    """
    sheets = plan_sheets([(image.shape[1], image.shape[0]) for image in images]) if shared else ()
    answers: dict[int, Answer] = {}
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(_read_sheet(read, sheet, images, contexts)) for sheet in sheets if len(sheet.tiles) > 1
        ]
    for task in tasks:
        answers |= task.result()
    async with asyncio.TaskGroup() as group:
        alone = {
            index: group.create_task(_read_alone(read, images[index], contexts[index]))
            for index in range(len(images))
            if index not in answers
        }
    return [answers[index] if index in answers else alone[index].result() for index in range(len(images))]


def shared_texts(sheet: Sheet, texts: Sequence[Text]) -> Mapping[int, Sequence[Text]]:
    """Returns the texts of each image of a sheet; images that must be read alone are left out.

    These are all images if the words reach the limit, and otherwise those touched by a text that crosses a gutter.
    """
    if sum(text.kind is TextKind.WORD for text in texts) >= MAX_WORDS:
        return {}
    shares = sheet.share([text.box for text in texts])
    return {
        index: tuple(replace(texts[found.position], box=found.box) for found in found_here)
        for index, found_here in shares.found.items()
        if index not in shares.spoiled
    }


async def _read_sheet(
    read: Read, sheet: Sheet, images: Sequence[Pixels], contexts: Sequence[CallContext]
) -> Mapping[int, Answer]:
    indices = [tile.index for tile in sheet.tiles]
    try:
        texts = await read(sheet.compose(images), _most_urgent([contexts[index] for index in indices]))
    except EngineError as error:
        return dict.fromkeys(indices, error)
    return shared_texts(sheet, texts)


async def _read_alone(read: Read, image: Pixels, context: CallContext) -> Answer:
    try:
        return await read(image, context)
    except EngineError as error:
        return error


def _most_urgent(contexts: Sequence[CallContext]) -> CallContext:
    """Returns the context of a shared call, so that no image in it is served later than it would be alone."""
    deadlines = [context.deadline for context in contexts if context.deadline is not None]
    cameras = {context.camera_id for context in contexts}
    return CallContext(
        camera_id=cameras.pop() if len(cameras) == 1 else None,
        lane=min((context.lane for context in contexts), key=_LANES.index),
        deadline=min(deadlines, default=None),
    )
