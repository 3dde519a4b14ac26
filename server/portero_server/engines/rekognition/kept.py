"""A collection in some region, with what asks it; the engine holds one, and may exchange it for another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portero_server.domain.people.standby import CollectionPlace
from portero_server.engines.rekognition.calls import RekognitionCalls
from portero_server.engines.rekognition.collection import Collection
from portero_server.engines.rekognition.users import Users

if TYPE_CHECKING:
    from types_boto3_rekognition.client import RekognitionClient


class Regions:
    """The clients of the regions in which collections are, each made when it is first needed."""

    def __init__(self, client: RekognitionClient, connect: Callable[[str], RekognitionClient] | None) -> None:
        """Begins with the client of the settings' region; without `connect` it stands for all."""
        self._clients = {"": client}
        self._connect = connect

    def client(self, region: str) -> RekognitionClient:
        """Returns the client of a region; empty: that of the settings. Raises StartupProblem."""
        if region not in self._clients:
            self._clients[region] = self._clients[""] if self._connect is None else self._connect(region)
        return self._clients[region]

    def close(self) -> None:
        """Closes the connections of all."""
        for client in self._clients.values():
            client.close()


@dataclass(frozen=True, slots=True)
class OpenCollection:
    """A collection, its users, and the client of its region."""

    place: CollectionPlace
    client: RekognitionClient
    collection: Collection
    users: Users

    @property
    def collection_id(self) -> str:
        """The collection's name."""
        return self.place.collection_id


def kept_at(place: CollectionPlace, client: RekognitionClient, caller: RekognitionCalls) -> OpenCollection:
    """Returns the collection of a place; `client` is that of its region."""
    name = place.collection_id
    return OpenCollection(place, client, Collection(client, name, caller), Users(client, name, caller))
