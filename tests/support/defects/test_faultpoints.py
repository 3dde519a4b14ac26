"""What is put in on purpose is taken out again."""

from __future__ import annotations

from tests.support.defects.faultpoints import undone, wrapped


class _Clerk:
    def greets(self) -> str:
        return "good day"

    @staticmethod
    def adds(one: int, other: int) -> int:
        return one + other


def test_what_was_wrapped_is_as_before() -> None:
    """Methods and static methods are replaced, twice if need be, and are themselves again at the end."""
    with undone():
        wrapped(_Clerk, "greets", lambda _: lambda _: "hm")
        wrapped(_Clerk, "greets", lambda before: lambda clerk: before(clerk) + "?")
        wrapped(_Clerk, "adds", lambda _: lambda *_: 0)
        assert _Clerk().greets() == "hm?"
    assert _Clerk().greets() == "good day"
    assert _Clerk().adds(1, 2) == 3
