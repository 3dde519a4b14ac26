"""Writes tests/benchmarks/RESULTS.md, and its plots, from what the benchmarks left in build/bench.

    python -m tests.benchmarks.report

The targets come first, with whether each is met; REASONS.md, written by hand, is put after them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot

from tests.benchmarks.results import FOLDER, shown

_HERE = Path(__file__).parent
_TITLES = {
    "transport": "Transport and acknowledgment",
    "whole_job": "The whole job",
    "latency": "Latency",
    "database_rows": "Database",
    "search": "Search",
    "old_loop": "A loop as the old systems had it",
    "scale_streams": "Growth with streams",
    "scale_store": "Growth with what is stored",
    "attendance_growth": "Growth of attendance",
    "profiles-before": "Profile before the improvements",
    "profiles-after": "Profile after the improvements",
    "profiles": "Profile",
}


def main() -> int:
    """Writes the report; says what has not been measured."""
    documents = {}
    for name in _TITLES:
        path = FOLDER / f"{name}.json"
        if path.exists():
            documents[name] = json.loads(path.read_text())
        elif not name.startswith("profiles"):
            print(f"not measured: python -m tests.benchmarks.{name}")
    if not documents:
        print("there is nothing in build/bench: run make bench first")
        return 1
    plots = _HERE / "plots"
    plots.mkdir(exist_ok=True)
    for old in plots.glob("*.png"):
        old.unlink()
    parts = [_head(documents), _broken(documents), _targets(documents), _reasons()]
    parts += [_section(_TITLES[name], document, plots) for name, document in documents.items()]
    (_HERE / "RESULTS.md").write_text("\n\n".join(part for part in parts if part) + "\n")
    print("wrote tests/benchmarks/RESULTS.md")
    return 0


def _head(documents: dict[str, Any]) -> str:
    newest = max((document["machine"] for document in documents.values()), key=lambda machine: machine["time"])
    lines = [
        "# Benchmark results",
        "",
        "Written by `python -m tests.benchmarks.report` from `build/bench/*.json`; do not edit. Medians; the spread is "
        "largest minus smallest repetition, as a share of the median. Contenders take turns within one run, and ratios "
        "are taken turn by turn.",
        "",
        "| machine | |",
        "|---|---|",
    ]
    lines += [f"| {key.replace('_', ' ')} | {value} |" for key, value in newest.items()]
    peers = {name: version for document in documents.values() for name, version in document.get("versions", {}).items()}
    lines += [f"| {name} (peer) | {version} |" for name, version in peers.items()]
    return "\n".join(lines)


def _broken(documents: dict[str, Any]) -> str:
    """Returns what was to be measured and was not: whole parts of the last run, and contenders of a part."""
    path = FOLDER / "run.json"
    parts = json.loads(path.read_text()) if path.exists() else {}
    rows = [
        f"| {_TITLES.get(name, name)} | all of `{part['command']}` | {_cell(part['failed'])} |"
        for name, part in parts.items()
        if part["failed"]
    ]
    rows += [
        f"| {_TITLES[name]} | {contender} | {_cell(reason)} |"
        for name, document in documents.items()
        for contender, reason in document.get("broken", {}).items()
    ]
    return (
        "\n".join(["## Broken off or left out", "", "| part | what | reason |", "|---|---|---|", *rows]) if rows else ""
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _targets(documents: dict[str, Any]) -> str:
    lines = ["## Targets", "", "| target | measured | wanted | |", "|---|---:|---:|---|"]
    for name, document in documents.items():
        for target in document["targets"]:
            sign = "≤" if target["at_most"] else "≥"
            verdict = "met" if target["met"] else "**missed**"
            lines.append(
                f"| {_TITLES[name]}: {target['text']} | {shown(target['value'])} | {sign} {shown(target['wanted'])} | "
                f"{verdict} |"
            )
    return "\n".join(lines)


def _reasons() -> str:
    path = _HERE / "REASONS.md"
    return path.read_text().strip() if path.exists() else "## Reasons and next steps\n\nNot written yet."


def _section(title: str, document: dict[str, Any], plots: Path) -> str:
    machine = document["machine"]
    lines = [
        f"## {title}",
        "",
        f"`{document['command']}`, at {machine['time']}, commit {machine['commit']}, load before "
        f"{' '.join(str(each) for each in machine['load'])}.",
    ]
    if document["figures"]:
        lines += ["", "| figure | median | unit | spread | n |", "|---|---:|---|---:|---:|"]
        lines += [
            f"| {each['name']} | {shown(each['median'])} | {each['unit']} | {each['spread']:.0%} | "
            f"{len(each['values'])} |"
            for each in document["figures"]
        ]
    lines += [f"\n{note[0].upper()}{note[1:]}." for note in document["notes"]]
    for name, curve in document["curves"].items():
        file = f"{document['name']}-{''.join(each if each.isalnum() else '-' for each in name.lower())}.png"
        _draw(name, curve, plots / file)
        lines.append(f"\n![{name}](plots/{file})")
    for name, text in document["texts"].items():
        lines += [f"\n{name[0].upper()}{name[1:]}:", "", "```", text, "```"]
    return "\n".join(lines)


def _draw(title: str, curve: dict[str, Any], path: Path) -> None:
    figure, axes = pyplot.subplots(figsize=(9, 4.2), dpi=80)
    for name, points in curve["lines"].items():
        axes.plot(*zip(*points, strict=True), marker="o", markersize=3, label=name)
    axes.set(title=title, xlabel=curve["x"], ylabel=curve["y"], xscale="log", yscale="log")
    axes.grid(alpha=0.3)
    if len(curve["lines"]) > 1:
        # Beside the lines: many of them leave no corner free.
        axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    figure.tight_layout()
    figure.savefig(path)
    pyplot.close(figure)


if __name__ == "__main__":
    raise SystemExit(main())
