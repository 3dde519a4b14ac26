"""Cameras that show the same picture for ever."""

from hypothesis import given
from hypothesis import strategies as st

from portero_bridge.images.stuck import StuckWatch


def test_the_same_picture_for_long_is_told_once() -> None:
    """It is told after the limit, not again while it lasts, and its end is told too."""
    watch = StuckWatch(60.0)
    assert [watch.saw(b"one", now) for now in (0.0, 30.0, 59.0, 60.0, 90.0)] == [None, None, None, True, None]
    assert [watch.saw(b"two", 100.0), watch.saw(b"two", 150.0), watch.saw(b"two", 160.0)] == [False, None, True]


def test_a_noisy_picture_is_never_stuck() -> None:
    """A still scene differs in every picture."""
    watch = StuckWatch(60.0)
    assert [watch.saw(bytes([now % 2]), now * 10.0) for now in range(100)] == [None] * 100


@given(st.lists(st.tuples(st.sampled_from([b"a", b"b"]), st.floats(0, 100)), max_size=60))
def test_news_take_turns(pictures: list[tuple[bytes, float]]) -> None:
    """Stuck and not stuck follow each other, beginning with stuck."""
    watch = StuckWatch(50.0)
    now = 0.0
    news = []
    for picture, passed in pictures:
        now += passed
        if (told := watch.saw(picture, now)) is not None:
            news.append(told)
    assert news == [index % 2 == 0 for index in range(len(news))]
