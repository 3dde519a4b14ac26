"""The RUN, the number of every person in Chile: digits, a dash, and a check digit modulo 11."""

from __future__ import annotations

import re
from dataclasses import dataclass

from portero_server.domain.documents.confusions import FILLER_LETTERS, as_digit

# People alive have numbers from a few hundred thousand on; the registry has not reached 50 million.
_LEAST = 100_000
_MOST = 99_999_999
_SHAPE = re.compile(r"([0-9]{1,3}(?:\.?[0-9]{3})+)-([0-9K])")
# Groups of three with any or no separator, then a dash, whatever it was taken for.
_GROUPS = r"(?<![0-9A-Z])([0-9A-Z]{1,2})[.,:;' ]{0,2}([0-9A-Z]{3})[.,:;' ]{0,2}([0-9A-Z]{3})"
_IN_PRINT = re.compile(_GROUPS + r" ?[-\u2010-\u2015\u2212_~.,] ?([0-9A-Z])(?![0-9A-Z])")
_DASHLESS = re.compile(r"(?<![0-9A-Z])([0-9A-Z]{1,2})[.,]([0-9A-Z]{3})[.,]([0-9A-Z]{3}) ?([0-9A-Z])(?![0-9A-Z])")


def run_digit(body: int) -> str:
    """Returns the check digit of a RUN: weights 2 to 7 from the right, 11 is 0 and 10 is K."""
    total = sum(int(digit) * (2 + place % 6) for place, digit in enumerate(reversed(str(body))))
    return "0123456789K0"[11 - total % 11]


@dataclass(frozen=True, slots=True, order=True)
class Run:
    """A RUN whose check digit may be wrong; see `valid`."""

    body: int
    digit: str

    @classmethod
    def of(cls, body: int) -> Run:
        """Returns the RUN with this number."""
        return cls(body, run_digit(body))

    @property
    def valid(self) -> bool:
        """Whether the check digit is right and the number possible."""
        return _LEAST <= self.body <= _MOST and self.digit == run_digit(self.body)

    def __str__(self) -> str:
        return f"{self.body}-{self.digit}"

    @property
    def dotted(self) -> str:
        """The RUN as people write it: 12.345.678-5."""
        return f"{self.body:,}".replace(",", ".") + f"-{self.digit}"


def parse_run(text: str) -> Run | None:
    """Returns the RUN that was typed or encoded, with or without dots; its check digit may be wrong.

    Without a dash nobody knows whether the last character is the check digit, so that is None.
    """
    found = _SHAPE.fullmatch(text.strip().upper())
    if found is None:
        return None
    return Run(int(found[1].replace(".", "")), found[2])


def find_run(text: str) -> Run | None:
    """Returns the RUN in a printed text as an engine read it, letters for digits corrected; the digit may be wrong.

    Several different ones that are valid are None, and so are several that are not.
    """
    found: set[Run] = set()
    for shape in (_IN_PRINT, _DASHLESS):
        for match in shape.finditer(text.upper()):
            body = "".join(as_digit(each) for each in match[1] + match[2] + match[3])
            digit = match[4] if match[4] == "K" else as_digit(match[4])
            if body.isdigit() and (digit.isdigit() or digit == "K"):
                found.add(Run(int(body), digit))
        if found:
            break
    valid = {run for run in found if run.valid}
    best = valid or found
    return next(iter(best)) if len(best) == 1 else None


def run_in_mrz(optional: str) -> str:
    """Returns the optional data of an MRZ with the characters of a RUN, 12345678<5, where it was read from one.

    Letters are the digits they look like, and what divides them is a filler.
    """
    for length in (8, 7, 6):
        body = "".join(as_digit(character) for character in optional[:length])
        rest = optional[length:]
        if not body.isdigit() or len(rest) < 2:
            continue
        divided = rest[0] == "<" or rest[0] in FILLER_LETTERS
        digit = rest[1] if rest[1] == "K" else as_digit(rest[1])
        if divided and (digit.isdigit() or digit == "K") and set(rest[2:]) <= FILLER_LETTERS | {"<"}:
            return f"{body}<{digit}".ljust(len(optional), "<")
    return optional


def same_run(text: str, other: str) -> bool:
    """Returns whether two texts say the same RUN, however they write it; what is no RUN is compared as it is."""
    run, other_run = parse_run(text), parse_run(other)
    return text.strip() == other.strip() if run is None or other_run is None else run == other_run
