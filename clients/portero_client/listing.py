"""Paginated lists, read item by item or one page at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Generic, Protocol, TypeVar

from portero_client.calls import Call, Page, PageCall

AnswerT = TypeVar("AnswerT")
ItemT = TypeVar("ItemT")

MAX_PAGE_SIZE = 1000


class Ask(Protocol):
    """Executes a call."""

    async def __call__(self, call: Call[AnswerT]) -> AnswerT:
        """Returns the result of the call.

        Raises:
            PorteroError: The call failed.
        """
        ...


class BlockingAsk(Protocol):
    """Executes a call and waits for its result."""

    def __call__(self, call: Call[AnswerT]) -> AnswerT:
        """Returns the result of the call.

        Raises:
            PorteroError: The call failed.
        """
        ...


class Listing(Generic[ItemT]):
    """A list on the server; nothing is requested before it is read.

    `async for item in listing` reads everything, one page at a time. `first` reads a number of items and returns where
    to continue.
    """

    def __init__(self, ask: Ask, pages: PageCall[ItemT], *, page_size: int, page_token: str) -> None:
        self._ask = ask
        self._pages = pages
        self._page_size = page_size
        self._page_token = page_token

    async def __aiter__(self) -> AsyncIterator[ItemT]:
        token = self._page_token
        while True:
            page = await self._ask(self._pages(self._page_size, token))
            for item in page.items:
                yield item
            token = page.next_page_token
            if not token:
                return

    async def first(self, limit: int) -> Page[ItemT]:
        """Returns up to `limit` items (1 or more), and the token to continue exactly after them.

        Raises:
            PorteroError: A call failed.
        """
        items: list[ItemT] = []
        token = self._page_token
        while True:
            page = await self._ask(self._pages(min(limit - len(items), MAX_PAGE_SIZE), token))
            items.extend(page.items)
            token = page.next_page_token
            if not token or len(items) >= limit:
                return Page(tuple(items), token)


class BlockingListing(Iterator[ItemT]):
    """A list on the server, for threads: `for item in listing` reads everything once, one page at a time."""

    def __init__(self, ask: BlockingAsk, pages: PageCall[ItemT], *, page_size: int, page_token: str) -> None:
        self._ask = ask
        self._pages = pages
        self._page_token = page_token
        self._items = self._read(page_size)

    def __next__(self) -> ItemT:
        return next(self._items)

    def first(self, limit: int) -> Page[ItemT]:
        """Returns up to `limit` items (1 or more), and the token to continue exactly after them.

        Raises:
            PorteroError: A call failed.
        """
        items: list[ItemT] = []
        token = self._page_token
        while True:
            page = self._ask(self._pages(min(limit - len(items), MAX_PAGE_SIZE), token))
            items.extend(page.items)
            token = page.next_page_token
            if not token or len(items) >= limit:
                return Page(tuple(items), token)

    def _read(self, page_size: int) -> Iterator[ItemT]:
        token = self._page_token
        while True:
            page = self._ask(self._pages(page_size, token))
            yield from page.items
            token = page.next_page_token
            if not token:
                return
