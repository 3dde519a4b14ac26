"""The operations that are simulated, by Amazon's name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from portero_simulator.operations import (
    analysis,
    collections,
    faces,
    liveness,
    searches,
    stream_processors,
    users,
)
from portero_simulator.service import Operation

OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "AssociateFaces": users.associate_faces,
        "CompareFaces": analysis.compare_faces,
        "CreateCollection": collections.create_collection,
        "CreateFaceLivenessSession": liveness.create_face_liveness_session,
        "CreateStreamProcessor": stream_processors.create_stream_processor,
        "CreateUser": users.create_user,
        "DeleteCollection": collections.delete_collection,
        "DeleteFaces": faces.delete_faces,
        "DeleteStreamProcessor": stream_processors.delete_stream_processor,
        "DeleteUser": users.delete_user,
        "DescribeCollection": collections.describe_collection,
        "DescribeStreamProcessor": stream_processors.describe_stream_processor,
        "DetectFaces": analysis.detect_faces,
        "DetectText": analysis.detect_text,
        "DisassociateFaces": users.disassociate_faces,
        "GetFaceLivenessSessionResults": liveness.get_face_liveness_session_results,
        "IndexFaces": faces.index_faces,
        "ListCollections": collections.list_collections,
        "ListFaces": faces.list_faces,
        "ListStreamProcessors": stream_processors.list_stream_processors,
        "ListUsers": users.list_users,
        "SearchFaces": searches.search_faces,
        "SearchFacesByImage": searches.search_faces_by_image,
        "SearchUsersByImage": searches.search_users_by_image,
    }
)
