"""docs/protocol.md against the code and the byte examples: none can drift from another.

The document's tables are read as what they are, layouts, and decode tests/vectors; its
numbers are compared with common/wire/wire.h and common/base/bounds.h.
"""

import ast
import operator
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs/protocol.md").read_text(encoding="utf-8")
WIRE = (ROOT / "common/wire/wire.h").read_text(encoding="utf-8")
LIMITS = (ROOT / "common/base/bounds.h").read_text(encoding="utf-8")

# What bounds.h bounds within one process: nobody at the other end can tell.
INTERNAL = {
    "WAITING_NAMES_MAX", "DISK_READ_BYTES", "LOG_GROUP_BYTES_MAX", "LOG_SEGMENTS", "LOG_MIB_DEFAULT", "LOG_MIB_MIN", "LOG_MIB_MAX",
    "AGENCY_DIGITS_MAX", "BUNDLE_MESSAGES_WORTH", "WORKERS_DEFAULT", "GROUP_MESSAGES_MAX", "COMMIT_S_DEFAULT", "COMMIT_S_MAX",
    "WINNERS_BYTES_MAX", "STORAGE_QUEUE_BUNDLES", "STATE_QUEUE_BUNDLES",
    "WORKER_QUEUE_BUNDLES", "BROKER_QUEUE_BUNDLES", "FRONT_QUEUE_MESSAGES",
    "CONNECT_LOOK_MS", "LOOP_MESSAGES_MAX", "LOOP_EVENTS_MAX", "RESTART_BACKOFF_MS",
    "RESTART_BACKOFF_MS_MAX", "STOP_GRACE_MS", "ROLL_KEYS_MAX", "ROLL_NAME_BYTES_MAX", "ROLL_BYTES_MAX",
    "LOOP_HANDSHAKES_MAX", "MEMORY_GUARD_LOOK_MS", "LANE_TURN_BYTES", "LANE_DEBT_BYTES_MAX", "REQUEST_BYTES",
    "AWAKE_STEP_MS", "CONNECT_MS", "WAIT_AGAIN_MS", "WAIT_FIRST_MS",
    "WORKER_CREDIT_BYTES", "TRIAL_MS", "TRIAL_MS_MAX", "RATE_LIMIT_LINES", "RATE_LIMIT_LINES_ALL", "RATE_LIMIT_PERIOD_MS",
    "LOOP_HANDSHAKES_MAX", "MEMORY_GUARD_LOOK_MS", "SINK_WAIT_MS", "OTHERS_PATIENCE_MS", "OTHERS_LOOK_MS",
    "RUN_DIRECTORY_LOOK_MS", "DESCRIPTORS_OWN", "DESCRIPTORS_TRIED_MAX",
    "CONNECTION_OTHER_BYTES", "CONNECTION_OTHER_BYTES_SECOND", "DESCRIPTORS_KEPT", "QUEUE_SHARE",
    "REPORT_PIECES_MAX", "DRAWS_FINISHED_KEPT", "DRAW_USED_MS", "QUESTION_MS", "CANCELLED_ROW_BYTES_MAX", "LENT_PART",
}  # fmt: skip


def read_vectors(path):
    """The examples of a file: a list of {field: value}, text fields as bytes."""
    examples, example, key = [], {}, None
    for line in path.read_text(encoding="utf-8").split("\n") + [""]:
        if line.startswith("#"):
            continue
        if not line:
            if example:
                examples.append(example)
            example, key = {}, None
        elif line[0] == " ":
            example[key] += line
        else:
            key, value = line.split(":", 1)
            value = value.strip()
            if value.startswith('"'):
                text = ast.literal_eval(value).encode("utf-8")
                if "\\x" in value:
                    text = ast.literal_eval(value).encode("latin-1")
                value = example.get(key, b"") + text
            example[key] = value
    for example in examples:
        example["bytes"] = bytes.fromhex(example["hex"])
    return examples


FILES = (ROOT / "tests/vectors").glob("*.txt")
VECTORS = {path.stem: read_vectors(path) for path in FILES}
BY_NAME = {example["name"]: example for file in VECTORS.values() for example in file}


def enumeration(prefix):
    """{name: number} of the constants in wire.h that begin with `prefix`."""
    found = re.findall(rf"^    {prefix}_(\w+) = (\w+)", WIRE, re.MULTILINE)
    return {name: int(number, 0) for name, number in found}


COMMANDS = enumeration("WIRE")
HEADER = 16
NAMED = {"name", "command", "agency", "draw", "hex", "bytes"}  # in every good example
CODES = enumeration("REFUSED")


def defines(text):
    """{name: number} of the header's #defines that are numbers, each worked out."""
    text = re.sub(r"\\\n", " ", text)
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)
    return dict(re.findall(r"^#define (\w+)[ \t]+(\S.*?)[ \t]*$", text, re.MULTILINE))


def worked_out(name, known):
    operators = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
                 ast.Div: operator.floordiv}

    def value(node):
        if isinstance(node, ast.Name):
            return worked_out(node.id, known)
        if isinstance(node, ast.BinOp):
            return operators[type(node.op)](value(node.left), value(node.right))
        return node.value

    return value(ast.parse(known[name], mode="eval").body)


def section(heading):
    """The text below a heading, up to the next of any level."""
    found = re.search(
        rf"^#+ {heading}$\n(.*?)(?=^##|\Z)", DOCUMENT, re.MULTILINE | re.DOTALL
    )
    assert found, f"no section {heading}"
    return found.group(1)


def table(text, first_column):
    """The rows of the first table whose first column has this title."""
    rows = []
    for line in text.split("\n"):
        cells = line.replace("`", "").strip().strip("|").split("|")
        cells = [cell.strip() for cell in cells]
        if line.startswith("|") and (rows or cells[0] == first_column):
            rows.append(cells)
        elif rows:
            break
    assert len(rows) > 2, f"no table of {first_column}"
    return rows[2:]


def layout(command):
    """The body as the document has it: [(at, bytes or None for the rest, field)]."""
    text = section(rf"6\.\d+ {command}")
    if "\n| at |" not in text:
        assert "No body" in text, f"{command}: neither a layout nor none"
        return []
    open_ended = dict.fromkeys(["the rest", "name_size", "box_size", "up to 40", "33, or none", "64, 32 or none"])
    return [
        (int(at.split()[0]) if at != "then" else None, open_ended[size] if size in open_ended else int(size), field)
        for at, size, field, _ in table(text, "at")
    ]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_layout_decodes_the_examples(command):
    fields = layout(command)
    good = [example for example in VECTORS[command.lower()] if "bad" not in example]
    assert good
    for example in good:
        frame, at = example["bytes"], HEADER
        assert frame[:4] == b"LT\x02" + bytes([COMMANDS[command]])
        assert int.from_bytes(frame[4:8], "big") == int(example["agency"])
        assert int.from_bytes(frame[8:HEADER], "big") == int(example["draw"])
        named, fixed = set(NAMED), True
        for place, size, field in fields:
            assert place == at or not fixed, f"{command}: {field} is at {at}"
            fixed = fixed and size is not None
            part = frame[at : at + (length_of(command, field, frame, at) if size is None else size)]
            at += len(part)
            if field in ("name_size", "box_size"):
                continue
            if field == "open":
                assert part[:1] in (b"", b"\0") and part[1:].hex() == example.get(field, ""), example["name"]
                named |= {field} & set(example)
                continue
            named.add(field)
            if size is None:
                assert part == example[field], example["name"]
            elif size > 8:
                assert part.hex() == example[field], example["name"]
            else:
                number = int.from_bytes(part, "big")
                assert number == int(example[field]), example["name"]
        assert at == len(frame), f"{example['name']}: bytes left over"
        assert named == set(example), example["name"]


def length_of(command, field, frame, at):
    """Bytes of a field of which the table says that it is open-ended."""
    if field == "proof":
        return {b"U": 64, b"A": 32}.get(frame[HEADER : HEADER + 1], 0)
    if (command, field) == ("ORDER", "draw_name"):
        return frame[at - 1]
    if field == "box":
        return int.from_bytes(frame[at - 2 : at], "big")
    if field == "draw_name" and b"\0" in frame[at:]:
        return frame.index(b"\0", at) - at
    return len(frame) - at


@pytest.mark.parametrize("command", COMMANDS)
def test_the_layout_refuses_what_is_bad(command):
    fields = layout(command)
    least = HEADER + sum(size or 0 for _, size, _ in fields)
    open_ended = bool(fields) and fields[-1][1] is None
    named = ("hello", "lookup", "ordered", "draw")
    too_much = {"refused": least + 255, "pong": least + 64, "order": least + 304, "commit": least + 880, "note": least + 7168,
                "welcome": least + 73, "admit": least + 73, "record": least + 200, "event": least + 200, "join": least + 64, "report": least + 32768, **dict.fromkeys(named, least + 40)}
    for example in VECTORS[command.lower()]:
        size = len(example["bytes"])
        most = too_much.get(command.lower(), size) if open_ended else least
        fits = least <= size <= most
        if "bad" not in example:
            assert fits, example["name"]
        elif example["name"].endswith("on a day that is not"):
            at, = (place for place, _, field in fields if field == "day")
            assert fits and example["bytes"][at] > 4
        elif re.search(" (that is not sound|there is not|without a name|too long a name)$", example["name"]):
            assert size >= least and example["bad"] == "BODY"  # what it says is wrong
        elif command == "ORDER" and re.search(" (in its name|too long a (name|note))$", example["name"]):
            name_size = example["bytes"][least - 1]
            assert size < least + name_size or name_size > 40 or size > least + name_size + 200
        elif command == "BATCHES":  # what is wrong is within
            assert example["bad"] == "BODY"
        else:
            assert not fits, example["name"]
            assert example["bad"] == ("BODY" if size >= HEADER else "SIGNATURE")


def test_the_header_is_the_documents():
    rows = table(section("6 Messages"), "at")
    assert [(row[0], row[1], row[2]) for row in rows] == [
        ("0", "2", "signature"), ("2", "1", "version"), ("3", "1", "command"),
        ("4", "4", "agency"), ("8", "8", "draw"),
    ]  # fmt: skip
    known = defines(WIRE)
    assert int(known["WIRE_HEADER_BYTES"]) == HEADER
    assert known["WIRE_VERSION"] == "2" == rows[1][3]


def test_every_example_shown_is_in_the_vectors():
    pattern = r"^```hex ?(.*?)\n(.*?)^```"
    blocks = re.findall(pattern, DOCUMENT, re.MULTILINE | re.DOTALL)
    assert len(blocks) > len(COMMANDS)
    for name, block in blocks:
        lines = [line.split("|")[0] for line in block.splitlines()]
        shown = bytes.fromhex("".join(lines))
        assert name in BY_NAME, f"no example is called {name!r}"
        assert shown == BY_NAME[name]["bytes"], name
        assert "bad" not in BY_NAME[name]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_shown_by_an_example(command):
    names = re.findall(r"^```hex (.*)$", section(rf"6\.\d+ {command}"), re.MULTILINE)
    assert [BY_NAME[name]["command"] for name in names] == [command]


def test_examples_have_names_of_their_own():
    assert len(BY_NAME) == sum(len(file) for file in VECTORS.values())


def test_commands_have_the_numbers_of_the_code():
    rows = table(section("6 Messages"), "command")
    assert {row[0]: int(row[1], 0) for row in rows} == COMMANDS
    assert len(rows) == len(COMMANDS)
    answers = {word for row in rows for word in re.findall(r"[A-Z]{2,}", row[4])}
    assert answers <= set(COMMANDS)


def test_codes_have_the_numbers_of_the_code():
    rows = table(section("7 Refusals"), "number")
    assert {row[1]: int(row[0]) for row in rows} == CODES
    assert len(rows) == len(CODES)


def test_limits_have_the_values_of_the_code():
    known = defines(LIMITS)
    known["WIRE_NAME_BYTES_MAX"] = defines(WIRE)["WIRE_NAME_BYTES_MAX"]
    rows = table(section("8 Limits"), "limit")
    shown = {row[0]: int(row[1]) for row in rows}
    assert len(shown) == len(rows)
    assert shown == {name: worked_out(name, known) for name in shown}
    missing = set(known) - set(shown) - INTERNAL
    assert not missing, f"neither in the document nor in INTERNAL here: {missing}"
    assert INTERNAL <= set(known), "no longer in bounds.h"


def test_capitals_are_commands_codes_or_limits():
    """Nothing is spelled wrong or left over from an earlier state of the code."""
    known = set(COMMANDS) | set(CODES) | set(defines(LIMITS)) | set(defines(WIRE))
    known |= {"LT"}
    quoted = set(re.findall(r"`([A-Z][A-Z0-9_]+)\b[^`]*`", DOCUMENT))
    assert quoted <= known, quoted - known


def rules():
    """The grammar: {rule: text}, comments and line breaks gone."""
    found = {}
    for block in re.findall(r"^```abnf\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL):
        text = re.sub(r" *;[^\n]*", "", block)
        text = re.sub(r"\n +", " ", text)
        for line in filter(None, text.split("\n")):
            definition = re.fullmatch(r"([a-z][a-z0-9-]*) += (\S.*)", line.rstrip())
            name, rule = definition.groups()
            assert name not in found, f"{name} is defined twice"
            found[name] = rule
    return found


def test_the_grammar_is_complete():
    core = {"OCTET", "DIGIT", "CRLF", "LF", "DQUOTE"}
    grammar = rules()
    used = set()
    for text in grammar.values():
        text = re.sub(r'"[^"]*"|%x[0-9A-F.-]+', " ", text)
        used |= set(re.findall(r"[A-Za-z][A-Za-z0-9-]*", text))
    assert used - core <= set(grammar), used - core - set(grammar)
    assert set(grammar) - used == {"session", "bundle"}


@pytest.mark.parametrize("command", COMMANDS)
def test_the_grammar_has_the_layout(command):
    """Sizes and numbers of the grammar are those of the tables."""
    grammar = rules()
    sizes = {"OCTET": 1, "signature": 2, "version": 1}
    words = grammar[command.lower()].split()
    assert words[:5] == ["signature", "version", f"%x{COMMANDS[command]:02X}", "agency", "draw-value"]

    def size_of(word):
        if word in sizes:
            return [sizes[word]]
        if fixed := re.fullmatch(r"(\d+)OCTET", word):
            return [int(fixed.group(1))]
        if "*" in word or word == "rows":
            return [None]
        if word.startswith("%x00"):
            return [1]
        alternatives = grammar[word].split(" / ")
        return sum((size_of(part) for part in alternatives[0].split()), [])

    body = sum((size_of(word) for word in words[5:]), [])
    assert body == [size for _, size, _ in layout(command)]


def test_links_within_the_document_lead_somewhere():
    anchors = {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", DOCUMENT, re.MULTILINE)
    }
    targets = re.findall(r"\]\(#([^)]*)\)", DOCUMENT)
    assert targets and set(targets) <= anchors
    for path in re.findall(r"\]\(((?!#|http)[^)]*)\)", DOCUMENT):
        assert (ROOT / "docs" / path.split("#")[0]).exists(), path


def test_the_example_client_is_as_short_as_the_document_says():
    client = (ROOT / "tests/e2e/python_agency.py").read_text(encoding="utf-8")
    assert "less than 80 lines" in " ".join(DOCUMENT.split())
    assert len(client.splitlines()) < 80
    spoken = {}
    for names, numbers in re.findall(r"^([A-Z, ]+) = (b.*)$", client, re.MULTILINE):
        numbers = ast.literal_eval(numbers)
        for name, number in zip(names.split(", "), numbers, strict=True):
            spoken[name] = number[0]
    assert len(spoken) == 11 and spoken.items() <= COMMANDS.items()
