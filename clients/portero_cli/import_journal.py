"""Notes what an import has done as it goes on, so that one that was killed goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from io import TextIOWrapper
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

from portero_cli.import_report import Outcome, PhotoOutcome
from portero_client import InvalidArgument


@dataclass(frozen=True, slots=True)
class Noted:
    """What earlier runs have done.

    Attributes:
        run: The import's own number, which makes repeating a request safe.
        outcomes: What became of each photo, by path and stamp.
        done: Ids of the people of whom nothing is left to do.
    """

    run: UUID = field(default_factory=uuid4)
    outcomes: Mapping[tuple[str, str], PhotoOutcome] = field(default_factory=dict)
    done: frozenset[str] = frozenset()


class ImportJournal:
    """Notes what is done; without a file, in memory only.

    A line is in the file before the next step is taken, so a kill at any moment loses none but the one under way,
    which the server recognizes when it is repeated.
    """

    def __init__(self, noted: Noted, file: TextIOWrapper | None) -> None:
        self._noted = noted
        self._file = file
        self._outcomes = dict(noted.outcomes)

    def outcome_of(self, photo: str, stamp: str) -> PhotoOutcome | None:
        """Returns what became of a photo that is still the same, or None."""
        return self._outcomes.get((photo, stamp))

    def is_done(self, person_id: str) -> bool:
        """Whether an earlier run has done everything for a person."""
        return person_id in self._noted.done

    def request_id(self, person_id: str, display_name: str, labels: Mapping[str, str]) -> str:
        """Returns the id of the request that adds a person: the same in each run for the same content."""
        return str(uuid5(self._noted.run, json.dumps([person_id, display_name, sorted(labels.items())])))

    def note(self, stamp: str, outcome: PhotoOutcome) -> None:
        """Notes what became of a photo."""
        self._outcomes[outcome.photo, stamp] = outcome
        self._write({"stamp": stamp, **asdict(outcome), "outcome": outcome.outcome.value})

    def note_done(self, person_id: str) -> None:
        """Notes that everything was done for a person."""
        self._write({"done": person_id})

    def _write(self, line: Mapping[str, object]) -> None:
        if self._file is not None:
            self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._file.flush()


def journal_of(report: Path) -> Path:
    """Returns the file of the journal of an import with this report."""
    return report.with_name(f"{report.name}.part")


@contextmanager
def opened_journal(report: Path | None, source: Path, server: str) -> Iterator[ImportJournal]:
    """Yields the journal of an import, with what earlier runs noted in it; without a report, an empty one.

    Raises:
        InvalidArgument: It is of another import, or cannot be read or written.
    """
    if report is None:
        yield ImportJournal(Noted(), None)
        return
    path = journal_of(report)
    head = {"source": str(source.absolute()), "server": server}
    try:
        noted = _noted_in(path, head)
        path.touch(mode=0o600)
    except OSError as error:
        raise InvalidArgument(f"{path}: {error.strerror}", field="report", reason="UNWRITABLE") from None
    with path.open("a", encoding="utf-8") as file:
        # At the begin of each run, which also ends a line that a kill has cut.
        file.write("\n" + json.dumps({**head, "run": str(noted.run)}, ensure_ascii=False) + "\n")
        file.flush()
        yield ImportJournal(noted, file)


def _noted_in(path: Path, head: Mapping[str, str]) -> Noted:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return Noted()
    run, done = uuid4(), set[str]()
    outcomes: dict[tuple[str, str], PhotoOutcome] = {}
    for text in lines:
        line = _line(text)
        if "run" in line:
            if any(line[name] != value for name, value in head.items()):
                raise InvalidArgument(
                    f"{path} is of an import of {line['source']} into {line['server']}: go on with that one, or name "
                    "another report",
                    field="report",
                    reason="OTHER_IMPORT",
                )
            run = UUID(line["run"])
        elif "done" in line:
            done.add(line["done"])
        elif "photo" in line:
            stamp = line.pop("stamp")
            outcomes[line["photo"], stamp] = PhotoOutcome(**{**line, "outcome": Outcome(line["outcome"])})
    return Noted(run, outcomes, frozenset(done))


def _line(text: str) -> dict[str, Any]:
    """Returns a line of the journal; of one that a kill has cut, nothing."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
