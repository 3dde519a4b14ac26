"""Exact search by faiss or usearch, in their own environment: writes the seconds of one search as JSON.

python -m tests.benchmarks.peer_search faiss|usearch COUNT
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from tests.benchmarks.vectors import LENGTH, WANTED, gallery, median_seconds, probes


def main() -> None:
    """Measures one probe, then a batch."""
    library, count = sys.argv[1], int(sys.argv[2])
    search = {"faiss": _faiss, "usearch": _usearch}[library](gallery(count))
    asked = probes()
    found = {"single": median_seconds(lambda: search(asked[:1])), "batch": median_seconds(lambda: search(asked))}
    print(json.dumps({"nearest": int(search(asked[:1])[0][0]), **found}))


def _faiss(faces: Any) -> Callable[[Any], Any]:
    import faiss

    index = faiss.IndexFlatL2(LENGTH)
    index.add(faces)
    return lambda asked: index.search(asked, WANTED)[1]


def _usearch(faces: Any) -> Callable[[Any], Any]:
    from usearch.index import MetricKind, search

    def find(asked: Any) -> Any:
        keys = search(faces, asked, WANTED, MetricKind.L2sq, exact=True).keys
        return keys if keys.ndim == 2 else keys[None]

    return find


if __name__ == "__main__":
    main()
