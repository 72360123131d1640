"""bet_csv against Python's csv module, and against a second reading of its rules.

Good rows must come out byte for byte as csv.reader and csv.writer make them. Bad ones
must be refused for the reason, and at the place, that bet_csv.h gives: here its rules
are written down again, as plainly as can be.
"""

import csv
import datetime
import io
import os
import random
import re
import subprocess
import unicodedata

AGENCY = 4294967295
SEED = 7574
GOOD_BATCHES = 300
GOOD_ROWS = 200  # in each
BAD_BATCHES = 40000

NAMES = ["row", "first", "last", "document", "birthdate", "number"]
EMPTY, COUNT, FIELDS, QUOTES, MISSING, LONG, UTF8, CONTROL, DATE, NUMBER, RANGE, BLANK, CHARACTER = (
    10, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23)
BYTES_MAX = {1: 128, 2: 128, 3: 32}
NUMBER_MAX = 9999
BORN = datetime.date(1900, 1, 1), datetime.date(2026, 11, 30)  # the last is the driver's


def driver(batches):
    """What the C code answers to each (rows, count): bytes, or (code, row, field)."""
    asked = b"".join(b"%d %d\n%s" % (count, len(rows), rows) for rows, count in batches)
    program = os.path.join(os.environ["LOTERIA_BUILD"], "bin", "bet_csv_driver")
    done = subprocess.run([program, str(AGENCY)], input=asked, stdout=subprocess.PIPE,
                          check=True)
    told = io.BytesIO(done.stdout)
    answers = []
    for _ in batches:
        word, *numbers = told.readline().split()
        numbers = tuple(map(int, numbers))
        answers.append(told.read(numbers[0]) if word == b"ok" else numbers)
    assert told.read() == b""
    return answers


# ---- Good rows: Python's csv module knows the answer ---------------------------------

LETTERS = "abcxyzABC  áéíóúñÑüΩЯ',\"\"#|;-.~€🍀\u00a0\u02ff\u07ff\u0800\ud7ff\ue000\U0010fffd"


def random_text(rng, bytes_max):
    size = rng.choice([1, 2, rng.randint(1, 12), rng.randint(1, 12), bytes_max])
    text = "".join(rng.choice(LETTERS) for _ in range(size))
    while len(text.encode()) > bytes_max:
        text = text[:-1]
    return text.strip() or "x"


def random_fields(rng):
    first_day, last_day = (day.toordinal() for day in BORN)
    return [
        random_text(rng, 128), random_text(rng, 128),
        rng.choice([str(rng.randint(20000000, 47999999)), random_text(rng, 32)]),
        datetime.date.fromordinal(rng.randint(first_day, last_day)).isoformat(),
        rng.choice(["%d", "%d", "%05d", "%010d"]) % rng.randint(0, NUMBER_MAX)]


def quoted(rng, field):
    """The field as somebody may type it: with quotes where they must be, or anyhow."""
    if re.search('[,"]', field) or rng.random() < 0.1:
        return '"' + field.replace('"', '""') + '"'
    return field


def random_row(rng):
    return (",".join(quoted(rng, field) for field in random_fields(rng)) +
            rng.choice(["\r\n", "\n"])).encode()


def python_canonical(rows):
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_MINIMAL)
    for first, last, document, birthdate, number in csv.reader(
            io.StringIO(rows.decode(), newline=""), strict=True):
        birthdate = datetime.date.fromisoformat(birthdate)
        writer.writerow([AGENCY, first, last, document, birthdate, int(number)])
    return out.getvalue().encode()


def test_good_rows_as_python_writes_them():
    rng = random.Random(SEED)
    batches = [(b"".join(random_row(rng) for _ in range(GOOD_ROWS)), GOOD_ROWS)
               for _ in range(GOOD_BATCHES)]
    for (rows, _), answer in zip(batches, driver(batches)):
        assert answer == python_canonical(rows)


# ---- Bad rows: the rules of bet_csv.h, once more -------------------------------------

LINE_END = re.compile(rb"\r?\n")
QUOTED = re.compile(rb'"((?:[^"]|"")*)"(?!")')
BARE = re.compile(rb'(?:[^,"\r\n]|\r(?!\n))*')


# Some of each kind; test_text.c has them all. None of them is where a joiner may be.
HIDDEN = "\u00ad\u034f\u061c\u200b\u200c\u200d\u202e\u2066\ufe0f\ufeff\uffff\U000e0041"


class Refused(Exception):
    pass


def check_characters(which, text):
    fault, end = None, len(text)
    try:
        text.decode()
    except UnicodeDecodeError as error:
        fault, end = UTF8, error.start
    for character in text[:end].decode():
        if unicodedata.category(character) in ("Cc", "Zl", "Zp"):
            raise Refused(CONTROL)
        if character in HIDDEN or ord(character) & 0xfffe == 0xfffe:  # noncharacters
            raise Refused(CHARACTER)
    if fault:
        raise Refused(fault)
    # str.strip () and text.h mean the same by a blank, control characters aside
    if which <= 3 and text.decode().strip() != text.decode():
        raise Refused(BLANK)


def check_field(which, text):
    if not text:
        raise Refused(MISSING)
    if len(text) > BYTES_MAX.get(which, len(text)):
        raise Refused(LONG)
    check_characters(which, text)
    if which == 4:
        try:
            if not re.fullmatch(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
                raise ValueError
            if not BORN[0] <= datetime.date.fromisoformat(text.decode()) <= BORN[1]:
                raise ValueError
        except ValueError:
            raise Refused(DATE) from None
    if which == 5:
        if not re.fullmatch(rb"[0-9]+", text):
            raise Refused(NUMBER)
        if len(text) > 10:
            raise Refused(LONG)
        if int(text) > NUMBER_MAX:
            raise Refused(RANGE)


def take_field(rows, at):
    if rows[at:at + 1] != b'"':
        match = BARE.match(rows, at)
        if rows[match.end():match.end() + 1] == b'"':
            raise Refused(QUOTES)
        return match.group(), match.end()
    match = QUOTED.match(rows, at)
    if not match:
        raise Refused(QUOTES)
    end = match.end()
    if end < len(rows) and rows[end:end + 1] != b"," and not LINE_END.match(rows, end):
        raise Refused(QUOTES)
    return match.group(1).replace(b'""', b'"'), end


def expected(rows, count):
    """None for a good batch, else (code, row, field)."""
    if count == 0 and not rows:
        return EMPTY, 0, 0
    at = 0
    for row in range(1, count + 1):
        if at == len(rows):
            return COUNT, row, 0
        for which in range(1, 6):
            try:
                text, at = take_field(rows, at)
                ending = (LINE_END if which == 5 else re.compile(b",")).match(rows, at)
                if not ending:
                    return FIELDS, row, 0
                at = ending.end()
                check_field(which, text)
            except Refused as refused:
                return refused.args[0], row, which
    return None if at == len(rows) else (COUNT, count + 1, 0)


SPLINTERS = [
    b",", b",", b'"', b'"', b'""', b"\n", b"\r\n", b"\r", b"\0", b"\x1f", b"\x7f",
    b"\xc2\x85", b"\xc2\x80", b"\xc2\xa0", b"\xe2\x80\xa8", b"\xe2\x80\xa9", b"\xc3",
    b"\xc3\xa1", b"\xa1", b"\xe2\x82", b"\xed\xa0\x80", b"\xc0\xaf", b"\xe0\x80\x80",
    b"\xf0\x9f\x8d\x80", b"\xf4\x90\x80\x80", b"\xff", b"0", b"9", b"00000000", b"-",
    b"+", b" ", b"x", *(character.encode() for character in HIDDEN), b"a" * 130, b"\xc3\xb1" * 65, b"1" * 33]


def mutate(rng, rows):
    at = rng.randint(0, len(rows))
    return (rows[:at] + rng.choice(SPLINTERS + [b""] * 6) +
            rows[at + rng.choice([0, 0, 1, 1, 2, 20]):])


def test_bad_rows_as_the_rules_have_it():
    rng = random.Random(SEED)
    batches = []
    for _ in range(BAD_BATCHES):
        count = rng.randint(0, 4)
        rows = b"".join(random_row(rng) for _ in range(count))
        for _ in range(rng.randint(0, 3)):
            rows = mutate(rng, rows)
        batches.append((rows, max(0, count + rng.choice([0] * 18 + [-1, 1]))))
    seen = {}
    for (rows, count), answer in zip(batches, driver(batches)):
        refusal = expected(rows, count)
        if refusal is None:
            assert answer == python_canonical(rows), rows
        else:
            assert answer == refusal, (rows, count)
        key = (refusal[0], NAMES[refusal[2]]) if refusal else "good"
        seen[key] = seen.get(key, 0) + 1
    wanted = {"good", (EMPTY, "row"), (COUNT, "row"), (FIELDS, "row"), (DATE, "birthdate"),
              (NUMBER, "number"), (RANGE, "number"), (LONG, "number")}
    wanted |= {(LONG, name) for name in NAMES[1:4]}
    wanted |= {(BLANK, name) for name in NAMES[1:4]}
    wanted |= {(code, name) for code in (QUOTES, MISSING, UTF8, CONTROL, CHARACTER)
               for name in NAMES[1:]}
    assert wanted - set(seen) == set()  # or this test would show less than it says
