"""Reads tests/mutants/mutations.txt, and plants what stands there."""

import dataclasses
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIST = ROOT / "tests/mutants/mutations.txt"


class Stale(Exception):
    """A mutation that does not fit the sources any more."""


@dataclasses.dataclass
class Mutation:
    name: str
    text: str  # what is wrong with it
    file: str = ""
    tests: list = dataclasses.field(default_factory=list)  # to be tried as well
    before: str = ""
    after: str = ""

    def applied(self, source):
        """The source with this bug; its lines have to occur there once."""
        assert self.before, f"{self.name}: no line to look for"
        starts = [hit.start() for hit in re.finditer(f"(?m)^(?={re.escape(self.before)})", source)]
        if len(starts) != 1:
            raise Stale(f"{self.name}: its lines occur {len(starts)} times in {self.file}")
        at = starts[0]
        return source[:at] + self.after + source[at + len(self.before):]


def read(text):
    mutations = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("== ") and ": " in line:
            mutations.append(Mutation(*line[3:].split(": ", 1)))
        elif line and not line.startswith("#"):
            assert mutations, f"line {number}: no mutation begins before it"
            read_line(mutations[-1], line, number)
    return mutations


def read_line(mutation, line, number):
    if line.startswith("test: "):
        mutation.tests.append(line[len("test: "):])
    elif not mutation.file:
        mutation.file = line
    else:
        assert line[0] in " -+", f"line {number}: neither ' ' nor '-' nor '+'"
        if line[0] in " -":
            mutation.before += line[1:] + "\n"
        if line[0] in " +":
            mutation.after += line[1:] + "\n"
