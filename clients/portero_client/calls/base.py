"""A unary call as a value: the request, and how the response is read. Both clients execute it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from google.protobuf.message import Message

from portero_client.settings import ConnectionSettings

AnswerT = TypeVar("AnswerT")
AnswerT_co = TypeVar("AnswerT_co", covariant=True)
ItemT = TypeVar("ItemT")
_MessageT = TypeVar("_MessageT", bound=Message)


@dataclass(frozen=True, slots=True)
class Call(Generic[AnswerT]):
    """One unary call, ready to be executed.

    Attributes:
        method: Path of the method, "/portero.v1.GalleryService/GetPerson".
        request: The message to send.
        read: Makes the answer of the bytes that came back.
        carries_image: Whether it is given the longer deadline.
        patience: Shortest deadline it makes sense with, seconds.
    """

    method: str
    request: Message
    read: Callable[[bytes], AnswerT]
    carries_image: bool = False
    patience: float = 0

    def timeout(self, settings: ConnectionSettings) -> float:
        """Returns the call's deadline, seconds from now."""
        return max(self.patience, settings.image_timeout if self.carries_image else settings.timeout)


@dataclass(frozen=True, slots=True)
class Page(Generic[ItemT]):
    """A part of a list; `next_page_token` continues after it and is empty at the end."""

    items: tuple[ItemT, ...]
    next_page_token: str


class PageCall(Protocol[AnswerT]):
    """Creates the call for one page of a list."""

    def __call__(self, page_size: int, page_token: str) -> Call[Page[AnswerT]]:
        """Returns the call; `page_size` 0 is the server's default, an empty token is the first page."""
        ...


def unary(
    method: str,
    request: Message,
    response: type[_MessageT],
    read: Callable[[_MessageT], AnswerT],
    *,
    carries_image: bool = False,
    patience: float = 0,
) -> Call[AnswerT]:
    """Creates a call whose response is one protobuf message."""
    return Call(method, request, lambda data: read(response.FromString(data)), carries_image, patience)
