"""Where histograms are cut: dense around the targets, so that a percentile near a target is exact."""

from __future__ import annotations

FAST = (0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.04, 0.06, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Seconds; dense around the targets of 25 and 60 ms for a durable acknowledgment."""
SLOW = (0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
"""Seconds; dense around the targets of 0.5 and 1 s for a name."""
RPC = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds of a unary RPC."""
BATCH = (1, 2, 4, 8, 16, 32, 64)
"""Things done together."""
