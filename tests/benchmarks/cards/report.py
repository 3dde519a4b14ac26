"""The table and the plot of what was read, and the targets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from portero_server.domain.documents.document import Field
from tests.benchmarks.cards.scoring import CRITICAL, NAMES, Scored
from tests.benchmarks.results import Target
from tests.support.cards.forgeries import Forgery
from tests.support.cards.shooting import LEVELS, SIZES

_LEVELS = tuple(level.name for level in LEVELS)
_SIZES = tuple(f"{width}x{height}" for width, height in SIZES)
_ENOUGH, _ENOUGH_NAMES = 0.995, 0.97
_NAMES = {"local": "Local OCR", "simulator": "DetectText of the simulator"}

_EXPLAINED = """`python -m tests.benchmarks.cards --publish` writes this page. Every card is drawn from its number
(`tests/support/cards`): both series, foreign residents' cards and passports in turn; four levels of degradation times
five sizes of pictures; one side in ten upside down. *Legible*: QR code or MRZ could be read by somebody patient, told
from how the picture was made, not from what was read. *Names by their letters*: right but for accents and spaces.
*Wrong*: values of RUN, number, birth and expiry that were read wrong, whatever became of them; accepted with one, or
with a wrong letter in a surname or the first given name, is what must never be. Given names behind the first one may be
in print alone, where the MRZ's line ends; how many were accepted wrong is counted by itself. A face that fits is taken
for granted, except where somebody else holds the card. Seconds are those of a machine that had other work too.

The simulator answers DetectText by the local engine's OCR, over HTTP and by an unchanged boto3 client: its figures are
those of the whole way, with JPEG and the limits of the answer, and say nothing of how Amazon's own OCR reads. Accents
are in print alone, since no MRZ has them: nothing can check them."""

Found = Mapping[str, Sequence[Scored]]
"""What each engine read."""


def targets(found: Found) -> list[Target]:
    """Returns what is wanted, and what was found, of each engine."""
    wanted = []
    for engine, scores in found.items():
        cards, forgeries = _genuine(scores), [each for each in scores if each.group != "genuine"]
        legible = [each for each in cards if each.legible]
        moderate = [each for each in cards if each.level == "moderate"]
        if legible:
            head = f"{engine}: %s right, QR code or MRZ legible"
            wanted += [Target(head % name, share(legible, name), _ENOUGH) for name in CRITICAL]
        if moderate:
            head = f"{engine}: %s right, moderate pictures"
            wanted += [Target(head % name, share(moderate, name), _ENOUGH_NAMES) for name in NAMES]
        wrong = sum(each.wrongly_accepted for each in cards)
        wanted.append(Target(f"{engine}: cards accepted with a wrong value", wrong, 0, at_most=True))
        if forgeries:
            passed = sum(each.wrongly_accepted for each in forgeries)
            wanted.append(Target(f"{engine}: forgeries accepted", passed, 0, at_most=True))
            named = sum(each.named for each in forgeries) / len(forgeries)
            wanted.append(Target(f"{engine}: forgeries whose reason is named", named, 1.0))
    return wanted


def share(scores: Sequence[Scored], name: str) -> float:
    """Returns the share of cards on which a field was read right."""
    return sum(each.fields[name] == "right" for each in scores) / len(scores) if scores else 0.0


def table(found: Found, revision: str) -> str:
    """Returns the page; it names the revision that read."""
    counts = (
        f"{len(_genuine(each))} genuine and {len(each) - len(_genuine(each))} forged by {_NAMES[engine]}"
        for engine, each in found.items()
    )
    parts = [
        "# Specimen cards: what is read, and what is accepted",
        f"Read by revision {revision}: {'; '.join(counts)}.",
        _EXPLAINED,
        _targets(found),
    ]
    for engine, scores in found.items():
        cards = _genuine(scores)
        parts += [f"## {_NAMES[engine]}: {len(cards)} cards", _by_level(cards), _by_size(cards), _outcomes(cards)]
        forgeries = [each for each in scores if each.group != "genuine"]
        if forgeries:
            parts += [f"### {len(forgeries)} forged or mismatched documents", _forged(forgeries)]
    parts.append("![Fields read right, by degradation](cards.png)")
    return "\n\n".join(part for part in parts if part) + "\n"


def plot(found: Found, path: Path) -> None:
    """Draws the share of right fields over the degradation, a panel an engine."""
    figure = Figure(figsize=(6.5 * len(found), 4.2))
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(found), sharey=True, squeeze=False)[0]
    for axis, (engine, scores) in zip(panels, found.items(), strict=True):
        cards = _genuine(scores)
        levels = [level for level in _LEVELS if any(each.level == level for each in cards)]
        for field in Field:
            values = [share([each for each in cards if each.level == level], field.value) for level in levels]
            style = "-" if field.value in CRITICAL else "--" if field.value in NAMES else ":"
            axis.plot(levels, values, style, marker="o", markersize=3, label=field.value.replace("_", " "))
        accepted = [_accepted([each for each in cards if each.level == level]) for level in levels]
        axis.bar(levels, accepted, color="#dddddd", zorder=0, label="accepted")
        axis.set_title(f"{engine}: {len(cards)} cards")
        axis.set_ylim(0, 1.02)
        axis.set_xlabel("degradation")
    panels[0].set_ylabel("share read right")
    panels[-1].legend(fontsize="x-small", loc="lower left")
    figure.tight_layout()
    figure.savefig(path, dpi=100)


def _genuine(scores: Sequence[Scored]) -> list[Scored]:
    return [each for each in scores if each.group == "genuine"]


def _accepted(cards: Sequence[Scored]) -> float:
    return sum(each.result == "accepted" for each in cards) / len(cards) if cards else 0.0


def _targets(found: Found) -> str:
    rows = ["| target | wanted | found | |", "|---|---|---|---|"]
    for target in targets(found):
        shown = f"{target.value:.4f}".rstrip("0").rstrip(".") or "0"
        sign = "at most" if target.at_most else "at least"
        rows.append(f"| {target.text} | {sign} {target.wanted:g} | {shown} | {'met' if target.met else '**missed**'} |")
    return "\n".join(rows)


def _by_level(cards: Sequence[Scored]) -> str:
    groups = [(level, [each for each in cards if each.level == level]) for level in _LEVELS]
    groups += [("legible", [each for each in cards if each.legible]), ("all", list(cards))]
    return _fields_table("pictures", groups)


def _by_size(cards: Sequence[Scored]) -> str:
    return _fields_table("size", [(size, [each for each in cards if each.size == size]) for size in _SIZES])


def _fields_table(head: str, groups: Sequence[tuple[str, Sequence[Scored]]]) -> str:
    names = [field.value for field in Field]
    columns = [name.replace("_", " ") for name in names] + ["names by their letters", "wrong", "accepted"]
    rows = [f"| {head} | cards | {' | '.join(columns)} |", "|---" * (len(columns) + 2) + "|"]
    for title, group in groups:
        if not group:
            continue
        values = [f"{share(group, name):.3f}" for name in names]
        plain = sum(all(value == "right" for value in each.letters.values()) for each in group) / len(group)
        wrong = sum(each.fields[name] == "wrong" for each in group for name in CRITICAL)
        values += [f"{plain:.3f}", str(wrong), f"{_accepted(group):.3f}"]
        rows.append(f"| {title} | {len(group)} | {' | '.join(values)} |")
    return "\n".join(rows)


def _outcomes(cards: Sequence[Scored]) -> str:
    reasons = Counter(reason for each in cards for reason in each.reasons)
    sources = Counter(" + ".join(each.sources) or "none" for each in cards)
    calls = Counter(each.calls for each in cards)
    seconds = sorted(each.seconds for each in cards)
    lines = [
        f"Why not accepted: {_counted(reasons)}.",
        f"Accepted with given names that are wrong behind the first one: {sum(each.accepted_in_part for each in cards)}"
        f" of {sum(each.result == 'accepted' for each in cards)}.",
        f"Zones that were read: {_counted(sources)}.",
        f"Calls a card: {_counted(calls)}. Seconds a card, median: {seconds[len(seconds) // 2]:.1f}.",
    ]
    return "\n\n".join(lines)


def _counted(counts: Mapping[str, int] | Mapping[int, int]) -> str:
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {count}" for name, count in ordered) or "nothing"


def _forged(forgeries: Sequence[Scored]) -> str:
    rows = [
        "| what is wrong | documents | accepted | rejected | to a person | reason named | reasons |",
        "|---" * 7 + "|",
    ]
    for forgery in Forgery:
        group = [each for each in forgeries if each.group == forgery.name]
        if not group:
            continue
        results = Counter(each.result for each in group)
        named = sum(each.named for each in group)
        reasons = _counted(Counter(reason for each in group for reason in each.reasons))
        rows.append(
            f"| {forgery.value} | {len(group)} | {results['accepted']} | {results['rejected']} | {results['review']} "
            f"| {named} | {reasons} |"
        )
    return "\n".join(rows)
