"""Reads a scene from a YAML file, or generates a default one."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from portero_bridge.sources.scene import WHOLE, Figure, Scene, Visit
from portero_bridge.yaml_file import read_yaml

_Ratio = Annotated[float, Field(ge=0, le=1)]
_Place = Annotated[float, Field(ge=-2, le=3)]


class _VisitScript(BaseModel):
    model_config = ConfigDict(extra="forbid")

    portrait: Path | None = None
    figure: Figure = Figure.BACK_OF_HEAD
    start: float = Field(ge=0)
    duration: float = Field(gt=0)
    path: list[tuple[_Place, _Place]] = Field(min_length=1, max_length=100)
    height: list[Annotated[float, Field(gt=0, le=4)]] = Field(default=[0.6], min_length=1, max_length=100)
    crop: tuple[_Ratio, _Ratio, _Ratio, _Ratio] = WHOLE


class _SceneScript(BaseModel):
    model_config = ConfigDict(extra="forbid")

    visits: list[_VisitScript] = Field(max_length=1000)
    duration: float = Field(gt=0)
    seed: int = Field(default=0, ge=0)
    width: int = Field(default=640, ge=80, le=4096)
    height: int = Field(default=480, ge=80, le=4096)


def load_scene(path: Path) -> Scene:
    """Reads a scene; portrait paths are relative to the script's folder.

    Raises:
        SettingsError: The file cannot be read or says something a scene is not.
    """
    script = read_yaml(path, _SceneScript)
    return Scene(
        visits=tuple(
            Visit(
                subject=path.parent / visit.portrait if visit.portrait else visit.figure,
                start=visit.start,
                duration=visit.duration,
                path=tuple(visit.path),
                height=tuple(visit.height),
                crop=visit.crop,
            )
            for visit in script.visits
        ),
        duration=script.duration,
        seed=script.seed,
        width=script.width,
        height=script.height,
    )


def moving_shapes() -> Scene:
    """Returns a scene in which shapes without a face cross the picture, one by one and together."""
    return Scene(
        visits=(
            Visit(Figure.BACK_OF_HEAD, 2.0, 6.0, ((-0.3, 0.65), (1.3, 0.65)), (0.7,)),
            Visit(Figure.DISC, 10.0, 5.0, ((0.2, -0.3), (0.5, 0.5), (0.8, 1.3)), (0.3, 0.5)),
            Visit(Figure.BOX, 12.0, 6.0, ((1.3, 0.5), (-0.3, 0.4)), (0.4, 0.25)),
        ),
        duration=20.0,
    )
