"""docs/metrics.md has every metric of common/wire/metrics.h, as it is there, and no other."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEADER = (ROOT / "common/wire/metrics.h").read_text(encoding="utf-8")
DOCUMENT = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")


def told():
    """(name, type, labels, help) of each row of the table in the header."""
    text = HEADER.replace("\\\n", "\n")
    rows = re.findall(r'X \(METRIC_\w+,\s*"(\w+)",\s*METRIC_IS_(\w+),\s*"([^"]*)",\s*((?:"[^"]*"\s*)+)\)', text)
    assert len(rows) == text.count("X (METRIC_")
    return [(name, kind.lower(), labels, "".join(re.findall('"([^"]*)"', text))) for name, kind, labels, text in rows]


def documented():
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) ?\| (.*) \|$", DOCUMENT, re.MULTILINE)
    return [(name, kind, labels.replace("`", "").replace(" ", ""), text) for name, kind, labels, text in rows]


def test_the_document_has_every_metric():
    assert told() == documented(), "put into docs/metrics.md what metrics.h has"
