"""Opens what people are imported from: a folder, a list or an archive."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import is_zipfile

from portero_cli.import_plan import ImportPlan, plan_import
from portero_cli.people_list import LIST_HELP, plan_list
from portero_cli.photos import ON_DISK, PhotoFolder, PhotoStore, look_into
from portero_cli.table_file import MOST_BYTES, content_of
from portero_cli.zipped_photos import ZippedPhotos, opened_zip
from portero_client import InvalidArgument

SOURCE_HELP = (
    "A folder with one folder per person, or with photos that have the person's name (ana-diaz.jpg); "
    f"{LIST_HELP}; or a ZIP archive of either."
)
_LISTS = (".csv", ".tsv")


@contextmanager
def opened_source(source: Path) -> Iterator[tuple[ImportPlan, PhotoStore]]:
    """Yields the plan of an import, and where its photos are read from.

    Raises:
        InvalidArgument: It is neither a folder, a list nor a ZIP archive, or holds nobody.
    """
    if source.is_dir():
        plan = plan_import(source, look_into)
        if not plan.people and not plan.left_out:
            raise InvalidArgument(f"{source} holds no folder with photos", field="source", reason="NO_PHOTOS")
        yield plan, ON_DISK
    elif not source.is_file():
        raise InvalidArgument(f"{source} is not a folder, list or ZIP archive", field="source", reason="NO_FOLDER")
    elif source.suffix.lower() in _LISTS:
        yield plan_list(content_of(source, "source"), str(source), source.parent), ON_DISK
    elif is_zipfile(source):
        with opened_zip(source) as photos:
            plan = _plan_of(source, photos)
            if not plan.people and not plan.left_out:
                raise InvalidArgument(f"{source} holds no photos", field="source", reason="NO_PHOTOS")
            yield plan, photos
    else:
        raise InvalidArgument(
            f"{source} is neither a list (.csv) nor a ZIP archive; for one person use `portero people add`",
            field="source",
            reason="NO_FOLDER",
        )


def _plan_of(source: Path, photos: ZippedPhotos) -> ImportPlan:
    top, inside = source, photos.look_into(source)
    lists = _lists_in(inside)
    if len(inside.folders) == 1 and not inside.photos and not lists:
        # Who packs a folder has that folder in the archive.
        inner = photos.look_into(inside.folders[0])
        if inner.folders or _lists_in(inner):
            top, inside, lists = inside.folders[0], inner, _lists_in(inner)
    if len(lists) > 1:
        raise InvalidArgument(
            f"{source} has {len(lists)} lists; leave one of them in it", field="source", reason="BAD_ARCHIVE"
        )
    if lists:
        plan = plan_list(photos.content_of(lists[0], MOST_BYTES), str(lists[0]), top)
    else:
        plan = plan_import(top, photos.look_into)
    return ImportPlan(plan.people, (*photos.unsafe, *plan.left_out))


def _lists_in(folder: PhotoFolder) -> list[Path]:
    return [path for path in folder.others if path.suffix.lower() in _LISTS]
