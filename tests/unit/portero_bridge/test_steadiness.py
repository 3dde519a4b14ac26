"""When a source counts as up."""

from portero_bridge.backoff import SOUND_SECONDS
from portero_bridge.steadiness import Steadiness


def test_a_source_is_up_with_its_first_image() -> None:
    """It is told once."""
    steadiness = Steadiness()
    assert [steadiness.image(now) for now in (1.0, 2.0, 50.0)] == [True, False, False]
    assert steadiness.failed() == 49.0
    assert steadiness.image(60.0)


def test_one_image_a_try_is_one_state() -> None:
    """A camera that fails within seconds of its images is up again when they have come for long enough."""
    steadiness = Steadiness()
    assert steadiness.image(0.0)
    for now in range(1, 100):
        assert steadiness.failed() == 0.0
        assert not steadiness.image(float(now))
    assert not steadiness.image(99.0 + SOUND_SECONDS - 0.1)
    assert steadiness.image(99.0 + SOUND_SECONDS)


def test_an_outage_does_not_make_a_sound_source_unsteady() -> None:
    """Tries without an image say nothing about what comes after them."""
    steadiness = Steadiness()
    steadiness.image(0.0)
    steadiness.image(SOUND_SECONDS)
    steadiness.failed()
    assert [steadiness.failed() for _ in range(9)] == [0.0] * 9
    assert steadiness.image(1000.0)
