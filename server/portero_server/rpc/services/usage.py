"""Implements UsageService: what recognition costs, and how many calls were avoided."""
# ruff: noqa: N802 - methods are named as in the proto

from __future__ import annotations

from portero.v1 import usage_service_pb2 as pb
from portero.v1 import usage_service_pb2_grpc

from portero_server.access.authorized_cameras import AuthorizedCameras
from portero_server.billing.usage_recorder import Usage, UsageRecorder
from portero_server.domain.billing.usage import Projection, dollars
from portero_server.errors import InvalidInput
from portero_server.rpc.auth.caller import current_caller
from portero_server.rpc.convert import time_from_proto
from portero_server.rpc.requests import Context
from portero_server.rpc.resource_names import camera_name, parse_camera


class UsageServicer(usage_service_pb2_grpc.UsageServiceServicer):
    """Returns calls made, calls avoided and costs."""

    def __init__(self, accounts: UsageRecorder) -> None:
        self._accounts = accounts

    async def GetUsage(self, request: pb.GetUsageRequest, context: Context) -> pb.GetUsageResponse:
        """Sums usage over a span of time."""
        start = time_from_proto(request.start_time, "start_time") if request.HasField("start_time") else None
        end = time_from_proto(request.end_time, "end_time") if request.HasField("end_time") else None
        if start is not None and end is not None and start >= end:
            raise InvalidInput("end_time", "end_time must be after start_time")
        camera_id = parse_camera(request.camera, "camera") if request.camera else None
        return _to_proto(_within(await self._accounts.usage(start, end, camera_id), current_caller().authorized))


def _within(usage: Usage, authorized: AuthorizedCameras) -> Usage:
    """Removes rows of cameras the caller is not authorized for; totals are kept only for callers authorized for all."""
    if authorized.cameras is None:
        return usage
    calls = tuple(line for line in usage.calls if line.camera_id is not None and authorized.covers(line.camera_id))
    own = {camera_name(camera_id) for camera_id in authorized.cameras}
    return Usage(
        calls=calls,
        avoided=tuple(
            line for line in usage.avoided if line.camera_id is not None and authorized.covers(line.camera_id)
        ),
        microdollars=sum(line.tally.microdollars for line in calls),
        projection=Projection(0, 0, 0),
        budgets=tuple(budget for budget in usage.budgets if budget.scope in own),
    )


def _to_proto(usage: Usage) -> pb.GetUsageResponse:
    return pb.GetUsageResponse(
        calls=[
            pb.UsageLine(
                camera=_camera(line.camera_id),
                engine=line.engine,
                operation=line.operation,
                calls=line.tally.calls,
                dollars=dollars(line.tally.microdollars),
            )
            for line in usage.calls
        ],
        avoided=[
            pb.AvoidedLine(camera=_camera(line.camera_id), reason=line.reason, count=line.count)
            for line in usage.avoided
        ],
        dollars=dollars(usage.microdollars),
        month_dollars=dollars(usage.projection.month),
        projected_month_dollars=dollars(usage.projection.projected_month),
        budgets=[
            pb.BudgetState(
                scope=budget.scope,
                daily_dollars=dollars(budget.limit),
                spent_dollars=dollars(budget.spent),
                step=budget.step.word,
            )
            for budget in usage.budgets
        ],
    )


def _camera(camera_id: str | None) -> str:
    return "" if camera_id is None else camera_name(camera_id)
