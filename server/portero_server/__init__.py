"""The recognition server: frames in over gRPC, names out, rows in the database.

Layers, top to bottom, held by import-linter: app, settings, rpc, pipeline | notices, engines | store,
vision, telemetry, domain, clock | errors.
"""

__version__ = "0.1.0"
