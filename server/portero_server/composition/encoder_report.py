"""Says what encodes faces on this machine, and how many stored faces it cannot be compared with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from portero_server.domain.people.people import FaceModel
from portero_server.domain.people.standby import GalleryCollection, is_of
from portero_server.engines.local.encode.choice import tried_encoder
from portero_server.settings import Settings


def encoder_line(settings: Settings) -> str:
    """Returns in one line which encoder is used.

    Raises:
        StartupProblem: It cannot be used.
    """
    if settings.engine == "scripted" or (settings.engine == "rekognition" and not settings.local_backing):
        return f"encoder: none; the engine {settings.engine} works without the local one"
    traits = tried_encoder(settings.encoder_options)
    return f"encoder: {traits.name} ({traits.model}), {traits.length} numbers a face, model version {traits.version}"


def faces_lines(
    counts: Mapping[FaceModel, int], used: FaceModel, standby: GalleryCollection | None = None
) -> Iterator[str]:
    """Yields how many faces are stored, and which of them cannot be compared.

    Args:
        counts: The number of stored faces of each model.
        used: The model in use.
        standby: The collection that stands by; None: none does.
    """
    yield f"faces: {counts.get(used, 0)} of this model"
    for model, count in sorted(counts.items()):
        if is_of(model, standby):
            yield f"  {count} of {model.engine} {model.version}, in the collection that stands by"
        elif model != used:
            yield (
                f"  {count} of {model.engine} {model.version}, which are not compared; enroll these people again "
                "(`portero-server faces outdated` lists those whom this model does not know)"
            )
