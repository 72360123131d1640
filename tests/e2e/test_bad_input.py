"""What bad input gets: refused with its code, nothing stored of it, and everybody goes on."""

import contextlib
import csv
import types

import pytest
import zmq
from zmq.utils import monitor

import loteria
import wire

pytestmark = pytest.mark.asan

GOOD = b"Ana,P\xc3\xa9rez,30111222,1990-05-17,12"
LOCAL = None  # the agency itself cannot make a row of it; the central never hears of it

# name: the row, the refusal's code, the field that the reason names
BAD_ROWS = {
    "four fields": (b"Ana,Perez,30111222,1990-05-17", "FIELDS", ""),
    "six fields": (GOOD + b",1", "FIELDS", ""),
    "one field": (b"Ana", "FIELDS", ""),
    "semicolons": (GOOD.replace(b",", b";"), "FIELDS", ""),
    "30 February": (b"Ana,Perez,30111222,2023-02-30,12", "DATE", "birthdate"),
    "29 February of no leap year": (b"Ana,Perez,30111222,1900-02-29,12", "DATE", "birthdate"),
    "month 13": (b"Ana,Perez,30111222,1990-13-01,12", "DATE", "birthdate"),
    "day 0": (b"Ana,Perez,30111222,1990-01-00,12", "DATE", "birthdate"),
    "year 0": (b"Ana,Perez,30111222,0000-01-01,12", "DATE", "birthdate"),
    "date the other way round": (b"Ana,Perez,30111222,17-05-1990,12", "DATE", "birthdate"),
    "date without zeros": (b"Ana,Perez,30111222,1990-5-7,12", "DATE", "birthdate"),
    "date and time": (b"Ana,Perez,30111222,1990-05-17T00:00,12", "DATE", "birthdate"),
    "no date": (b"Ana,Perez,30111222,,12", "MISSING", "birthdate"),
    "letters for a number": (b"Ana,Perez,30111222,1990-05-17,siete", "NUMBER", "number"),
    "number with a letter": (b"Ana,Perez,30111222,1990-05-17,12a", "NUMBER", "number"),
    "negative number": (b"Ana,Perez,30111222,1990-05-17,-1", "NUMBER", "number"),
    "signed number": (b"Ana,Perez,30111222,1990-05-17,+1", "NUMBER", "number"),
    "number and space": (b"Ana,Perez,30111222,1990-05-17, 12", "NUMBER", "number"),
    "number with a point": (b"Ana,Perez,30111222,1990-05-17,12.0", "NUMBER", "number"),
    "digits of another script": ("Ana,Perez,30111222,1990-05-17,١٢".encode(), "NUMBER", "number"),
    "no number": (b"Ana,Perez,30111222,1990-05-17,", "MISSING", "number"),
    "number over 9999": (b"Ana,Perez,30111222,1990-05-17,10000", "RANGE", "number"),
    "number over 32 bits": (b"Ana,Perez,30111222,1990-05-17,4294967297", "RANGE", "number"),
    "number of eleven digits": (b"Ana,Perez,30111222,1990-05-17,00000000012", "LONG", "number"),
    "no first name": (b",Perez,30111222,1990-05-17,12", "MISSING", "first name"),
    "empty quotes for a name": (b'"",Perez,30111222,1990-05-17,12', "MISSING", "first name"),
    "no last name": (b"Ana,,30111222,1990-05-17,12", "MISSING", "last name"),
    "no document": (b"Ana,Perez,,1990-05-17,12", "MISSING", "document"),
    "first name of 129 bytes": (b"A" * 129 + b",Perez,30111222,1990-05-17,12", "LONG", "first name"),
    "last name of 65 letters in 130 bytes":
        ("Ana,{},30111222,1990-05-17,12".format("ñ" * 65).encode(), "LONG", "last name"),
    "document of 33 digits": (b"Ana,Perez," + b"3" * 33 + b",1990-05-17,12", "LONG", "document"),
    "byte 0xFF": (b"Ana,P\xffrez,30111222,1990-05-17,12", "UTF8", "last name"),
    "Latin-1": ("Ana,Pérez,30111222,1990-05-17,12".encode("latin-1"), "UTF8", "last name"),
    "half a character": (b"Ana,Perez\xc3,30111222,1990-05-17,12", "UTF8", "last name"),
    "overlong UTF-8": (b"Ana,P\xc0\xafrez,30111222,1990-05-17,12", "UTF8", "last name"),
    "surrogate": (b"Ana,P\xed\xa0\x80rez,30111222,1990-05-17,12", "UTF8", "last name"),
    "NUL": (b"Ana,P\x00rez,30111222,1990-05-17,12", "CONTROL", "last name"),
    "tabulator": (b"Ana,P\trez,30111222,1990-05-17,12", "CONTROL", "last name"),
    "escape": (b"A\x1b[2Jna,Perez,30111222,1990-05-17,12", "CONTROL", "first name"),
    "DEL in a document": (b"Ana,Perez,3011\x7f,1990-05-17,12", "CONTROL", "document"),
    "control character of two bytes": (b"Ana,P\xc2\x85rez,30111222,1990-05-17,12", "CONTROL", "last name"),
    "line end in a name": (b'"An\na",Perez,30111222,1990-05-17,12', "CONTROL", "first name"),
    "lone CR": (b"Ana,P\rrez,30111222,1990-05-17,12", "CONTROL", "last name"),
    "blanks for a name": (b"   ,Perez,30111222,1990-05-17,12", "BLANK", "first name: whitespace at its start"),
    "no-break space for a document": ("Ana,Perez,\u00a0,1990-05-17,12".encode(), "BLANK", "document"),
    "blank behind a name": (b"Ana,Perez ,30111222,1990-05-17,12", "BLANK", "last name"),
    "zero-width space": ("Ana,Pe\u200brez,30111222,1990-05-17,12".encode(), "CHARACTER",
                         "last name: an invisible character, or one that reverses text, U+200B"),
    "right-to-left override": ("Ana,\u202ezereP,30111222,1990-05-17,12".encode(), "CHARACTER", "last name"),
    "mark in a file": ("\ufeffAna,Perez,30111222,1990-05-17,12".encode(), "CHARACTER", "first name"),
    "tag": ("Ana,Perez,30111222\U000e0041,1990-05-17,12".encode(), "CHARACTER", "document"),
    "born before 1900": (b"Ana,Perez,30111222,1899-12-31,12", "DATE", "birthdate: a day before 1900"),
    "not born yet": (b"Ana,Perez,30111222,2999-01-01,12", "DATE", "birthdate: a day in the future"),
    "header row": (b"nombre,apellido,documento,nacimiento,numero", "DATE", "birthdate"),
    "quote in a bare field": (b'Ana "la",Perez,30111222,1990-05-17,12', "QUOTES", "first name"),
    "text behind a quote": (b'"Ana" la,Perez,30111222,1990-05-17,12', "QUOTES", "first name"),
    "quote never closed": (b'"Ana,Perez,30111222,1990-05-17,12', LOCAL, "a quote is not closed"),
    "row longer than any": (b"A" * 700 + b",Perez,30111222,1990-05-17,12", LOCAL, "the row is longer than"),
}  # fmt: skip

ROWS, BATCH_ROWS, BAD_INDEX = 30, 5, 22  # the bad row is the third of the fifth batch
BEFORE = BAD_INDEX // BATCH_ROWS * BATCH_ROWS  # rows in the batches that come before


@pytest.fixture(scope="module")
def bad_day(tmp_path_factory):
    """A day on which every agency's file has a bad row, and is mended afterwards."""
    directory = tmp_path_factory.mktemp("bad-day")
    central = loteria.Central(directory, workers=1, agencies=len(BAD_ROWS))
    with loteria.stopped_at_the_end(central.process):
        wire.wait_for_central(central.server)
        agencies = {name: bad_agency(central, number, *row)
                    for number, (name, row) in enumerate(BAD_ROWS.items(), 1)}  # fmt: skip
        for agency in agencies.values():
            agency.stored = stored_of(central, agency.number)
        log_before_mending = central.process.log
        for agency in agencies.values():
            write_rows(agency.file, agency.rows)
            agency.again = central.agency(agency.number, agency.file, "--batch-count", BATCH_ROWS)
        for agency in agencies.values():
            agency.again.wait()
        day = types.SimpleNamespace(
            agencies=agencies, log=log_before_mending, stopped=central.stop(),
            whole_log=central.process.log, data=central.data)  # fmt: skip
        yield day


def bad_agency(central, number, row, code, reason):
    """Run an agency on a file with the row; it must end by itself."""
    file = central.directory / f"agency-{number}.csv"
    rows = [GOOD.replace(b"30111222", b"%d" % (30_000_000 + i)) for i in range(ROWS)]
    bad_rows = rows[:BAD_INDEX] + [row] + rows[BAD_INDEX + 1 :]
    write_rows(file, bad_rows)
    process = central.agency(number, file, "--batch-count", BATCH_ROWS)
    return types.SimpleNamespace(number=number, file=file, rows=rows, code=code, reason=reason,
                                 status=process.wait(), log=process.log, stdout=process.stdout)  # fmt: skip


def write_rows(path, rows):
    path.write_bytes(b"".join(row + b"\r\n" for row in rows))


def stored_of(central, number):
    """An agency's rows as of now; bets.csv may be read at any time, so the last may be half there."""
    lines = (central.data / "bets.csv").read_bytes().decode().splitlines(keepends=True)
    return [row[1:] for row in csv.reader(line for line in lines if line.endswith("\r\n"))
            if row[0] == str(number)]  # fmt: skip


@pytest.fixture(params=BAD_ROWS)
def bad(bad_day, request):
    return bad_day.agencies[request.param]


def test_agency_names_file_and_line(bad):
    assert bad.status == 1, bad.log
    assert bad.stdout == ""
    last = loteria.parse_log(bad.log)[-1]
    assert (last["level"], last["action"], last["result"]) == ("ERROR", "agencia", "fail")
    assert last["reason"].startswith(f"{bad.file}, line {BAD_INDEX + 1}")
    assert bad.reason in last["reason"]
    assert bad.code is LOCAL or last["reason"].endswith(f"({bad.code})")


def test_central_logs_the_batch_and_the_row(bad, bad_day):
    failed = [entry for entry in loteria.parse_log(bad_day.log)
              if entry["action"] == "apuesta_recibida" and entry["result"] == "fail"
              and entry["agency"] == str(bad.number)]  # fmt: skip
    if bad.code in (LOCAL, "RANGE"):  # the agency knows the draw's highest number
        assert failed == []
        return
    assert len(failed) == 1
    entry = failed[0]
    assert entry["level"] == "WARNING"
    assert (entry["cantidad"], entry["offset"]) == (str(BATCH_ROWS), str(BEFORE))
    assert (entry["code"], entry["row"]) == (bad.code, str(BAD_INDEX - BEFORE + 1))
    assert entry["reason"].startswith(bad.reason)


def test_file_is_stored_up_to_its_first_bad_row(bad):
    good = [row.decode().split(",") for row in bad.rows]
    assert bad.stored == good[: len(bad.stored)]
    assert len(bad.stored) == BAD_INDEX, "all that stands before the bad row, and nothing else"


def test_mended_file_finishes_the_day(bad, bad_day):
    assert bad.again.wait() == 0, bad.again.log
    loteria.assert_day_right(
        bad_day.data,
        {agency.number: agency.file for agency in bad_day.agencies.values()},
        {agency.number: agency.again.stdout for agency in bad_day.agencies.values()})  # fmt: skip


def test_nothing_died_of_it(bad_day):
    entries = loteria.parse_log(bad_day.whole_log)
    assert bad_day.stopped == 0
    assert [entry for entry in entries if entry["action"] == "proceso"] == []
    assert len([entry for entry in entries if entry["action"] == "sorteo"]) == 1
    assert b"siete" not in (bad_day.data / "bets.csv").read_bytes()


# ---- files and places that cannot be used ------------------------------------------


@pytest.mark.parametrize("name, reason", [("nowhere.csv", "No such file"), (".", "is a directory"),
                                          ("/dev/null", "is not a regular file")])  # fmt: skip
def test_agency_file_that_cannot_be_read(start, tmp_path, name, reason):
    agency = start("loteria-agency", "--id", 1, "--bets", tmp_path / name)
    assert agency.wait() == 1
    entry = loteria.parse_log(agency.log)[-1]
    assert entry["result"] == "fail" and entry["reason"].startswith(f"{tmp_path / name}: ") and reason in entry["reason"]
    assert agency.stdout == ""


@pytest.mark.parametrize("address, reason", [
    ("127.0.0.1", "no port at its end, as in 127.0.0.1:12345"),
    ("127.0.0.1:", "does not end in a port from 1 to 65535"),
    ("127.0.0.1:0", "port 0 is only for listening; to connect, give one from 1 to 65535"),
    ("127.0.0.1:99999", "does not end in a port from 1 to 65535"),
    ("nonsense", "no port at its end, as in 127.0.0.1:12345"),
    ("http://127.0.0.1:1", "starts with http://; only tcp:// and ipc:// are supported"),
    ("::1:12345", "an IPv6 address needs brackets, as in [::1]:12345")])  # fmt: skip
def test_agency_server_that_is_no_address(start, tmp_path, address, reason):
    file = loteria.make_bets(tmp_path / "bets.csv", 1, 1)
    agency = start("loteria-agency", "--id", 1, "--bets", file, "--server", address)
    assert agency.wait() == 2
    assert agency.log == f"loteria-agency: --server: {address}: {reason}\n"


def test_central_that_is_not_there(start, tmp_path):
    file = loteria.make_bets(tmp_path / "bets.csv", 1, 1)
    server = f"127.0.0.1:{loteria.free_port()}"
    agency = start("loteria-agency", "--id", 1, "--bets", file, "--server", server, "--patience", 1)
    assert agency.wait() == 1
    assert "has not answered for 1 s" in loteria.parse_log(agency.log)[-1]["reason"]


# ---- the protocol, spoken by hand --------------------------------------------------

MESSAGE_BYTES, BATCH_COUNT, NUMBER_MAX = 8192, 100, 500


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A central with small limits for all tests below. One worker, so that order is kept."""
    central = loteria.Central(
        tmp_path_factory.mktemp("raw"), workers=1, agencies=1000,
        arguments=("--message-bytes", MESSAGE_BYTES, "--batch-count", BATCH_COUNT, "--number-max", NUMBER_MAX,
                   "--winning-number", 7))  # fmt: skip
    central.last_agency = 0
    with loteria.stopped_at_the_end(central.process):
        yield central
        assert central.stop() == 0
        entries = loteria.parse_log(central.process.log)
        assert [entry for entry in entries if entry["action"] == "proceso"] == [], "a process died"
        assert central.check()[0] == 0


@pytest.fixture
def agency(shared):
    """The number of an agency that nobody has used."""
    shared.last_agency += 1
    return shared.last_agency


@pytest.fixture
def client(shared):
    with wire.Client(shared.server) as connected:
        yield connected


@contextlib.contextmanager
def nothing_written(central):
    def files():
        return [(central.data / name).read_bytes() for name in ("bets.csv", "bets.index", "bets.log")]

    before = files()
    yield
    assert files() == before


def failed_batches(central, agency):
    return [(entry["code"], entry["cantidad"]) for entry in loteria.parse_log(central.process.log)
            if entry["action"] == "apuesta_recibida" and entry["result"] == "fail"
            and entry["agency"] == str(agency)]  # fmt: skip


def sized_batch(agency, offset, size):
    """A sound batch whose message has exactly this size, in at most BATCH_COUNT rows."""
    rows, missing = wire.bets(BATCH_COUNT), size - len(wire.batch(agency, offset, wire.bets(BATCH_COUNT)))
    for i, row in enumerate(rows):
        longer = min(missing, 100)
        rows[i], missing = row.replace("Ana", "Ana" + "x" * longer), missing - longer
    frame = wire.batch(agency, offset, rows)
    assert len(frame) == size
    return frame


BAD_BATCHES = [
    # rows, count, code, row
    (b"", 0, "EMPTY", 0),
    (b"", 1, "COUNT", 1),
    (b"a,b,1,2000-01-01,1\n", 0, "COUNT", 0),
    (b"a,b,1,2000-01-01,1\n" * 2, 3, "COUNT", 3),
    (b"a,b,1,2000-01-01,1\n" * 3, 2, "COUNT", 3),
    (b"a,b,1,2000-01-01,1\n" * BATCH_COUNT, BATCH_COUNT + 1, "ROWS", 0),
    (b"a,b,1,2000-01-01,1\n" * (BATCH_COUNT + 1), BATCH_COUNT + 1, "ROWS", 0),
    (b"a,b,1,2000-01-01,1\n", 0xFFFFFFFF, "ROWS", 0),
    (b"a,b,1,2000-01-01,1", 1, "FIELDS", 1),  # the last row has a line end too
    (b"\n", 1, "FIELDS", 1),
    (b"a,b,1,2000-01-01,1\n\n", 1, "COUNT", 2),
    (b"a,b,1,2000-01-01,1\na,b,1,2000-01-01,501\n", 2, "RANGE", 2),
    (b"\x00,b,1,2000-01-01,1\n", 1, "CONTROL", 1),
    (b"x" * 5000 + b",b,1,2000-01-01,1\n", 1, "LONG", 1),
    (b'"' * 5001, 1, "QUOTES", 1),
    (b"," * 5000, 1, "MISSING", 1),]  # fmt: skip


@pytest.mark.parametrize("rows, count, code, row", BAD_BATCHES, ids=range(len(BAD_BATCHES)))
def test_batch_that_is_refused_whole(shared, client, agency, rows, count, code, row):
    client.hello(agency)
    assert client.store(agency, 0, wire.bets(3)) == 3
    with nothing_written(shared):
        refusal = client.refused(wire.batch(agency, 3, rows, count))
        assert (refusal.code, refusal.row, refusal.agency, refusal.offset) == (code, row, agency, 3)
        assert refusal.command == wire.COMMANDS["BATCH"]
        assert 0 < len(refusal.text) <= 255
        assert client.hello(agency).next == 3
    assert failed_batches(shared, agency) == [(code, str(count))]


def test_number_max_is_the_last_that_is_taken(shared, client, agency):
    client.hello(agency)
    assert client.store(agency, 0, wire.bets(1, number=0)) == 1
    assert client.store(agency, 1, wire.bets(1, number=NUMBER_MAX)) == 2
    refusal = client.refused(wire.batch(agency, 2, wire.bets(1, number=NUMBER_MAX + 1)))
    assert (refusal.code, refusal.row, refusal.field) == ("RANGE", 1, 5)


def test_byte_limit(shared, client, agency):
    assert client.hello(agency).message_bytes_max == MESSAGE_BYTES
    client.send(sized_batch(agency, 0, MESSAGE_BYTES))
    answer = client.receive()
    assert (answer.name, answer.next) == ("STORED", BATCH_COUNT)
    with nothing_written(shared):
        for size in (MESSAGE_BYTES + 1, 2 * MESSAGE_BYTES):
            frame = sized_batch(agency, BATCH_COUNT, MESSAGE_BYTES)
            refusal = client.refused(frame + b"x" * (size - len(frame)))
            assert (refusal.code, refusal.offset, refusal.agency) == ("SIZE", BATCH_COUNT, agency)
        assert client.hello(agency).next == BATCH_COUNT


def test_frame_over_twice_the_limit_costs_its_connection_and_no_other(shared, agency):
    with wire.Client(shared.server) as other, wire.Client(shared.server) as greedy:
        closed = {who: who.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED) for who in (other, greedy)}
        other.hello(agency)
        greedy.hello(agency)
        greedy.send(sized_batch(agency, 0, MESSAGE_BYTES) + b"x" * (MESSAGE_BYTES + 1))
        assert closed[greedy].poll(loteria.DEADLINE * 1000), "the connection was not closed"
        assert monitor.recv_monitor_message(closed[greedy])["event"] == zmq.EVENT_DISCONNECTED
        assert other.store(agency, 0, wire.bets(2)) == 2
        assert greedy.hello(agency).next == 2, "it comes back by itself"
        assert not closed[other].poll(0)
        for who in (other, greedy):
            who.socket.disable_monitor()


@pytest.mark.parametrize("number", [0, 1001, 100_000, 100_001, 0xFFFFFFFF])
def test_agency_not_on_the_roll(shared, client, number):
    client.hello(shared.agencies)  # another one, so that the draw is known
    with nothing_written(shared):
        for command in ("HELLO", "READY", "RESULTS", "DONE"):
            refusal = client.refused(wire.simple(command, number))
            assert (refusal.code, refusal.agency) == ("AGENCY", number)
            assert refusal.command == wire.COMMANDS[command]
        # storage knows accounts, not the roll; HELLO is what it sends the agency to
        assert client.refused(wire.batch(number, 0, wire.bets(1))).code == "HELLO"


def test_batch_before_hello(shared, client, agency):
    client.hello(shared.agencies)  # another one, so that the draw is known
    with nothing_written(shared):
        refusal = client.refused(wire.batch(agency, 0, wire.bets(1)))
        assert (refusal.code, refusal.expected) == ("HELLO", 0)
        assert client.refused(wire.simple("READY", agency, 0)).code == "HELLO"
    assert client.hello(agency).next == 0
    assert client.store(agency, 0, wire.bets(1)) == 1


def test_ready_with_another_count(shared, client, agency):
    client.hello(agency)
    client.store(agency, 0, wire.bets(5))
    with nothing_written(shared):
        for count in (0, 4, 6, 2**64 - 1):
            refusal = client.refused(wire.simple("READY", agency, count))
            assert (refusal.code, refusal.expected) == ("TALLY", 5)
            assert refusal.command == wire.COMMANDS["READY"]
        assert client.hello(agency).day == 0
    assert client.store(agency, 5, wire.bets(1, 5)) == 6, "it may go on selling"


def test_bet_after_ready(shared, client, agency):
    client.hello(agency)
    client.store(agency, 0, wire.bets(5))
    answer = client.ask(wire.simple("READY", agency, 5))
    assert (answer.name, answer.agencies) == ("WAITING", 1000)
    with nothing_written(shared):
        for offset, rows in ((5, wire.bets(1, 5)), (4, wire.bets(2, 4)), (9, wire.bets(1, 9))):
            refusal = client.refused(wire.batch(agency, offset, rows))
            assert (refusal.code, refusal.offset, refusal.expected) == ("CLOSED", offset, 5)
        refusal = client.refused(wire.simple("READY", agency, 6))
        assert (refusal.code, refusal.expected) == ("TALLY", 5)
        assert client.store(agency, 0, wire.bets(5)) == 5, "a repeat is still only a repeat"
        again = client.ask(wire.simple("READY", agency, 5))
        assert (again.name, again.ready) == ("WAITING", answer.ready), "it is counted once"
        welcome = client.hello(agency)
        assert (welcome.next, welcome.day) == (5, 1)


def test_agency_that_is_sealed_sells_no_longer_file(shared, client, agency, start, tmp_path):
    client.hello(agency)
    client.store(agency, 0, wire.bets(5))
    assert client.ask(wire.simple("READY", agency, 5)).name == "WAITING"
    file = tmp_path / "late.csv"
    write_rows(file, [row.encode() for row in wire.bets(6)])
    with nothing_written(shared):
        late = start("loteria-agency", "--id", agency, "--bets", file, "--server", shared.server)
        late.wait_for_log("action: espera_sorteo")
        assert late.stop() == 3
        closed, failed = (entry for entry in loteria.parse_log(late.log) if entry["result"] == "fail")
        assert closed["reason"] == failed["reason"] and closed["draw"] == "first"
        assert f"5 bets of {file} are in, and the first that is not is on line 6" in closed["reason"]


def test_gap(shared, client, agency):
    client.hello(agency)
    client.store(agency, 0, wire.bets(5))
    with nothing_written(shared):
        for offset in (5 + 256 * 65535 + 1, 2**63 - 1, 2**63, 2**64 - 1):
            refusal = client.refused(wire.batch(agency, offset, wire.bets(1)))
            assert (refusal.code, refusal.offset) == ("GAP", offset)
            assert refusal.expected == (5 if offset < 2**63 else 0)
        assert client.hello(agency).next == 5


def test_batch_across_the_end_of_what_is_stored(shared, client, agency):
    client.hello(agency)
    client.store(agency, 0, wire.bets(5))
    with nothing_written(shared):
        for offset, count in ((0, 6), (4, 2), (1, 99)):
            refusal = client.refused(wire.batch(agency, offset, wire.bets(count, offset)))
            assert (refusal.code, refusal.expected) == ("GAP", 5)
    assert client.store(agency, 5, wire.bets(1, 5)) == 6


def test_batch_ahead_is_stored_once_the_gap_is_filled(shared, client, agency):
    client.hello(agency)
    client.store(agency, 0, wire.bets(2))
    with nothing_written(shared):
        client.send(wire.batch(agency, 6, wire.bets(2, 6), digest=wire.digest(wire.bets(6))))
        client.send(wire.batch(agency, 4, wire.bets(2, 4), digest=wire.digest(wire.bets(4))))
        client.send(wire.batch(agency, 4, wire.bets(2, 4), digest=wire.digest(wire.bets(4))))
        # one worker keeps the order: when this repeat is answered the others were looked at
        assert client.store(agency, 0, wire.bets(2)) == 2
    assert client.store(agency, 2, wire.bets(2, 2)) == 8
    assert client.hello(agency).next == 8
    stored = [row for row in stored_of(shared, agency)]
    assert stored == [row.split(",") for row in wire.bets(8)]


def test_hello_forgets_what_is_held(shared, client, agency):
    client.hello(agency)
    client.send(wire.batch(agency, 2, wire.bets(2, 2)))
    assert client.hello(agency).next == 0
    assert client.store(agency, 0, wire.bets(2)) == 2, "nothing was released behind it"
    assert client.store(agency, 2, wire.bets(1, 7)) == 3, "so other bets are no conflict"


def test_repeats_write_nothing(shared, client, agency):
    """The very first batch again after hundreds of others; and in other portions."""
    total = 900
    client.hello(agency)
    for offset in range(0, total, 3):
        assert client.store(agency, offset, wire.bets(3, offset)) == offset + 3
    with nothing_written(shared):
        for offset, count in ((0, 3), (total - 3, 3), (450, 3), (0, 1), (2, 1), (1, 3), (0, 100), (451, 77),
                              (total - 100, 100), (total - 1, 1)):  # fmt: skip
            assert client.store(agency, offset, wire.bets(count, offset)) == total, (offset, count)
        assert client.hello(agency).next == total
    assert len(stored_of(shared, agency)) == total


@pytest.mark.parametrize(
    "rows",
    [b"Ana,Paz,1,2000-01-01,7\nEva,Paz,2,2000-01-01,8\n",
     b"Ana,Paz,1,2000-01-01,007\r\nEva,Paz,2,2000-01-01,08\r\n",
     b'"Ana","Paz","1","2000-01-01","7"\n"Eva",Paz,2,2000-01-01,8\r\n'],
    ids=["LF", "zeros", "quotes"],
)  # fmt: skip
def test_repeat_that_is_spelt_otherwise(shared, client, agency, rows):
    client.hello(agency)
    assert client.store(agency, 0, ["Ana,Paz,1,2000-01-01,7", "Eva,Paz,2,2000-01-01,8"]) == 2
    with nothing_written(shared):
        answer = client.ask(wire.batch(agency, 0, rows, 2))
        assert (answer.name, answer.next) == ("STORED", 2)


def test_other_bets_at_a_stored_offset(shared, client, agency):
    client.hello(agency)
    client.store(agency, 0, wire.bets(10))
    client.store(agency, 10, wire.bets(10, 10))
    conflicts = [(0, wire.bets(10, number=2)), (9, wire.bets(2, 10)), (19, wire.bets(1, 20)),
                 (0, wire.bets(19) + wire.bets(1))]  # fmt: skip
    with nothing_written(shared):
        for offset, rows in conflicts:
            refusal = client.refused(wire.batch(agency, offset, rows))
            assert (refusal.code, refusal.offset, refusal.expected) == ("CONFLICT", offset, 20)
        assert client.hello(agency).next == 20
    loud = [entry for entry in loteria.parse_log(shared.process.log)
            if entry["action"] == "conflicto" and entry["agency"] == str(agency)]  # fmt: skip
    assert [(entry["level"], entry["result"], int(entry["offset"])) for entry in loud] == [
        ("ERROR", "fail", offset) for offset, _ in conflicts]  # fmt: skip
    assert client.store(agency, 20, wire.bets(1, 20)) == 21


def test_file_that_was_changed_in_between(shared, client, agency, start, tmp_path):
    """An agency whose file has other bets than are stored where its batches overlap with them."""
    file = tmp_path / "changed.csv"
    write_rows(file, [row.encode() for row in wire.bets(2)])
    client.hello(agency)
    client.store(agency, 0, wire.bets(3))
    with nothing_written(shared):
        short = start("loteria-agency", "--id", agency, "--bets", file, "--server", shared.server)
        assert short.wait() == 1
        assert f"has 3 bets of agency {agency}, {file} has only 2" in loteria.parse_log(short.log)[-1]["reason"]


def test_results_before_the_draw(shared, client, agency):
    client.hello(agency)
    with nothing_written(shared):
        waiting = client.ask(wire.simple("RESULTS", agency))  # it is told when the draw is made
        assert (waiting.name, waiting.agency, waiting.day) == ("WAITING", agency, 0)
        refusal = client.refused(wire.simple("DONE", agency))
        assert (refusal.code, refusal.command) == ("UNDRAWN", wire.COMMANDS["DONE"])


def test_cursors_that_were_never_given_out(central):
    """They find what lies there, of this agency alone, and harm nothing."""
    made = central(workers=1, agencies=2)
    with wire.Client(made.server) as client:
        for agency in (1, 2):
            client.hello(agency)
            for offset in (0, 2):
                rows = [f"Ana,Paz,{agency}00{offset + i},2000-01-01,7574" for i in range(2)]
                assert client.store(agency, offset, rows) == offset + 2
        assert client.ask(wire.simple("READY", 1, 4)).name == "WAITING"
        client.send(wire.simple("READY", 2, 4))
        pushed = [client.receive(), client.receive()]
        assert {(page.name, page.agency) for page in pushed} == {("WINNERS", 1), ("WINNERS", 2)}
        whole = {page.agency: page.documents.split() for page in pushed}
        assert whole == {1: [b"1000", b"1001", b"1002", b"1003"], 2: [b"2000", b"2001", b"2002", b"2003"]}
        with nothing_written(made):
            for cursor in (1, 2, 0xFFFF, 0x10000, 0x20001, 0x30000, 0x7FFF0000, 2**32, 2**48, 2**63, 2**64 - 1):
                for agency in (1, 2):
                    page = client.ask(wire.simple("RESULTS", agency, cursor))
                    assert (page.name, page.agency, page.cursor) == ("WINNERS", agency, cursor)
                    found = page.documents.split()
                    assert page.count == len(found)
                    assert found == whole[agency][len(whole[agency]) - len(found) :], cursor
            assert client.ask(wire.simple("RESULTS", 1, 0)).documents.split() == whole[1]
    assert made.stop() == 0
