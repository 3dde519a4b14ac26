"""Pictures of made-up scenes."""

import weakref
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from portero_bridge.sources.scene import Figure, Scene, SceneRenderer, Visit, renderer_of
from portero_bridge.sources.scene_script import moving_shapes

DISC = Visit(Figure.DISC, start=1.0, duration=2.0, path=((-0.5, 0.5), (1.5, 0.5)), height=(0.4, 0.4))


@pytest.fixture
def portrait(tmp_path: Path) -> Path:
    """Returns a portrait's file."""
    path = tmp_path / "portrait.png"
    cv2.imwrite(str(path), skimage.data.astronaut()[:, :, ::-1])
    return path


def test_same_time_is_the_same_picture() -> None:
    """Two renderers of one scene agree to the last pixel, noise included."""
    one, other = SceneRenderer(moving_shapes()), SceneRenderer(moving_shapes())
    assert np.array_equal(one.render(3.7), other.render(3.7))
    assert one.render(3.7).shape == (480, 640, 3)


def test_noise_moves_where_nothing_else_does() -> None:
    """Two pictures of an empty scene differ by a sensor's noise, and by no more."""
    renderer = SceneRenderer(Scene((), duration=10.0))
    difference = renderer.render(1.0).astype(int) - renderer.render(1.1).astype(int)
    assert 0.5 < np.abs(difference).mean() < 5
    assert np.abs(difference).max() < 40


def test_visit_comes_crosses_and_goes() -> None:
    """Before and after its time nothing is there; in the middle of its path it is in the middle."""
    renderer = SceneRenderer(Scene((DISC,), duration=5.0))
    empty = renderer.render(0.5).astype(int)

    def change(time: float) -> float:
        return float(np.abs(renderer.render(time).astype(int) - empty)[230:250, 310:330].mean())

    assert change(0.9) < 5
    assert change(2.0) > 20
    assert change(3.5) < 5


def test_visit_glides_by_less_than_a_pixel() -> None:
    """A slow walk moves between pixels too, so that it does not jerk."""
    scene = Scene((Visit(Figure.BOX, 0.0, 100.0, ((0.3, 0.5), (0.7, 0.5))),), duration=100.0)
    scene_without_noise = SceneRenderer(scene)
    scene_without_noise._noise[:] = 0
    one, other = scene_without_noise.render(10.0), scene_without_noise.render(10.1)
    assert not np.array_equal(one, other)


def test_portrait_is_cropped_scaled_and_blended(portrait: Path) -> None:
    """The face is where the path says, as tall as the height says, without a hard edge around it."""
    crop = (0.25, 0.0, 0.4, 0.5)
    visit = Visit(portrait, 0.0, 1.0, ((0.5, 0.5),), (0.5,), crop)
    renderer = SceneRenderer(Scene((visit,), duration=1.0))
    with_face = renderer.render(0.5).astype(int)
    changed = np.abs(with_face - SceneRenderer(Scene((), 1.0)).render(0.5)).mean(axis=2) > 20
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    assert 190 <= rows[-1] - rows[0] <= 245
    assert abs((rows[0] + rows[-1]) / 2 - 240) < 25
    assert abs((columns[0] + columns[-1]) / 2 - 320) < 25


def test_visit_outside_the_picture_costs_nothing() -> None:
    """A path that begins far off the picture is fine."""
    scene = Scene((Visit(Figure.DISC, 0.0, 1.0, ((-2.0, 3.0),)),), duration=1.0)
    assert SceneRenderer(scene).render(0.5).shape == (480, 640, 3)


def test_cameras_that_play_one_scene_share_its_pictures_for_as_long_as_they_play() -> None:
    """Equal scenes have one renderer between them while anybody holds it, and none afterward."""
    one = renderer_of(moving_shapes())
    assert renderer_of(moving_shapes()) is one
    assert renderer_of(Scene((), duration=1.0)) is not one
    held = weakref.ref(one)
    del one
    assert held() is None
