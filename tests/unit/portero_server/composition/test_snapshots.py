"""Whether snapshots are kept is a matter of the settings; without them, streams are as they were."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from portero_server.clock import SystemClock
from portero_server.composition.context import BuildContext
from portero_server.composition.snapshots import SnapshotParts, build, place_of, rules_of
from portero_server.composition.store import build as open_stores
from portero_server.domain.recording.snapshots import SnapshotRules, SnapshotSubjects
from portero_server.errors import StartupProblem
from portero_server.recognition.frame_follower import FrameFollower
from portero_server.settings import Settings
from portero_server.telemetry.metrics import Metrics
from portero_server.telemetry.traces import NO_TRACES
from portero_server.vault.bucket import BucketPlace
from portero_server.watching.listeners import EventListeners

BUCKET = {"snapshots": "s3://pictures/snapshots", "snapshot_sites": "shop", "snapshots_region": "us-east-1"}


@asynccontextmanager
async def _parts(tmp_path: Path, **settings: Any) -> AsyncIterator[SnapshotParts]:
    chosen = Settings(database_url=f"sqlite+aiosqlite:///{tmp_path / 'portero.db'}", **settings)
    context = BuildContext(chosen, SystemClock(), Metrics(version="0", engine="local"), NO_TRACES)
    async with open_stores(context, create=True) as stores, build(context, stores) as parts:
        yield parts


def _inner(camera_id: str, follower: FrameFollower) -> FrameFollower:
    return follower


async def test_unset_a_stream_is_prepared_by_the_very_same_function(tmp_path: Path) -> None:
    """Nothing runs, nobody is told of events, messages have no links, and no folder is made."""
    async with _parts(tmp_path, snapshot_sites="*", snapshot_context=True) as parts:
        listeners = EventListeners()
        parts.listens_to(listeners)
        assert parts.capture(_inner) is _inner
        assert (parts.runs(), listeners._listeners, parts.links, parts.vault) == ([], [], None, None)
    assert list(tmp_path.glob("snapshot*")) == []  # noqa: ASYNC240 - nothing else runs


async def test_set_a_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    """One that everybody may read ends the start."""
    folder = tmp_path / "snapshots"
    async with _parts(tmp_path, snapshots=str(folder), snapshot_sites="shop") as parts:
        assert parts.capture(_inner) is not _inner
        assert folder.stat().st_mode & 0o777 == 0o700
        for work in parts.runs():
            work.close()
        assert (parts.vault is not None, parts.links) == (True, None)
    folder.chmod(0o755)
    with pytest.raises(StartupProblem, match="PORTERO_SNAPSHOTS: everybody may read"):
        async with _parts(tmp_path, snapshots=str(folder), snapshot_sites="shop"):
            pass


def test_the_rules_are_those_of_the_settings() -> None:
    """A star means all sites; those that are forbidden to visitors stay so."""
    settings = Settings(
        snapshot_sites="*",
        snapshot_subjects="people",
        snapshot_purpose="security",
        visitor_forbidden_sites="bank",
        consent="required",
    )
    rules = SnapshotRules(None, frozenset({"bank"}), SnapshotSubjects.PEOPLE, "security", consent_required=True)
    assert rules_of(settings) == rules
    assert rules_of(Settings(snapshot_sites="shop, clinic")).sites == frozenset({"shop", "clinic"})
    assert rules_of(Settings()).sites == frozenset()


def test_a_bucket_encrypts_by_kms() -> None:
    """With the key that is set, or S3's own."""
    for key, encryption in (
        (None, {"ServerSideEncryption": "aws:kms"}),
        ("arn:k", {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "arn:k"}),
    ):
        place = place_of(Settings(**BUCKET, snapshot_kms_key=key))  # type: ignore[arg-type]
        assert isinstance(place, BucketPlace)
        options = place._options
        assert (options.bucket, options.prefix, options.content_type) == ("pictures", "snapshots/", "image/jpeg")
        assert options.encryption == encryption


def test_the_photo_vault_lies_elsewhere(tmp_path: Path) -> None:
    """Each would delete what the other keeps."""
    keys = {"photo_vault_key_file": tmp_path / "key"}
    same = str(tmp_path / "x" / ".." / "photos")
    for vault, settings in (
        ("s3://pictures/snapshots/", BUCKET),
        (str(tmp_path / "photos"), {"snapshots": same, "snapshot_sites": "*"}),
    ):
        with pytest.raises(StartupProblem, match="must be different places"):
            place_of(Settings(photo_vault=vault, **keys, **settings))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"snapshots": "/srv/x"}, "needs PORTERO_SNAPSHOT_SITES"),
        ({"snapshots": "x", "snapshot_sites": "*"}, "must be a whole path"),
        ({"snapshots": "ftp://x/y", "snapshot_sites": "*"}, "must be a whole path"),
        ({"snapshots": "/srv/x", "snapshot_sites": "*", "snapshot_links": True}, "needs snapshots in a bucket"),
        ({"snapshot_purpose": "keep-photos"}, "must not be keep-photos"),
        ({"snapshot_link_seconds": 604_801}, "604800"),
        ({"snapshot_quality": 96}, "95"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, Any], words: str) -> None:
    """In words that name what is wrong."""
    with pytest.raises(ValidationError, match=words):
        Settings(**settings)
