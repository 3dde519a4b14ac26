"""Carries a migration out, or says what it would do. Every step may be repeated: what is there is left as it is."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum

from portero_cli.migration_plan import CameraPlan
from portero_cli.stream_processor import AwsRekognition, StreamProcessor
from portero_client import (
    AdoptedFace,
    AdoptionOutcome,
    AwsService,
    Box,
    Camera,
    CameraMode,
    FailedPrecondition,
    NotFound,
    PorteroClient,
    PorteroError,
    SubscriptionFilter,
)
from portero_client.names import CAMERAS


class StepOutcome(Enum):
    """What became of a camera or subscription."""

    PLANNED = "planned"
    """A dry run: it would be made."""
    CREATED = "created"
    KNOWN = "known"
    """It was there, and is as it should be."""
    DIFFERS = "differs"
    """It was there with other settings, and is left alone."""
    NOT_WANTED = "not_wanted"


@dataclass(frozen=True, slots=True)
class Step:
    """A resource of the migration.

    Attributes:
        name: Its resource name; empty: it has none yet.
        outcome: What became of it.
        message: What differs, in words; empty: nothing.
    """

    name: str
    outcome: StepOutcome
    message: str = ""


@dataclass(slots=True)
class Migrated:
    """What a migration did so far, or would do.

    Attributes:
        camera, subscription: The resources; None: it did not come to them.
        faces: What became of each face of the collection.
        failure: What ended it early.
    """

    camera: Step | None = None
    subscription: Step | None = None
    faces: list[AdoptedFace] = field(default_factory=list)
    failure: PorteroError | None = None

    @property
    def refused(self) -> list[AdoptedFace]:
        """The faces that are nobody's."""
        return [face for face in self.faces if face.outcome is AdoptionOutcome.REFUSED]

    @property
    def complete(self) -> bool:
        """Whether everything was taken."""
        steps = [step for step in (self.camera, self.subscription) if step is not None]
        return not self.refused and all(step.outcome is not StepOutcome.DIFFERS for step in steps)

    def counts(self) -> dict[str, int]:
        """Returns how many faces had each outcome, and how many people they are."""
        theirs = [face for face in self.faces if face.outcome is not AdoptionOutcome.REFUSED]
        outcomes = Counter(face.outcome.value for face in self.faces)
        return {
            "faces": len(self.faces),
            **{f"{name}_faces": outcomes[name] for name in ("adopted", "known", "refused")},
            "people": len({face.person for face in theirs}),
            "created_people": len({face.person for face in self.faces if face.created}),
        }


class Migration:
    """A stream processor that moves to a server."""

    def __init__(
        self,
        client: PorteroClient,
        aws: AwsRekognition,
        processor: StreamProcessor,
        camera: CameraPlan,
        *,
        unnamed: bool,
        dry_run: bool,
        advance: Callable[[int], None],
    ) -> None:
        """Creates the migration; `run` carries it out.

        Args:
            client: The server.
            aws: Lists the faces of the collection.
            processor: What moves.
            camera: What stands for its video stream.
            unnamed: Whether faces without an ExternalImageId are adopted too.
            dry_run: Whether nothing is changed.
            advance: Told how many more faces have been decided about.
        """
        self._client = client
        self._aws = aws
        self._processor = processor
        self._camera = camera
        self._unnamed = unnamed
        self._dry_run = dry_run
        self._advance = advance
        self._site = ""

    async def run(self) -> Migrated:
        """Returns what was done, with what ended it early.

        Raises:
            FailedPrecondition: The server uses another collection; nothing was done.
        """
        await self._check_collection()
        done = Migrated()
        try:
            done.camera = await self._register()
            await self._adopt(done.faces)
            # Last, so that consumers hear of nobody before everybody has a name.
            done.subscription = await self._subscribe()
        except PorteroError as error:
            done.failure = error
        return done

    async def _check_collection(self) -> None:
        used = (await self._client.collections.get()).in_use.collection
        if used != self._processor.collection:
            raise FailedPrecondition(
                f"this server uses the collection {used}: start it with PORTERO_REKOGNITION_COLLECTION="
                f"{self._processor.collection}, in the same account and region",
                reason="OTHER_COLLECTION",
            )

    async def _register(self) -> Step:
        wanted = self._camera
        try:
            found = await self._client.cameras.get(wanted.name)
        except NotFound:
            if self._dry_run:
                return Step(wanted.name, StepOutcome.PLANNED)
            await self._client.cameras.create(
                CAMERAS.identifier(wanted.name),
                display_name=wanted.display_name,
                similarity_threshold=wanted.similarity_threshold,
                privacy_zones=wanted.privacy_zones,
            )
            return Step(wanted.name, StepOutcome.CREATED)
        self._site = found.site
        if differing := ", ".join(_differing(found, wanted)):
            message = f"it exists with another {differing}, and is left as it is; --camera names another one"
            return Step(wanted.name, StepOutcome.DIFFERS, message)
        return Step(wanted.name, StepOutcome.KNOWN)

    async def _adopt(self, faces: list[AdoptedFace]) -> None:
        pages = self._aws.face_ids(self._processor.collection)
        while (page := await asyncio.to_thread(next, pages, None)) is not None:
            faces += await self._client.collections.adopt(page, unnamed=self._unnamed, dry_run=self._dry_run)
            self._advance(len(page))

    def _covers(self, wanted: SubscriptionFilter) -> bool:
        if not wanted.cameras and not wanted.sites:
            return True
        return self._camera.name in map(CAMERAS.name, wanted.cameras) or (
            self._site != "" and self._site in wanted.sites
        )

    async def _subscribe(self) -> Step:
        arn, service = self._processor.data_stream, AwsService.KINESIS_STREAM_PROCESSOR
        if not arn:
            return Step("", StepOutcome.NOT_WANTED)
        async for each in self._client.subscriptions.list():
            own = each.aws is not None and (each.aws.service, each.aws.arn) == (service, arn)
            if own and self._covers(each.filter):
                return _found(each.name, each.filter)
        if self._dry_run:
            return Step("", StepOutcome.PLANNED)
        made = await self._client.subscriptions.create_for_aws(
            f"Stream processor {self._processor.name}",
            service=service,
            destination=arn,
            wanted=SubscriptionFilter(cameras=(self._camera.name,)),
        )
        return Step(made.name, StepOutcome.CREATED)


def _found(name: str, wanted: SubscriptionFilter) -> Step:
    if wanted == SubscriptionFilter(cameras=wanted.cameras, sites=wanted.sites):
        return Step(name, StepOutcome.KNOWN)
    message = "it sends only some events of the camera, and is left as it is; a second one would send these twice"
    return Step(name, StepOutcome.DIFFERS, message)


def _differing(found: Camera, wanted: CameraPlan) -> Iterable[str]:
    if found.mode is not CameraMode.FACES:
        yield "mode"
    if found.similarity_threshold != wanted.similarity_threshold:
        yield "threshold"
    if [_rounded(zone) for zone in found.privacy_zones] != [_rounded(zone) for zone in wanted.privacy_zones]:
        yield "set of privacy zones"


def _rounded(zone: Box) -> tuple[float, ...]:
    # They travel as single-precision numbers.
    return tuple(round(number, 4) for number in (zone.left, zone.top, zone.width, zone.height))
