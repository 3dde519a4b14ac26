"""Defects that a server could have; the rig puts them in to prove that its checker finds them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any

from portero_server.domain.access.fair_places import FairPlaces
from portero_server.domain.clocks.camera_clock import FrameClock
from portero_server.domain.recording.presence import Presence
from portero_server.domain.recording.sightings import CommitResult, StreamCommit
from portero_server.domain.streams.frames import FrameOutcome, GapReason, RejectionReason
from portero_server.domain.streams.watermark import Watermark
from portero_server.domain.tracking.tracks import Tracker
from portero_server.engines.scripted import ScriptedEngine
from portero_server.errors import PorteroError, StoreUnavailable
from portero_server.recognition.follower import Follower
from portero_server.recognition.tiered import Answer
from portero_server.rpc.admission import CallAdmission
from portero_server.store.commit import recording
from portero_server.store.commit.statements import CommitSql
from portero_server.store.streams import StreamStore
from portero_server.streaming.effect_runner import EffectRunner
from portero_server.streaming.effects import Effects
from portero_server.streaming.intake import Intake
from portero_server.streaming.recorder import Recorder
from portero_server.streaming.session import Session
from portero_server.streaming.state import StreamState
from tests.support.defects.faultpoints import wrapped


def ack_before_commit() -> None:
    """What is handed to the recorder is acknowledged at once."""

    def wrap(take: Callable[[EffectRunner], StreamCommit | None]) -> Callable[[EffectRunner], StreamCommit | None]:
        def hasty(runner: EffectRunner) -> StreamCommit | None:
            commit = take(runner)
            if commit is not None:
                runner.outbox.put(runner._state.intake.ack()._replace(durable_sequence=commit.durable_sequence))
            return commit

        return hasty

    wrapped(EffectRunner, "take", wrap)


def dedup_off() -> None:
    """The same frames, sent again, make results under other names."""

    def wrap(make: Callable[..., None]) -> Callable[..., None]:
        def random_names(tracker: Tracker, prefix: str, *others: Any) -> None:
            make(tracker, f"{prefix}.{secrets.token_hex(4)}", *others)

        return random_names

    wrapped(Tracker, "__init__", wrap)


def swallowed_cancellation() -> None:
    """A session whose bridge has hung up stays for ever."""

    def wrap(run: Callable[[Session], Awaitable[None]]) -> Callable[[Session], Awaitable[None]]:
        async def undying(session: Session) -> None:
            try:
                await run(session)
            except asyncio.CancelledError:
                while True:
                    try:
                        await asyncio.Event().wait()
                    except asyncio.CancelledError:
                        continue

        return undying

    wrapped(Session, "run", wrap)


def watermark_ignores_holders() -> None:
    """Frames are settled although what was seen in them is undecided."""

    def eager(mark: Watermark, sequence: int, outcome: FrameOutcome, holders: Collection[str]) -> None:
        mark.settle(sequence, outcome)

    wrapped(Watermark, "settle_after", lambda _: eager)


def fencing_off() -> None:
    """A session may commit although another one has taken over."""

    class Anybody(str):
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            return True

        def __ne__(self, other: object) -> bool:
            return False

        def __hash__(self) -> int:
            return 0

    def wrap(lock: Callable[..., Awaitable[Mapping[int, Any]]]) -> Callable[..., Awaitable[Mapping[int, Any]]]:
        async def unfenced(sql: CommitSql, connection: Any, ids: Collection[int]) -> Mapping[int, Any]:
            rows = await lock(sql, connection, ids)
            return {key: replace(row, session=Anybody()) for key, row in rows.items()}

        return unfenced

    wrapped(CommitSql, "lock_streams", wrap)


def counters_twice() -> None:
    """A commit that is repeated adds its counters once more."""

    def wrap(progress: Callable[..., list[dict[str, Any]]]) -> Callable[..., list[dict[str, Any]]]:
        def always(parts: Iterable[StreamCommit], watermarks: Mapping[int, int], *others: Any) -> list[dict[str, Any]]:
            return progress(parts, dict.fromkeys(watermarks, -1), *others)

        return always

    wrapped(recording, "_progress", wrap)


def gap_not_recorded() -> None:
    """Missing frames are counted, but which ones is not written down."""

    def wrap(exception: Callable[..., None]) -> Callable[..., None]:
        def forgetful(intake: Intake, first: int, last: int, reason: RejectionReason | GapReason) -> None:
            if isinstance(reason, RejectionReason):
                exception(intake, first, last, reason)

        return forgetful

    wrapped(Intake, "_exclude", wrap)


def rejection_not_recorded() -> None:
    """Refused frames are counted, but which ones is not written down."""

    def wrap(exception: Callable[..., None]) -> Callable[..., None]:
        def forgetful(intake: Intake, first: int, last: int, reason: RejectionReason | GapReason) -> None:
            if isinstance(reason, GapReason):
                exception(intake, first, last, reason)

        return forgetful

    wrapped(Intake, "_exclude", wrap)


def answers_crossed() -> None:
    """The answers of a batch go to each other's askers."""

    def wrap(identify: Callable[..., Awaitable[Sequence[Any]]]) -> Callable[..., Awaitable[Sequence[Any]]]:
        async def crossed(engine: ScriptedEngine, crops: Sequence[Any]) -> Sequence[Any]:
            return list(reversed(await identify(engine, crops)))

        return crossed

    wrapped(ScriptedEngine, "identify", wrap)


def failed_commit_forgotten() -> None:
    """A commit that the database did not take counts as done."""

    def wrap(persist: Callable[..., Awaitable[CommitResult]]) -> Callable[..., Awaitable[CommitResult]]:
        async def careless(recorder: Recorder, commits: Sequence[StreamCommit]) -> CommitResult:
            try:
                return await recorder._store.commit(commits)
            except StoreUnavailable:
                named = {track.track_id: "" for commit in commits for track in commit.decided}
                return CommitResult(frozenset(), named, None)

        return careless

    wrapped(Recorder, "_persist", wrap)


def resume_from_the_start() -> None:
    """A stream that is opened again goes on from the first frame."""

    def wrap(opening: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def forgetful(store: StreamStore, *arguments: str) -> Any:
            return replace(await opening(store, *arguments), durable_sequence=0)

        return forgetful

    wrapped(StreamStore, "open", wrap)


def nameless_is_unanswered() -> None:
    """An answer whose person the database cannot be asked about counts as none."""

    def wrap(make: Callable[..., None]) -> Callable[..., None]:
        def strict(follower: Follower, *parts: Any) -> None:
            make(follower, *parts)
            ask = follower._recognizer.ask

            async def asked(*arguments: Any) -> Answer:
                answer = await ask(*arguments)
                if answer.match is not None:
                    await follower._asking._questions._name_of(answer.match.person_id)
                return answer

            setattr(follower._recognizer, "ask", asked)  # noqa: B010 - a method is not meant to be replaced

        return strict

    wrapped(Follower, "__init__", wrap)


def lost_commits_go_on() -> None:
    """A session whose commit was lost asks to be ended, and until its next tick goes on as if it had been written."""
    ends: dict[int, PorteroError | None] = {}

    def wrap_end(end: Callable[..., Effects]) -> Callable[..., Effects]:
        def asks_to_end(state: StreamState, *arguments: Any) -> Effects:
            effects = end(state, *arguments)
            state.void = False
            ends[id(state)] = effects.error
            return effects._replace(void=False, error=None)

        return asks_to_end

    def wrap_tick(tick: Callable[..., Effects]) -> Callable[..., Effects]:
        def ends_late(state: StreamState, *arguments: Any) -> Effects:
            error = ends.pop(id(state), None)
            return tick(state, *arguments) if error is None else Effects(error=error, void=True)

        return ends_late

    wrapped(StreamState, "failed", wrap_end)
    wrapped(StreamState, "superseded", wrap_end)
    wrapped(StreamState, "tick", wrap_tick)


def refused_commit_forgotten() -> None:
    """A session whose commit was refused goes on until it is ended, as if what was gathered had been written."""
    wrapped(EffectRunner, "quarantine", lambda _: lambda *_: None)
    lost_commits_go_on()


def earlier_presence_forgotten() -> None:
    """Of a track only the latest presence is known: when it is put aside, that of the frames before is lost."""
    wrapped(Presence, "before", lambda _: lambda *_: None)


def clock_set_back_unnoticed() -> None:
    """Ages are measured by the camera's clock alone: one that was set back leaves its tracks open."""

    def wrap(date: Callable[..., Any]) -> Callable[..., Any]:
        def by_capture_time(clock: Any, captured: float, received: float) -> Any:
            return date(clock, captured, received)._replace(span=0, captured=captured, arrived=0.0)

        return by_capture_time

    wrapped(FrameClock, "date", wrap)


def silent_calls_take_places() -> None:
    """Calls whose message never comes hold the places of those that are served, however many they are."""

    def wrap(admit: Callable[..., AbstractContextManager[Any]]) -> Callable[..., AbstractContextManager[Any]]:
        @contextmanager
        def at_once(admission: CallAdmission, *arguments: Any, **options: Any) -> Iterator[Any]:
            with admit(admission, *arguments, **options) as place:
                admission._calls += 1
                try:
                    yield place
                finally:
                    admission._calls -= 1

        return at_once

    wrapped(FairPlaces, "_victim", lambda _: lambda *_: None)
    wrapped(CallAdmission, "admit", wrap)


DEFECTS: Mapping[str, Callable[[], None]] = {
    each.__name__: each
    for each in (
        ack_before_commit,
        dedup_off,
        swallowed_cancellation,
        watermark_ignores_holders,
        fencing_off,
        counters_twice,
        gap_not_recorded,
        rejection_not_recorded,
        answers_crossed,
        failed_commit_forgotten,
        resume_from_the_start,
        nameless_is_unanswered,
        refused_commit_forgotten,
        earlier_presence_forgotten,
        clock_set_back_unnoticed,
        silent_calls_take_places,
    )
}
