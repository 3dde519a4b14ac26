"""How the bridge reaches the server: one connection a session."""

import grpc

from portero_client.connection import ConnectionSettings, channel_options

# gRPC lends channels of the same address the same connection. A camera must not be held up by another one's
# flow control, and a session after Drain must reach the server that the load balancer chooses now.
_OWN_CONNECTION = ("grpc.use_local_subchannel_pool", 1)


def open_own_channel(connection: ConnectionSettings) -> grpc.aio.Channel:
    """Make a channel that shares its connection with no other; it connects when first used."""
    return grpc.aio.insecure_channel(connection.server, options=[*channel_options(connection), _OWN_CONNECTION])
