"""Stands in for grpcurl: the options that clients/CALLING.md types, by the server's reflection.

Run as a program: python grpcurl.py [-plaintext] [-H HEADER] [-d JSON|@] ADDRESS list|describe SERVICE|SERVICE/METHOD.
"""

from __future__ import annotations

import argparse
import sys

import grpc
from google.protobuf import json_format
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase


def main() -> int:
    """Makes one call; prints the answer as JSON, or the status on standard error."""
    parser = argparse.ArgumentParser(prefix_chars="-", add_help=False)
    parser.add_argument("-plaintext", action="store_true", required=True)
    parser.add_argument("-H", dest="headers", action="append", default=[])
    parser.add_argument("-d", dest="data", default="")
    parser.add_argument("address")
    parser.add_argument("verb")
    parser.add_argument("symbol", nargs="?")
    given = parser.parse_args()
    metadata = tuple(
        (name.strip(), value.strip()) for name, _, value in (each.partition(":") for each in given.headers)
    )
    channel = grpc.intercept_channel(grpc.insecure_channel(given.address), _Headers(metadata))
    try:
        _run(channel, given.verb, given.symbol, sys.stdin.read() if given.data == "@" else given.data)
    except grpc.RpcError as error:
        print(f"ERROR: {error.code().name}: {error.details()}", file=sys.stderr)
        return 64 + error.code().value[0]
    return 0


def _run(channel: grpc.Channel, verb: str, symbol: str | None, data: str) -> None:
    database = ProtoReflectionDescriptorDatabase(channel)
    pool = DescriptorPool(database)
    if verb == "list":
        print("\n".join(sorted(database.get_services())))
    elif verb == "describe":
        service = pool.FindServiceByName(symbol or "")
        print("\n".join(f"rpc {method.name} ( .{method.input_type.full_name} )" for method in service.methods))
    else:
        name, _, method = verb.partition("/")
        print(_call(channel, pool, pool.FindServiceByName(name).FindMethodByName(method), data))


def _call(channel: grpc.Channel, pool: DescriptorPool, method: MethodDescriptor, data: str) -> str:
    request = json_format.Parse(data or "{}", GetMessageClass(method.input_type)(), descriptor_pool=pool)
    answer = GetMessageClass(method.output_type)
    call: grpc.UnaryUnaryMultiCallable[Message, Message] = channel.unary_unary(
        f"/{method.containing_service.full_name}/{method.name}",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=answer.FromString,
    )
    return json_format.MessageToJson(call(request, timeout=30), descriptor_pool=pool)


class _Headers(grpc.UnaryUnaryClientInterceptor, grpc.StreamStreamClientInterceptor):
    """Adds metadata to every call, those of the reflection too."""

    def __init__(self, metadata: tuple[tuple[str, str], ...]) -> None:
        self._metadata = metadata

    def intercept_unary_unary(self, continuation, details, request):  # type: ignore[no-untyped-def]
        return continuation(details._replace(metadata=self._metadata), request)

    def intercept_stream_stream(self, continuation, details, requests):  # type: ignore[no-untyped-def]
        return continuation(details._replace(metadata=self._metadata), requests)


if __name__ == "__main__":
    sys.exit(main())
