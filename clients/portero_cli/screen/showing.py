"""Shows a stream while it runs, and ends it cleanly on Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable

from rich.live import Live

from portero_bridge.events import BridgeEvent
from portero_cli.screen.board import Board
from portero_cli.screen.output import Output, console

_REFRESH_INTERVAL = 0.25


@contextlib.asynccontextmanager
async def stop_signals() -> AsyncIterator[asyncio.Event]:
    """Yields an event that Ctrl-C and SIGTERM set, so that a stream ends cleanly."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


@contextlib.asynccontextmanager
async def shown(board: Board, output: Output) -> AsyncIterator[Callable[[BridgeEvent], None]]:
    """Yields a listener that displays events: as a live table on a terminal, else line by line."""
    if output.as_json or not console().is_terminal:

        def tell(event: BridgeEvent) -> None:
            for line in board.take(event):
                output.note(line)

        yield tell
        return

    def follow(event: BridgeEvent) -> None:
        board.take(event)

    with Live(board.render(), console=console(), auto_refresh=False, transient=True) as live:
        refreshing = asyncio.create_task(_refresh(live, board))
        try:
            yield follow
        finally:
            refreshing.cancel()


async def _refresh(live: Live, board: Board) -> None:
    while True:
        live.update(board.render(), refresh=True)
        await asyncio.sleep(_REFRESH_INTERVAL)
