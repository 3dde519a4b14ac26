"""VisitorService with what a test puts in."""

from __future__ import annotations

from portero.v1 import visitor_service_pb2 as pb2

from tests.support.client.wire import UnaryMethod, not_found


class FakeVisitors:
    """Keeps visitors; every photo matches all of them.

    Attributes:
        visitors: By name, the newest last.
        remains: What a search finds afterwards.
        promoted: By the person, why.
        left: How many sightings a promotion leaves as they are.
    """

    def __init__(self) -> None:
        self.visitors: dict[str, pb2.Visitor] = {}
        self.remains: list[str] = []
        self.promoted: dict[str, str] = {}
        self.left = 0

    def add(self, visitor_id: str, **values: object) -> None:
        """Adds a visitor."""
        name = f"visitors/{visitor_id}"
        self.visitors[name] = pb2.Visitor(name=name, **values)  # type: ignore[arg-type]

    def methods(self) -> dict[str, tuple[type, UnaryMethod]]:
        """Returns the RPCs by name."""
        return {
            "GetVisitor": (pb2.GetVisitorRequest, self._get),
            "ListVisitors": (pb2.ListVisitorsRequest, self._list),
            "MergeVisitors": (pb2.MergeVisitorsRequest, self._merge),
            "PromoteVisitor": (pb2.PromoteVisitorRequest, self._promote),
            "ForgetVisitor": (pb2.ForgetVisitorRequest, self._forget),
            "ForgetFace": (pb2.ForgetFaceRequest, self._forget_face),
        }

    def _one(self, name: str) -> pb2.Visitor:
        if name not in self.visitors:
            raise not_found(name)
        return self.visitors[name]

    async def _get(self, request: pb2.GetVisitorRequest) -> pb2.GetVisitorResponse:
        return pb2.GetVisitorResponse(visitor=self._one(request.name))

    async def _list(self, request: pb2.ListVisitorsRequest) -> pb2.ListVisitorsResponse:
        found = [each for each in self.visitors.values() if request.site in ("", each.site)]
        return pb2.ListVisitorsResponse(visitors=found[::-1])

    async def _merge(self, request: pb2.MergeVisitorsRequest) -> pb2.MergeVisitorsResponse:
        kept = self._one(request.name)
        kept.visit_count += self._one(request.other).visit_count
        del self.visitors[request.other]
        return pb2.MergeVisitorsResponse(visitor=kept)

    async def _promote(self, request: pb2.PromoteVisitorRequest) -> pb2.PromoteVisitorResponse:
        count = self._one(request.name).visit_count
        receipt = self._forgotten([request.name], verify=False, dry=False)
        self.promoted[request.person] = request.note
        return pb2.PromoteVisitorResponse(sightings=count, left=self.left, receipt=receipt)

    async def _forget(self, request: pb2.ForgetVisitorRequest) -> pb2.ForgetVisitorResponse:
        self._one(request.name)
        return pb2.ForgetVisitorResponse(receipt=self._forgotten([request.name], verify=request.verify, dry=False))

    async def _forget_face(self, request: pb2.ForgetFaceRequest) -> pb2.ForgetFaceResponse:
        names = sorted(self.visitors)
        return pb2.ForgetFaceResponse(receipt=self._forgotten(names, verify=request.verify, dry=request.dry_run))

    def _forgotten(self, names: list[str], *, verify: bool, dry: bool) -> pb2.ForgetReceipt:
        if dry:
            return pb2.ForgetReceipt(visitors=names)
        for name in names:
            del self.visitors[name]
        found = len(names)
        remains = self.remains if verify else []
        return pb2.ForgetReceipt(visitors=names, encodings=2 * found, sightings=found, verified=verify, remains=remains)
