"""Teaches the vault's photos, and says in words what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from portero_cli.session import Session
from portero_client import PorteroClient, PorteroError, RebuildOutcome, RebuiltPhoto
from portero_client.names import PEOPLE

_WORDS: Mapping[RebuildOutcome, str] = {
    RebuildOutcome.TAUGHT: "taught",
    RebuildOutcome.TEACHABLE: "would be taught",
    RebuildOutcome.KNOWN: "known already",
    RebuildOutcome.REFUSED: "refused",
    RebuildOutcome.MISSING: "missing in the vault",
    RebuildOutcome.UNREADABLE: "unreadable",
    RebuildOutcome.UNSPECIFIED: "of an unknown outcome",
}


async def rebuild_all(
    session: Session, client: PorteroClient, photos: list[RebuiltPhoto], *, dry_run: bool, standby: bool = False
) -> PorteroError | None:
    """Appends each photo with its outcome to `photos`, and returns the error at which it ended."""
    with session.output.progress() as progress:
        task = progress.add_task("photos", total=None)
        try:
            async for photo in client.people.rebuild_faces(dry_run=dry_run, standby=standby):
                photos.append(photo)
                progress.advance(task)
        except PorteroError as error:
            return error
    return None


def counts_of(photos: Sequence[RebuiltPhoto]) -> dict[str, int]:
    """Returns how many photos had each outcome, those that had none left out."""
    found = Counter(photo.outcome for photo in photos)
    return {outcome.value: found[outcome] for outcome in _WORDS if found[outcome]}


def rebuilt_in_words(photos: Sequence[RebuiltPhoto]) -> list[str]:
    """Returns a line for all photos together, and one for each that the engine cannot recognize anybody by."""
    found = Counter(photo.outcome for photo in photos)
    told = ", ".join(f"{found[outcome]} {words}" for outcome, words in _WORDS.items() if found[outcome])
    lines = [f"{len(photos)} photos in the vault" + (f": {told}" if told else "")]
    lines += [
        f"  {PEOPLE.identifier(photo.person)}, photo {photo.photo_id}: {_WORDS[photo.outcome]}"
        + (f" ({photo.reason}: {photo.message})" if photo.reason else "")
        for photo in photos
        if not photo.recognized
    ]
    return lines
