"""The operations CreateStreamProcessor, DescribeStreamProcessor, ListStreamProcessors and DeleteStreamProcessor."""

from __future__ import annotations

from portero_simulator.model import Document
from portero_simulator.pages import page
from portero_simulator.service import Service


async def create_stream_processor(service: Service, request: Document) -> Document:
    """Creates a stream processor that is stopped, and stays so."""
    return {"StreamProcessorArn": service.processors.create(request, service.region, service.clock.now()).arn}


async def describe_stream_processor(service: Service, request: Document) -> Document:
    """Returns what a stream processor was created with."""
    return service.processors.get(request["Name"]).described()


async def list_stream_processors(service: Service, request: Document) -> Document:
    """Lists the stream processors, page by page."""
    found, token = page(service.processors.all(), request.get("NextToken"), request.get("MaxResults"))
    return {
        "StreamProcessors": [{"Name": processor.name, "Status": "STOPPED"} for processor in found],
        **({"NextToken": token} if token else {}),
    }


async def delete_stream_processor(service: Service, request: Document) -> Document:
    """Deletes a stream processor."""
    service.processors.delete(request["Name"])
    return {}
