"""The operations CreateCollection, DescribeCollection, DeleteCollection and ListCollections."""

from __future__ import annotations

from portero_simulator.details import MODEL_VERSION
from portero_simulator.model import Document
from portero_simulator.pages import page
from portero_simulator.service import Service


async def create_collection(service: Service, request: Document) -> Document:
    """Creates a collection without faces."""
    collection = service.collections.create(request["CollectionId"], service.region, service.clock.now())
    return {"StatusCode": 200, "CollectionArn": collection.arn, "FaceModelVersion": MODEL_VERSION}


async def describe_collection(service: Service, request: Document) -> Document:
    """Returns the face count and model version of a collection."""
    collection = service.collections.get(request["CollectionId"])
    return {
        "FaceCount": len(collection.faces),
        "FaceModelVersion": MODEL_VERSION,
        "CollectionARN": collection.arn,
        "CreationTimestamp": collection.created_at,
        "UserCount": len(collection.users),
    }


async def delete_collection(service: Service, request: Document) -> Document:
    """Deletes a collection and its faces."""
    collection = service.collections.delete(request["CollectionId"])
    vectors = [user.vector_id for user in collection.users.values() if user.vector_id is not None]
    await service.recognizer.forget([*collection.faces, *vectors])
    return {"StatusCode": 200}


async def list_collections(service: Service, request: Document) -> Document:
    """Lists the collections, page by page."""
    found, token = page(service.collections.all(), request.get("NextToken"), request.get("MaxResults"))
    return {
        "CollectionIds": [collection.collection_id for collection in found],
        "FaceModelVersions": [MODEL_VERSION] * len(found),
        **({"NextToken": token} if token else {}),
    }
