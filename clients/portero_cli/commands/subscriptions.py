"""`portero subscriptions`: to whom events are sent, and which."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from portero_cli.exits import ExitCode
from portero_cli.schedule_options import (
    AtOnceOption,
    DigestOption,
    EveryOption,
    QuietFromOption,
    QuietUntilOption,
    ZoneOption,
    schedule_of,
)
from portero_cli.screen.asking import YesOption, confirm
from portero_cli.screen.listing import LimitOption, PageTokenOption, note_rest
from portero_cli.screen.subscription_tables import deliveries_table, subscriptions_table
from portero_cli.session import Session, command
from portero_cli.several import done_to_each
from portero_cli.sink_urls import read_urls
from portero_cli.subscription_options import (
    CamerasOption,
    ConcurrencyOption,
    GroupsOption,
    KindsOption,
    NoticesOption,
    PeopleOption,
    SimilarityOption,
    SitesOption,
    WithoutStrangersOption,
)
from portero_cli.times import parse_duration, parse_time
from portero_client import (
    AttendanceNoticeKind,
    AwsService,
    DeliveryOutcome,
    NewSecret,
    SightingEventKind,
    Subscription,
    SubscriptionFilter,
)
from portero_client.names import SUBSCRIPTIONS

SubscriptionArgument = Annotated[
    str, typer.Argument(metavar="SUBSCRIPTION", help="Id, or subscriptions/ID.", show_default=False)
]


class SinkOption(Enum):
    """What a subscription sends to."""

    WEBHOOK = "webhook"
    PEOPLE = "people"
    SQS = "sqs"
    SNS = "sns"
    EVENTBRIDGE = "eventbridge"
    KINESIS = "kinesis"
    KINESIS_STREAM_PROCESSOR = "kinesis-stream-processor"


def add_to(app: typer.Typer) -> None:
    """Registers the group `portero subscriptions` with the application."""
    group = typer.Typer(help="To whom events are sent, and which; for admins.", no_args_is_help=True)
    group.command("create")(create)
    group.command("list")(list_subscriptions)
    group.command("get")(get)
    group.command("update")(update)
    group.command("pause")(pause)
    group.command("resume")(resume)
    group.command("test")(test)
    group.command("replay")(replay)
    group.command("deliveries")(deliveries)
    group.command("rotate-secret")(rotate_secret)
    group.command("delete")(delete)
    app.add_typer(group, name="subscriptions")


@command
async def create(
    session: Session,
    display_name: Annotated[str, typer.Argument(metavar="NAME", help="Display name.", show_default=False)],
    url: Annotated[
        str | None,
        typer.Argument(
            metavar="[URL|ARN]",
            help="https://HOST/PATH of the webhook, or the ARN of the destination in AWS. Without it, it is read.",
            show_default=False,
        ),
    ] = None,
    sink: Annotated[
        SinkOption,
        typer.Option(
            "--to",
            help="A webhook, people by Apprise, or what the ARN is of; kinesis-stream-processor is Kinesis with the "
            "records of Rekognition's stream processors.",
        ),
    ] = SinkOption.WEBHOOK,
    urls: Annotated[
        Path | None,
        typer.Option(
            "--urls",
            metavar="FILE",
            help="File with the URL, or the Apprise URLs of people, one a line; - for the standard input. Without it "
            "and without URL they are asked for.",
            show_default=False,
        ),
    ] = None,
    language: Annotated[
        str, typer.Option("--language", help="Of what people are told: en or es. Default: en.", show_default=False)
    ] = "",
    kinds: KindsOption = None,
    cameras: CamerasOption = None,
    sites: SitesOption = None,
    people: PeopleOption = None,
    min_similarity: SimilarityOption = 0.0,
    without_strangers: WithoutStrangersOption = False,
    notices: NoticesOption = None,
    groups: GroupsOption = None,
    quiet_from: QuietFromOption = "",
    quiet_until: QuietUntilOption = "",
    digest_at: DigestOption = "",
    digest_every: EveryOption = None,
    time_zone: ZoneOption = "",
    concurrency: ConcurrencyOption = None,
) -> ExitCode:
    """Create a subscription, which is told of what happens from now on; of a webhook, print the secret, only once."""
    if language and sink is not SinkOption.PEOPLE:
        raise typer.BadParameter("--language is for --to people")
    schedule = schedule_of(quiet_from, quiet_until, digest_at, digest_every, time_zone)
    if schedule is not None and sink is not SinkOption.PEOPLE:
        raise typer.BadParameter("quiet hours, digests and --time-zone are for --to people")
    wanted = _filter(kinds, cameras, sites, people, min_similarity, without_strangers, notices, groups)
    where, at_once = read_urls(url, urls), concurrency or 0
    async with session.client() as client:
        if sink is SinkOption.PEOPLE:
            told = await client.subscriptions.create_for_people(
                display_name, urls=where, language=language, wanted=wanted, concurrency=at_once, schedule=schedule
            )
            _show(session, told)
            return ExitCode.OK
        if len(where) > 1:
            raise typer.BadParameter(f"--urls: {sink.value} has one line")
        if sink is not SinkOption.WEBHOOK:
            service = AwsService(sink.value)
            taken = await client.subscriptions.create_for_aws(
                display_name, service=service, destination=where[0], wanted=wanted, concurrency=at_once
            )
            _show(session, taken)
            return ExitCode.OK
        made = await client.subscriptions.create(display_name, url=where[0], wanted=wanted, concurrency=at_once)
    _show_secret(session, made)
    return ExitCode.OK


@command
async def list_subscriptions(session: Session, limit: LimitOption = 100, page_token: PageTokenOption = "") -> ExitCode:
    """List subscriptions by id; the webhook of the settings comes first."""
    async with session.client() as client:
        page = await client.subscriptions.list(page_token=page_token).first(limit)
    session.output.show(
        {"subscriptions": page.items, "next_page_token": page.next_page_token},
        subscriptions_table(page.items) if page.items else "no subscription",
    )
    note_rest(session.output, page)
    return ExitCode.OK


@command
async def get(session: Session, subscription: SubscriptionArgument) -> ExitCode:
    """Show a subscription: where it sends, what, and how far it is."""
    async with session.client() as client:
        _show(session, await client.subscriptions.get(subscription))
    return ExitCode.OK


@command
async def update(
    session: Session,
    subscription: SubscriptionArgument,
    display_name: Annotated[str | None, typer.Option("--name", help="New display name.", show_default=False)] = None,
    kinds: KindsOption = None,
    cameras: CamerasOption = None,
    sites: SitesOption = None,
    people: PeopleOption = None,
    min_similarity: SimilarityOption = 0.0,
    without_strangers: WithoutStrangersOption = False,
    notices: NoticesOption = None,
    groups: GroupsOption = None,
    everything: Annotated[bool, typer.Option("--everything", help="Send all events, without any condition.")] = False,
    quiet_from: QuietFromOption = "",
    quiet_until: QuietUntilOption = "",
    digest_at: DigestOption = "",
    digest_every: EveryOption = None,
    time_zone: ZoneOption = "",
    at_once: AtOnceOption = False,
    concurrency: ConcurrencyOption = None,
) -> ExitCode:
    """Change a subscription. If any condition is given, those that are not given no longer hold.

    The same is true of quiet hours and digest, which are given with their time zone.
    """
    schedule = schedule_of(quiet_from, quiet_until, digest_at, digest_every, time_zone, at_once=at_once)
    wanted = _filter(kinds, cameras, sites, people, min_similarity, without_strangers, notices, groups)
    chosen = wanted != SubscriptionFilter()
    if everything and chosen:
        raise typer.BadParameter("--everything means no condition: leave the others out")
    async with session.client() as client:
        changed = await client.subscriptions.update(
            subscription,
            display_name=display_name,
            wanted=wanted if everything or chosen else None,
            concurrency=concurrency,
            schedule=schedule,
        )
    _show(session, changed)
    return ExitCode.OK


@command
async def pause(session: Session, subscription: SubscriptionArgument) -> ExitCode:
    """Send nothing until it is resumed; what happens meanwhile is sent then."""
    async with session.client() as client:
        _show(session, await client.subscriptions.pause(subscription))
    return ExitCode.OK


@command
async def resume(session: Session, subscription: SubscriptionArgument) -> ExitCode:
    """Send again from where it was, also after the receiver answered 410."""
    async with session.client() as client:
        _show(session, await client.subscriptions.resume(subscription))
    return ExitCode.OK


@command
async def test(session: Session, subscription: SubscriptionArgument) -> ExitCode:
    """Send one message of type webhook.test and say what was answered; exits with 1 if it was not taken."""
    async with session.client() as client:
        trial = await client.subscriptions.test(subscription)
    taken = f"it took the message and answered {trial.http_status}" if trial.http_status else "the message was taken"
    session.output.show({"trial": trial}, taken if trial.delivered else f"not taken: {trial.problem}")
    return ExitCode.OK if trial.delivered else ExitCode.FAILED


@command
async def replay(
    session: Session,
    subscription: SubscriptionArgument,
    start_time: Annotated[
        datetime,
        typer.Argument(
            metavar="TIME", parser=parse_time, help="Such as 2h (ago) or 2026-05-01T10:00:00Z.", show_default=False
        ),
    ],
) -> ExitCode:
    """Send everything again that is still stored since a time, dead letters too; ids are the same as before."""
    async with session.client() as client:
        _show(session, await client.subscriptions.replay(subscription, start_time))
    return ExitCode.OK


@command
async def deliveries(
    session: Session,
    subscription: SubscriptionArgument,
    outcome: Annotated[
        DeliveryOutcome | None,
        typer.Option("--outcome", help="Only those; given_up are the dead letters.", show_default=False),
    ] = None,
    limit: LimitOption = 100,
    page_token: PageTokenOption = "",
) -> ExitCode:
    """List what became of the last messages, the one sent last first, each with its last answer."""
    async with session.client() as client:
        page = await client.subscriptions.deliveries(subscription, outcome=outcome, page_token=page_token).first(limit)
    session.output.show(
        {"deliveries": page.items, "next_page_token": page.next_page_token},
        deliveries_table(page.items) if page.items else "no delivery",
    )
    note_rest(session.output, page)
    return ExitCode.OK


@command
async def rotate_secret(
    session: Session,
    subscription: SubscriptionArgument,
    keep_previous: Annotated[
        timedelta | None,
        typer.Option(
            "--keep-previous",
            parser=parse_duration,
            metavar="DURATION",
            help="For how long the secrets before it sign too, such as 2h; 0s ends them at once. Default: 24h.",
            show_default=False,
        ),
    ] = None,
    yes: YesOption = False,
) -> ExitCode:
    """Make a new secret and print it; it is shown only once."""
    confirm(f"Make a new secret for {subscription}?", yes)
    async with session.client() as client:
        made = await client.subscriptions.rotate_secret(subscription, keep_previous=keep_previous)
    _show_secret(session, made)
    return ExitCode.OK


@command
async def delete(
    session: Session,
    subscriptions: Annotated[
        list[str], typer.Argument(metavar="SUBSCRIPTION...", help="Ids, or subscriptions/ID.", show_default=False)
    ],
    yes: YesOption = False,
) -> ExitCode:
    """Delete subscriptions, with their secrets and what is kept of their deliveries."""
    confirm(f"Delete {', '.join(subscriptions)}?", yes)
    async with session.client() as client:
        return await done_to_each(
            subscriptions, SUBSCRIPTIONS.name, client.subscriptions.delete, session.output, "deleted"
        )


def _filter(
    kinds: list[SightingEventKind] | None,
    cameras: list[str] | None,
    sites: list[str] | None,
    people: list[str] | None,
    min_similarity: float,
    without_strangers: bool,
    notices: list[AttendanceNoticeKind] | None,
    groups: list[str] | None,
) -> SubscriptionFilter:
    return SubscriptionFilter(
        tuple(kinds or ()),
        tuple(cameras or ()),
        tuple(sites or ()),
        tuple(people or ()),
        min_similarity,
        without_strangers,
        attendance=tuple(notices or ()),
        groups=tuple(groups or ()),
    )


def _show(session: Session, subscription: Subscription) -> None:
    session.output.show({"subscription": subscription}, subscriptions_table([subscription]))


def _show_secret(session: Session, made: NewSecret) -> None:
    session.output.note(f"{made.subscription.name}; its secret is shown only once:")
    session.output.show({"subscription": made.subscription, "secret": made.secret}, made.secret)
