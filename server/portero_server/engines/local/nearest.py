"""Which rows of a large matrix are nearest to each of some vectors: one product, then passes over whole blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_Vectors = NDArray[np.float32]
_Rows = NDArray[np.intp]

# Half a megabyte: a block of scores stays in the processor's cache for the passes over it, and memory stays bounded
# however many rows there are.
_SCORES_IN_BLOCK = 1 << 17
# Where very many rows are as near as each other, so that most of them have to be compared.
_COMPARED_AT_ONCE = 1 << 13
# Wide enough for whole lines of the cache, and for a limit that lets few rows pass that are not wanted.
_GROUPS = 64
_GROUPS_OF_ONE = 256


@dataclass(frozen=True, slots=True)
class Near:
    """Rows near to probes, ordered by probe, distance and row.

    Attributes:
        rows: Their numbers in the matrix.
        squares: Squared Euclidean distance of each.
        ends: For each probe where its part ends; it begins where the one before ends.
    """

    rows: _Rows
    squares: _Vectors
    ends: list[int]


def nearest(probes: _Vectors, vectors: _Vectors, norms: _Vectors, longest: float, wanted: int) -> Near:
    """Finds at least the `wanted` nearest rows of each probe, or all rows, and any that is as near as the last of them.

    Rows are compared by distances computed from the difference, since the product is off by up to 0.001 near zero.
    The answer is that of comparing with each row one after the other, whatever the block or the batch.

    Args:
        probes: Some tens of vectors, probes x length.
        vectors: Rows x length, at least one row.
        norms: The squared norm of each row.
        longest: The largest of them, or more.
        wanted: At least one.
    """
    if len(probes) == 1:
        return _nearest_to_one(probes[0], vectors, norms, longest, wanted)
    slack = np.float32(_slack(vectors.shape[1])) * (np.vecdot(probes, probes) + np.float32(longest))
    rows, owners = _within_reach(probes, vectors, norms, slack, wanted)
    squares = np.empty(len(rows), np.float32)
    for part in (slice(start, start + _COMPARED_AT_ONCE) for start in range(0, len(rows), _COMPARED_AT_ONCE)):
        apart = vectors.take(rows[part], axis=0)
        apart -= probes.take(owners[part], axis=0)
        np.einsum("ij,ij->i", apart, apart, out=squares[part])
    # The sort is stable and the rows ascend: of equally near ones the first comes first.
    order = np.lexsort((squares, owners))
    ends = np.bincount(owners, minlength=len(probes)).cumsum()
    return Near(rows.take(order), squares.take(order), ends.tolist())


def _nearest_to_one(probe: _Vectors, vectors: _Vectors, norms: _Vectors, longest: float, wanted: int) -> Near:
    """Does the same for one probe, as live crops mostly come: among few people, each array operation spared counts."""
    scores = vectors @ (np.float32(-2.0) * probe)
    scores += norms
    groups = max(4 * wanted, min(_GROUPS_OF_ONE, len(scores) // 4))
    deals = len(scores) // groups
    if deals:
        dealt = scores[: deals * groups].reshape(deals, groups).min(axis=0)
        dealt.partition(wanted - 1)
        slack = _slack(len(probe)) * (float(probe @ probe) + longest)
        rows = (scores <= float(dealt[wanted - 1]) + slack).nonzero()[0]
    else:
        rows = np.arange(len(scores))
    apart = vectors.take(rows, axis=0)
    apart -= probe
    squares = np.einsum("ij,ij->i", apart, apart)
    order = squares.argsort(kind="stable")
    return Near(rows.take(order), squares.take(order), [len(rows)])


def _within_reach(
    probes: _Vectors, vectors: _Vectors, norms: _Vectors, slack: _Vectors, wanted: int
) -> tuple[_Rows, _Rows]:
    """Returns the rows that may be among the nearest, ascending, and the probe of each.

    |a - b|^2 = |a|^2 + |b|^2 - 2ab, where |b|^2, the probe's, is the same for all of its rows and left out. The rows
    are dealt into groups. As many groups as are wanted have a row with a score of at most the limit, so no row
    above it is wanted. That spares sorting the scores, and the limit of the blocks before serves the next.
    """
    count = len(probes)
    # Doubling the few probes instead of the products spares a pass over all of them. The rows come first: this
    # product takes two thirds of the time of its transpose, and the passes run over whole lines.
    doubled = (np.float32(-2.0) * probes).T
    groups = max(_GROUPS, 4 * wanted)
    height = max(1, _SCORES_IN_BLOCK // count)
    lowest = limits = None
    parts: list[tuple[_Rows, _Rows, _Vectors]] = []
    for start in range(0, len(vectors), height):
        scores = vectors[start : start + height] @ doubled
        scores += norms[start : start + height, np.newaxis]
        deals = len(scores) // groups
        if deals:
            dealt = scores[: deals * groups].reshape(deals, groups * count).min(axis=0).reshape(groups, count)
            lowest = dealt if lowest is None else np.minimum(lowest, dealt)
            limits = np.partition(lowest, wanted - 1, axis=0)[wanted - 1] + slack
        places = np.arange(scores.size) if limits is None else (scores <= limits).ravel().nonzero()[0]
        rows = places // count
        owners = places - rows * count
        if len(scores) == len(vectors):
            return rows, owners
        parts.append((rows + start, owners, scores.ravel().take(places)))
    rows, owners, kept = (np.concatenate(part) for part in zip(*parts, strict=True))
    if limits is not None:
        # Early blocks were held against a limit that has become lower since.
        still = (kept <= limits.take(owners)).nonzero()[0]
        rows, owners = rows.take(still), owners.take(still)
    return rows, owners


def _slack(length: int) -> float:
    """Bounds by how much two rows' scores may be in the wrong order, as a part of |a|^2 + |b|^2.

    That is twice the error of a score and of a distance. A sum of n products in any order is off by at most (n + 2) u
    times the sum of their sizes, u = 2^-24 (Higham, Accuracy and Stability of Numerical Algorithms, 3.1), and
    these sizes are at most 2 (|a|^2 + |b|^2) for each of both.
    """
    return 8.0 * (length + 4) * 2.0**-24
