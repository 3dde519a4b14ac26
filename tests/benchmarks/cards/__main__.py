"""Specimen cards with known truth: is what is read right, and is anything wrong ever accepted?

    python -m tests.benchmarks.cards                              2,000 cards and 1,000 forgeries, on both engines
    python -m tests.benchmarks.cards --cards 60 --forgeries 32 --engine local
    python -m tests.benchmarks.cards --shard 1/4                  every fourth case; shards share the folder
    python -m tests.benchmarks.cards --report                     what has been read until now

Each case is kept in build/cards (or --folder) as soon as it is read, and not read again; --fresh judges all anew, with
the text that was read of a picture before. Forgeries and genuine documents alternate, so that a part of a run tells of
all. Without OCR-B (.ci/system fonts) the MRZ is printed in another font. The table and the plots are written to the
folder, and with --publish beside this program.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from operator import itemgetter
from pathlib import Path

from tests.benchmarks.cards.cases import CaseKey
from tests.benchmarks.cards.report import plot, table, targets
from tests.benchmarks.cards.running import kept, run
from tests.benchmarks.cards.scoring import Scored
from tests.benchmarks.machine import machine
from tests.support.cards.fonts import has_ocr_b
from tests.support.repository import ROOT

FOLDER = ROOT / "build" / "cards"
ENGINES = ("local", "simulator")
_HERE = Path(__file__).parent


def main() -> int:
    """Runs the benchmark; the exit code says whether a target was missed."""
    arguments = _arguments()
    if not has_ocr_b():
        print("OCR-B is not installed: the MRZ is printed in DejaVu Sans Mono", file=sys.stderr)
    engines = ENGINES if arguments.engine == "both" else (arguments.engine,)
    for engine in () if arguments.report else engines:
        path = arguments.folder / f"{engine}-{arguments.shard[0]}of{arguments.shard[1]}-seed{arguments.seed}.jsonl"
        if arguments.fresh:
            path.unlink(missing_ok=True)
        try:
            asyncio.run(run(_cases(arguments), arguments.seed, engine, path, _tell))
        except KeyboardInterrupt:
            print("interrupted; run it again to go on", file=sys.stderr)
            break
    found = {engine: _all_kept(arguments.folder, engine, arguments.seed) for engine in engines}
    found = {engine: scores for engine, scores in found.items() if scores}
    if not found:
        print("nothing has been read yet")
        return 1
    folder = _HERE if arguments.publish else arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    text = table(found, arguments.revision or machine()["commit"])
    (folder / "CARDS.md").write_text(text, encoding="utf-8")
    plot(found, folder / "cards.png")
    print(text)
    missed = [target for target in targets(found) if not target.met]
    for target in missed:
        print(f"missed: {target.text}: {target.value:.4f}, wanted {target.wanted:g}")
    print(f"written to {folder}")
    return int(bool(missed))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cards", type=int, default=2000, help="how many genuine documents")
    parser.add_argument("--forgeries", type=int, default=1000, help="how many forged ones")
    parser.add_argument("--engine", choices=(*ENGINES, "both"), default="both")
    parser.add_argument("--shard", type=_shard, default=(1, 1), help="as 2/4: the second quarter of the cases")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where scores and texts are kept")
    parser.add_argument("--fresh", action="store_true", help="read again what has been read")
    parser.add_argument("--report", action="store_true", help="read nothing, only write the table and the plot")
    parser.add_argument("--revision", help="what the page names as read; by default this checkout's commit")
    parser.add_argument("--publish", action="store_true", help="write them beside this program")
    return parser.parse_args()


def _shard(text: str) -> tuple[int, int]:
    number, _, parts = text.partition("/")
    if not 1 <= int(number) <= int(parts):
        raise argparse.ArgumentTypeError(f"{text} is not a shard; the first of four is 1/4")
    return int(number), int(parts)


def _cases(arguments: argparse.Namespace) -> list[CaseKey]:
    """Returns the cases of a shard, genuine and forged ones evenly mixed."""
    number, parts = arguments.shard
    places = [
        ((each + 0.5) / total, CaseKey(group, each))
        for group, total in ((True, arguments.cards), (False, arguments.forgeries))
        for each in range(number - 1, total, parts)
    ]
    return [key for _, key in sorted(places, key=itemgetter(0))]


def _all_kept(folder: Path, engine: str, seed: int) -> list[Scored]:
    """Returns the scores of all shards, each case once."""
    scores: dict[CaseKey, Scored] = {}
    for path in sorted(folder.glob(f"{engine}-*-seed{seed}.jsonl")):
        for scored in kept(path):
            scores[scored.key] = scored
    return list(scores.values())


def _tell(scored: Scored) -> None:
    wrong = [name for name, outcome in scored.fields.items() if outcome != "right"]
    flaw = "WRONGLY ACCEPTED" if scored.wrongly_accepted else scored.result
    shown = f"{scored.level} {scored.size} {scored.series}"
    print(
        f"{scored.group} {scored.number} {shown}: {flaw} {' '.join(scored.reasons)}; not right: {' '.join(wrong)}",
        file=sys.stderr,
    )


if __name__ == "__main__":
    raise SystemExit(main())
