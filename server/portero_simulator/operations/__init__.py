"""The operations that are simulated, by Amazon's name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from portero_simulator.operations import analysis, collections, faces, liveness, searches
from portero_simulator.service import Operation

OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "CompareFaces": analysis.compare_faces,
        "CreateCollection": collections.create_collection,
        "CreateFaceLivenessSession": liveness.create_face_liveness_session,
        "DeleteCollection": collections.delete_collection,
        "DeleteFaces": faces.delete_faces,
        "DescribeCollection": collections.describe_collection,
        "DetectFaces": analysis.detect_faces,
        "DetectText": analysis.detect_text,
        "GetFaceLivenessSessionResults": liveness.get_face_liveness_session_results,
        "IndexFaces": faces.index_faces,
        "ListCollections": collections.list_collections,
        "ListFaces": faces.list_faces,
        "SearchFaces": searches.search_faces,
        "SearchFacesByImage": searches.search_faces_by_image,
    }
)
