"""What has to be true, I1 to I6, from what the agencies sent and what they were told.

Nothing here asks a process of the central, or reads what one of them logged. An agency's
evidence is what loteria-agency printed in each of its lives (--log-bets, --json) or what
client.py wrote down. The files are read without the product's code.
"""

import collections
import csv
import dataclasses
import json
import pathlib
import re
import struct

import loteria
import wire

HEADER_BYTES = RECORD_BYTES = wire.RECORD_BYTES


@dataclasses.dataclass
class Sent:
    """An agency's file."""

    rows: list  # as bets.csv has to hold them, bytes
    documents: list
    winners: list  # documents, in order

    @classmethod
    def read(cls, path, agency):
        rows = loteria.rows_of(path)
        out = loteria.Lines()
        csv.writer(out).writerows([agency, *row] for row in rows)
        return cls(out.lines, [row[2] for row in rows],
                   [row[2] for row in rows if int(row[4]) == loteria.WINNING_NUMBER])

    def __post_init__(self):
        self.offsets = {document: offset for offset, document in enumerate(self.documents)}
        assert len(self.offsets) == len(self.rows), "a document tells which bet it is"


@dataclasses.dataclass
class Life:
    """What an agency was told in one life."""

    welcome: int | None = None  # the first
    closed_at: int | None = None  # a WELCOME that said that the day is over, with this many bets
    acknowledged: int = 0  # every bet below
    sent: int | None = None  # as far as it says so itself
    results: list = dataclasses.field(default_factory=list)  # (number, documents), whole ones
    pages: list = dataclasses.field(default_factory=list)  # (cursor, next, number, documents)
    bets: list = dataclasses.field(default_factory=list)  # of how many it was told at the end
    late: list = dataclasses.field(default_factory=list)  # what a bet after READY was answered

    def acknowledge(self, count):
        self.acknowledged = max(self.acknowledged, count)


def whole_lines(path):
    """Without one that was being written when its writer was killed."""
    try:
        text = pathlib.Path(path).read_bytes()
    except FileNotFoundError:
        return []
    return [line.decode() for line in text.split(b"\n")[:-1]]


def life_of_real(log_path, printed_path, sent):
    """From what loteria-agency --log-bets --json wrote."""
    life = Life()
    for line in whole_lines(log_path):
        if found := re.search(r"action: conexion \| result: success \| .*next: (\d+)(?= |$)", line):
            life.welcome = int(found[1])
            life.acknowledge(life.welcome)
        elif found := re.search(r"action: apuesta_enviada \| result: success \| dni: (\S+) ", line):
            life.acknowledge(sent.offsets[found[1]] + 1)
    for line in whole_lines(printed_path):
        result = json.loads(line)
        life.results.append((result["number"], result["winners"]))
        life.bets.append(result["bets"])
        life.acknowledge(result["bets"])
    return life


def lives_of_thin(records_path):
    """From client.py's records."""
    lives = []
    for entry in map(json.loads, whole_lines(records_path)):
        if "life" in entry:
            lives.append(Life(sent=0))
            continue
        life = lives[-1]
        if "welcome" in entry:
            life.welcome = entry["welcome"] if life.welcome is None else life.welcome
            life.acknowledge(entry["welcome"])
            if entry["day"] != 0:
                life.closed_at = entry["welcome"]
        elif "stored" in entry:
            life.acknowledge(entry["stored"])
        elif "sent" in entry:
            life.sent = max(life.sent, entry["sent"])
        elif "page" in entry:
            life.pages.append(tuple(map(freeze, entry["page"])))
        elif "winners" in entry:
            life.results.append((entry["number"], entry["winners"]))
        elif "late" in entry:
            life.late.append(entry["late"])
    return lives


def freeze(value):
    return tuple(value) if isinstance(value, list) else value


def acknowledged(lives):
    return max((life.acknowledged for life in lives), default=0)


def told_wrongly(agency, sent, lives):
    """What an agency was told that cannot be so, whatever the files hold: a list of sentences."""
    wrong, before = [], 0
    count = len(sent.rows)
    for life in lives:
        if life.welcome is not None and life.welcome < before:
            wrong.append(f"I1 agency {agency}: {before} bets were acknowledged, then WELCOME says {life.welcome}")
        before = max(before, life.acknowledged)
        for number, documents in life.results:
            if number != loteria.WINNING_NUMBER:
                wrong.append(f"I4 agency {agency}: the number is {number}")
            if list(documents) != sent.winners:
                wrong.append(f"I5 agency {agency}: told {documents}, its winners are {sent.winners}")
        wrong += [f"I6 agency {agency}: a bet after READY was answered {code}"
                  for code in life.late if code != "CLOSED"]
        wrong += [f"I6 agency {agency}: it sold {count} bets, the central counts {bets}"
                  for bets in (*life.bets, life.closed_at) if bets is not None and bets != count]
    if before > count:
        wrong.append(f"I6 agency {agency}: {before} bets are acknowledged, it has {count}")
    return wrong + pages_wrong(agency, lives)


def pages_wrong(agency, lives):
    """Each page is the same whenever it is told."""
    pages = collections.defaultdict(set)
    for life in lives:
        for cursor, *rest in life.pages:
            pages[cursor].add(tuple(rest))
    return [f"I4 agency {agency}: the page at {cursor} was told differently: {sorted(told)}"
            for cursor, told in pages.items() if len(told) > 1]


def stored_wrongly(agencies, data, whole):
    """What is in the files that should not be, or is not that should.

    `agencies` is by number (Sent, [Life, ...]). `whole` says that the day is over and everything
    has to be there; else storage is dead, in mid-day, and a tail may be torn.
    """
    csv_bytes = read(data / "bets.csv")
    rows = csv_bytes.split(b"\r\n")
    wrong = []
    if whole and rows[-1]:
        wrong.append(f"I3 bets.csv ends with {rows[-1]!r}")
    stored = collections.defaultdict(list)
    for row in rows[:-1]:
        stored[row.split(b",", 1)[0].decode()].append(row + b"\r\n")
    wrong += [f"I3 bets.csv has bets of agency {name!r}" for name in stored if name not in map(str, agencies)]
    covered = covered_by_index(read(data / "bets.index"), csv_bytes, wrong)
    for agency, (sent, lives) in agencies.items():
        has, promised = stored[str(agency)], acknowledged(lives)
        wrong += compare(agency, sent, has, promised, whole)
        bets, sealed = covered.get(agency, (0, None))
        if bets < promised:
            wrong.append(f"I1 agency {agency}: {promised} bets are acknowledged, the index covers {bets}")
        if whole and (bets, sealed) != (len(sent.rows), len(sent.rows)):
            wrong.append(f"I6 agency {agency}: sold {len(sent.rows)}, in the index {bets}, sealed with {sealed}")
    return wrong


def compare(agency, sent, has, promised, whole):
    """An agency's rows in bets.csv with those it sent."""
    wrong = []
    same = next((i for i, (a, b) in enumerate(zip(sent.rows, has)) if a != b), min(len(sent.rows), len(has)))
    if same < promised:
        wrong.append(f"I1 agency {agency}: {promised} bets are acknowledged, only {same} are in bets.csv as sent")
    if same < len(has):
        known = has[same] in sent.rows
        wrong.append(f"{'I2' if known else 'I3'} agency {agency}: at {same} bets.csv has {has[same]!r}, "
                     + ("twice or out of order" if known else "which was never sent"))
    if whole and same < len(sent.rows):
        wrong.append(f"I1 agency {agency}: the day is over, {same} of {len(sent.rows)} bets are stored")
    return wrong


def covered_by_index(index, csv_bytes, wrong):
    """By agency: bets that records stand for, and with how many it is sealed. A torn tail ends it.

    That rows hash to what their record says is for loteria-storage --check to tell; but the digests have to be those
    of the rows.
    """
    covered, digests, at = {}, collections.Counter(), 0
    for place in range(HEADER_BYTES, len(index) - RECORD_BYTES + 1, RECORD_BYTES):
        record = wire.parse_record(index[place:place + RECORD_BYTES])
        count, agency, begin, size = record.count, record.agency, record.position, record.size
        if record.kind in (b"R", b"O", b"D", b"V"):
            continue
        if record.kind not in (b"B", b"S"):
            break
        bets, sealed = covered.get(agency, (0, None))
        if record.offset != bets or begin + size > len(csv_bytes) or begin != at:
            break
        if sealed is not None:
            wrong.append(f"I6 agency {agency}: a record follows its seal, at byte {place} of bets.index")
        rows = [row.split(b",", 1)[-1] for row in csv_bytes[begin:begin + size].split(b"\r\n")[:-1]]
        digests[agency] = wire.digest(rows, digests[agency])
        if digests[agency] != record.digest:
            wrong.append(f"I2 agency {agency}: the digest at byte {place} of bets.index is not that of its bets")
        covered[agency] = (bets + count, bets if record.kind == b"S" else sealed)
        at = begin + size
    return covered


def drawn_wrongly(agencies, data):
    """The draw's events in bets.index: every agency sealed once with what it sold, then one draw."""
    records = records_of(read(data / "bets.index"))
    identity = next((record.draw for record in records if record.kind == b"O"), 0)
    seals, drawn, epoch, wrong = collections.Counter(), 0, 0, []
    for place, record in enumerate(records, 1):
        if record.draw != (0 if record.kind == b"R" else identity):
            wrong.append(f"I6 record {place} is of draw {record.draw:016x}, which is not the day's")
        if record.kind == b"R":
            epoch = place
        elif record.kind in (b"O", b"S", b"D", b"V") and record.writer != epoch:
            wrong.append(f"I6 record {place} is of the state of epoch {record.writer}, {epoch} is the one heard")
        if record.kind == b"S":
            seals[record.agency, record.offset] += 1
            if drawn:
                wrong.append(f"I6 agency {record.agency} is sealed after the draw")
        elif record.kind == b"D":
            drawn += 1
        if record.kind in (b"O", b"D") and record.number != loteria.WINNING_NUMBER:
            wrong.append(f"I4 the day's number is {record.number}")
    if seals != {(agency, len(sent.rows)): 1 for agency, (sent, _) in agencies.items()}:
        wrong.append(f"I6 seals in bets.index: {dict(seals)}")
    if drawn != 1:
        wrong.append(f"I4 {drawn} draws in bets.index")
    return wrong


def records_of(index):
    return [wire.parse_record(index[place:place + RECORD_BYTES])
            for place in range(HEADER_BYTES, len(index) - RECORD_BYTES + 1, RECORD_BYTES)]


def draws(data):
    """How many draws were made, as far as bets.index tells."""
    return [record.kind for record in records_of(read(data / "bets.index"))].count(b"D")


def read(path):
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
