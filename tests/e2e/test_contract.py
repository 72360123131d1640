"""What the users' own programs rely on: log lines, names of settings, files, exit codes."""

import collections
import csv
import json
import os
import re
import signal

import pytest

import loteria

COUNTS = {1: 230, 2: 60, 3: 0}
WINNERS = {1: {4, 200}, 2: {59}, 3: set()}
BATCH_COUNT = 50
STAMP = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
AWKWARD = ["Íñigo,Núñez,30111222,1990-05-17,1", "José Ángel,D'Agüero,30111223,1984-02-29,0007574",
           '"Paz, hijo",Ñandú,30111224,2000-01-01,9999', '"Ana ""Anita""",O’Higgins | #1,30111225,1999-12-31,0',
           "日本,Ωμέγα,30-111-226,1970-01-01,42"]  # fmt: skip


def write_bets(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(row + "\r\n" for row in rows).encode())
    return path


def entries(log, action, result="success"):
    return [entry for entry in loteria.parse_log(log) if (entry["action"], entry["result"]) == (action, result)]


def lines(log, action):
    """The lines as they stand there, each without its stamp."""
    found = [line for line in log.splitlines() if f"action: {action} |" in line]
    assert all(re.match(STAMP + " ", line) for line in found)
    return [line[20:] for line in found]


# ---- a day's lines -------------------------------------------------------------------


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    """A whole day with a line for each bet, played and stopped, for the tests to look at."""
    directory = tmp_path_factory.mktemp("contract")
    made = loteria.Parts(directory, workers=1, agencies=3, start=False)
    for name in reversed(made.commands):
        made.start(name, *(["--log-bets"] if name == "loteria-storage" else []))
    with loteria.stopped_at_the_end(*made.processes):
        made.files = {agency: loteria.make_bets(directory / f"agency-{agency}.csv", agency, count, winners=WINNERS[agency])
                      for agency, count in COUNTS.items()}  # fmt: skip
        made.agencies = made.sell(made.files, "--log-bets", "--batch-count", BATCH_COUNT)
        made.results = loteria.assert_day_ends(made, made.files, made.agencies)
        assert made.stop() == 0
        yield made


def bets_of(path):
    return [(row[2], row[4]) for row in loteria.rows_of(path)]


def test_config_line(day):
    for number, agency in day.agencies.items():
        (line,) = lines(agency.log, "config")
        assert line.startswith(
            f"INFO     action: config | result: success | client_id: {number} | server_address: {day.server} | ")


def test_line_for_each_bet_sent(day):
    for number, agency in day.agencies.items():
        assert lines(agency.log, "apuesta_enviada") == [
            f"INFO     action: apuesta_enviada | result: success | dni: {document} | numero: {bet} | draw: first | agency: {number}"
            for document, bet in bets_of(day.files[number])]  # fmt: skip


def test_line_for_the_winners(day):
    for number, agency in day.agencies.items():
        assert lines(agency.log, "consulta_ganadores") == [
            f"INFO     action: consulta_ganadores | result: success | cant_ganadores: {len(WINNERS[number])} | draw: first | agency: {number}"]


def test_line_for_each_bet_stored(day):
    log = day.parts["loteria-storage"].log
    expected = [f"INFO     action: apuesta_almacenada | result: success | dni: {document} | numero: {number} | draw: first | agency: {agency}"
                for agency, path in day.files.items() for document, number in bets_of(path)]  # fmt: skip
    assert collections.Counter(lines(log, "apuesta_almacenada")) == collections.Counter(expected)


def test_line_for_each_batch(day):
    log = day.parts["loteria-storage"].log
    batches = lines(log, "apuesta_recibida")
    form = r"INFO     action: apuesta_recibida \| result: success \| cantidad: (\d+) \| draw: first \| agency: \d"
    sizes = [int(re.fullmatch(form, line)[1]) for line in batches]
    assert sorted(sizes) == sorted([50, 50, 50, 50, 30, 50, 10])
    assert sum(sizes) == sum(COUNTS.values())


def test_line_for_the_draw_stands_there_once(day):
    assert lines(day.log, "sorteo") == ["INFO     action: sorteo | result: success | numero: 7574 | draw: first"]


def test_bets_are_logged_when_they_are_on_disk_and_not_again(day):
    """Each batch's line stands before those of its bets; the sums agree at every batch."""
    due = 0
    for entry in loteria.parse_log(day.parts["loteria-storage"].log):
        if entry["action"] == "apuesta_recibida":
            assert due == 0
            due = int(entry["cantidad"])
        elif entry["action"] == "apuesta_almacenada":
            due -= 1
    assert due == 0


def test_shutdown_of_every_process(day):
    for process in day.parts.values():
        shutdown = [entry for entry in loteria.parse_log(process.log) if entry["action"] == "shutdown"]
        assert shutdown[0]["result"] == "in_progress" and len(shutdown[0]) == 3
        assert shutdown[-1]["result"] == "success" and len(shutdown[-1]) == 3
        assert len(shutdown) >= 3
        assert all(entry["result"] == "success" and entry["closed"] for entry in shutdown[1:-1])


def test_logs_are_on_stderr_and_only_results_on_stdout(day):
    assert [process.stdout for process in day.processes] == [""] * len(day.processes)
    for number, agency in day.agencies.items():
        assert agency.stdout.count("\n") == 1
        result = json.loads(agency.stdout)
        assert list(result) == ["agency", "draw", "bets", "cancelled", "sent", "number", "winners", "seconds",
                                "bets_per_second", "retries"]  # fmt: skip
        assert (result["agency"], result["bets"], result["sent"]) == (number, COUNTS[number], COUNTS[number])
        assert (result["draw"], result["cancelled"]) == ("first", 0)
        assert (result["number"], len(result["winners"])) == (7574, len(WINNERS[number]))
        assert result["seconds"] >= 0 and result["bets_per_second"] >= 0 and result["retries"] >= 0


def test_without_json_stdout_holds_the_documents(central, start, tmp_path):
    made = central(workers=1, agencies=1)
    file = write_bets(tmp_path / "bets.csv", AWKWARD + ["Eva,Paz,1-A,2000-02-29,7574"])
    agency = start("loteria-agency", "--id", 1, "--bets", file, "--server", made.server)
    assert agency.wait() == 0, agency.log
    assert agency.stdout == "30111223\n1-A\n"
    again = start("loteria-agency", "--id", 1, "--results", "--server", made.server)
    assert again.wait() == 0 and again.stdout == agency.stdout


def test_no_line_for_a_bet_unless_asked_for(central, tmp_path):
    made = central(workers=1, agencies=1)
    agencies = made.sell({1: write_bets(tmp_path / "bets.csv", AWKWARD)})
    loteria.finish(agencies)
    assert entries(agencies[1].log, "apuesta_enviada") == []
    assert entries(made.log, "apuesta_almacenada") == []
    assert [entry["cantidad"] for entry in entries(made.log, "apuesta_recibida")] == [str(len(AWKWARD))]


def test_what_is_in_a_bet_can_not_spoil_a_line(central, tmp_path):
    """A document may hold what separates the parts of a line."""
    rows = ["Ana,Paz,1|2,2000-01-01,1", "Ana,Paz,a: b | result: fail,2000-01-01,2", '"A, ""B""",Paz,"1,2",2000-01-01,3']
    made = central(workers=1, agencies=1, arguments=["--log-bets"])
    agencies = made.sell({1: write_bets(tmp_path / "bets.csv", rows)}, "--log-bets")
    loteria.finish(agencies)
    for log, action in ((agencies[1].log, "apuesta_enviada"), (made.log, "apuesta_almacenada")):
        assert [(entry["dni"], entry["numero"]) for entry in entries(log, action)] == [
            ("1/2", "1"), ("a: b / result: fail", "2"), ("1,2", "3")]


# ---- what is stored ------------------------------------------------------------------


def test_accents_and_quotes_survive_to_the_byte(central, tmp_path):
    made = central(workers=1, agencies=1)
    loteria.finish(made.sell({1: write_bets(tmp_path / "bets.csv", AWKWARD)}))
    expected = [f"1,{row}\r\n" for row in AWKWARD]
    expected[1] = expected[1].replace("0007574", "7574")
    assert made.csv() == "".join(expected).encode()


def test_any_program_may_read_bets_csv_while_it_is_written(central, tmp_path):
    """Whenever it is read, what is there is whole rows of what was sent, but for the very end."""
    made = central(workers=2, agencies=2)
    files = {agency: loteria.make_bets(tmp_path / f"agency-{agency}.csv", agency, 20_000, seed=3) for agency in (1, 2)}
    rows = {agency: loteria.rows_of(path) for agency, path in files.items()}
    agencies = made.sell(files, "--batch-count", 100)
    reads, running = 0, True
    while running or reads == 0:
        running = any(agency.popen.poll() is None for agency in agencies.values())
        raw = made.csv() if (made.data / "bets.csv").exists() else b""
        whole = raw[: raw.rfind(b"\r\n") + 2].decode().splitlines(keepends=True)
        places = {1: 0, 2: 0}
        for agency, *row in csv.reader(whole):
            assert row == rows[int(agency)][places[int(agency)]]
            places[int(agency)] += 1
        reads += bool(whole)
    loteria.assert_day_ends(made, files, agencies)


def test_rows_end_in_lf_or_crlf_and_the_last_needs_no_end(central, tmp_path):
    made = central(workers=1, agencies=2)
    for agency, end in ((1, "\n"), (2, "\r\n")):
        (tmp_path / f"{agency}.csv").write_bytes(end.join(AWKWARD).encode())
    loteria.finish(made.sell({agency: tmp_path / f"{agency}.csv" for agency in (1, 2)}))
    stored = loteria.stored_by_agency(made.data)
    assert stored[1] == stored[2] and len(stored[1]) == len(AWKWARD)


# ---- names of settings ---------------------------------------------------------------


def test_the_central_s_environment(start, tmp_path):
    """TOTAL_AGENCIES, LOGGING_LEVEL and SERVER_PORT, as the reference's server takes them."""
    port = loteria.free_port()
    central = start("loteria-central", "--workers", 1, "--data-dir", tmp_path / "data", environment={
        "TOTAL_AGENCIES": "2", "LOGGING_LEVEL": "warning", "SERVER_PORT": str(port)})  # fmt: skip
    file = write_bets(tmp_path / "bets.csv", AWKWARD)
    first, second = (("loteria-agency", "--id", agency, "--bets", file, "--server", f"127.0.0.1:{port}") for agency in (1, 2))
    waiting = start(*first)
    waiting.wait_for_log(r"action: espera_sorteo \| result: in_progress \| ready: 1 \| agencies: 2 \| waiting_for: agency 2 \| draw: first \| agency: \d\n")
    loteria.finish({1: waiting, 2: start(*second)})
    third = start("loteria-agency", "--id", 3, "--bets", file, "--server", f"127.0.0.1:{port}")
    assert third.wait() == 1 and "(AGENCY)" in third.log
    assert central.stop() == 0
    assert {entry["level"] for entry in loteria.parse_log(central.log)} <= {"WARNING", "ERROR"}


@pytest.mark.parametrize("level, lowest", [("debug", "DEBUG"), ("INFO", "INFO"), ("Error", "ERROR"), ("CRITICAL", None)])
def test_levels_of_the_central(start, tmp_path, level, lowest):
    """It cannot begin, since its directory is a file's child: one line, at the highest level."""
    (tmp_path / "file").touch()
    central = start("loteria-central", "--data-dir", tmp_path / "file" / "data", environment={"LOGGING_LEVEL": level})
    assert central.wait() == 2
    assert [entry["level"] for entry in loteria.parse_log(central.log)] == ["CRITICAL"]
    agency = start("loteria-agency", "--id", 1, "--bets", tmp_path / "nowhere", environment={"CLI_LOG_LEVEL": level})
    assert agency.wait() == 1
    assert [entry["level"] for entry in loteria.parse_log(agency.log)] == (["ERROR"] if lowest else [])


def test_the_agency_s_environment(central, start, tmp_path):
    """CLI_ID, CLI_SERVER_ADDRESS, CLI_BATCH_MAXAMOUNT, CLI_LOOP_PERIOD and CLI_LOG_LEVEL."""
    made = central(workers=1, agencies=2, arguments=["--log-batches"])
    rows = [f"Ana,Paz,{i},2000-01-01,{i}" for i in range(20)]
    agencies = {
        number: start("loteria-agency", "--bets", write_bets(tmp_path / f"{number}.csv", rows), "--json", environment={
            "CLI_ID": str(number), "CLI_SERVER_ADDRESS": made.server, "CLI_BATCH_MAXAMOUNT": "4",
            "CLI_LOOP_PERIOD": "50ms", "CLI_LOG_LEVEL": level})  # fmt: skip
        for number, level in ((1, "info"), (2, "WARNING"))}  # fmt: skip
    for agency in agencies.values():
        assert agency.wait() == 0, agency.log
        assert json.loads(agency.stdout)["seconds"] >= 0.2, "five batches, with four pauses between them"
    assert [json.loads(agency.stdout)["agency"] for agency in agencies.values()] == [1, 2]
    assert [entry["cantidad"] for entry in entries(made.log, "apuesta_recibida")] == ["4"] * 10
    (config,) = entries(agencies[1].log, "config")
    assert (config["client_id"], config["server_address"]) == ("1", made.server)
    assert entries(agencies[2].log, "config") == [] and entries(agencies[2].log, "consulta_ganadores") == []


def test_default_file_of_an_agency(central, start, tmp_path):
    made = central(workers=1, agencies=12)
    write_bets(tmp_path / "here" / ".data" / "agency-12.csv", AWKWARD)
    agency = start("loteria-agency", "--id", 12, "--server", made.server, "--sell-only", cwd=tmp_path / "here")
    assert agency.wait() == 0, agency.log
    assert len(loteria.stored_by_agency(made.data)[12]) == len(AWKWARD)
    other = start("loteria-agency", "--id", 11, "--server", made.server, cwd=tmp_path / "here")
    assert other.wait() == 1
    assert ".data/agency-11.csv: No such file" in loteria.parse_log(other.log)[-1]["reason"]


# ---- a single bet --------------------------------------------------------------------

SINGLE = {"NOMBRE": "Santiago Íñigo", "APELLIDO": 'Lorca, "hijo"', "DOCUMENTO": "30904465",
          "NACIMIENTO": "1999-03-17", "NUMERO": "02201"}  # fmt: skip


def single(start, central, directory, bet, *arguments):
    return start("loteria-agency", "--server", central.server, *arguments, cwd=directory, environment={"CLI_ID": "1", **bet})


def test_single_bet_of_the_environment(central, start, tmp_path):
    made = central(workers=1, agencies=1)
    agency = single(start, made, tmp_path, SINGLE)
    assert agency.wait() == 0, agency.log
    assert lines(agency.log, "apuesta_enviada") == [
        "INFO     action: apuesta_enviada | result: success | dni: 30904465 | numero: 2201 | draw: first | agency: 1"]
    assert agency.stdout == ""
    row = '1,Santiago Íñigo,"Lorca, ""hijo""",30904465,1999-03-17,2201\r\n'.encode()
    assert made.csv() == row
    assert single(start, made, tmp_path, SINGLE).wait() == 0, "another run, another bet"
    assert made.csv() == row * 2
    assert loteria.draws(made.log) == 0


@pytest.mark.parametrize("missing", SINGLE)
@pytest.mark.parametrize("how", ["unset", "empty"])
def test_single_bet_with_something_missing(start, tmp_path, missing, how):
    bet = {**SINGLE, missing: ""} if how == "empty" else {name: text for name, text in SINGLE.items() if name != missing}
    agency = start("loteria-agency", "--id", 1, environment=bet, cwd=tmp_path)
    assert agency.wait() == 2
    assert agency.log.count("\n") == 1 and f" {missing}: missing" in agency.log
    assert agency.stdout == ""


@pytest.mark.parametrize("name, text, code", [("NACIMIENTO", "1999-02-29", "DATE"), ("NUMERO", "siete", "NUMBER"),
                                              ("NUMERO", "10000", "RANGE"), ("NOMBRE", "A\nB", "CONTROL"),
                                              ("DOCUMENTO", "3" * 33, "LONG")])  # fmt: skip
def test_single_bet_that_is_refused(central, start, tmp_path, name, text, code):
    made = central(workers=1, agencies=1)
    agency = single(start, made, tmp_path, {**SINGLE, name: text})
    assert agency.wait() == 1
    entry = loteria.parse_log(agency.log)[-1]
    assert (entry["action"], entry["result"]) == ("agencia", "fail") and entry["reason"].endswith(f"({code})")
    assert made.csv() == b""


def test_a_file_goes_before_the_single_bet(central, start, tmp_path):
    made = central(workers=1, agencies=1)
    file = write_bets(tmp_path / "bets.csv", AWKWARD)
    assert single(start, made, tmp_path, SINGLE, "--bets", file).wait() == 0
    assert len(loteria.stored_by_agency(made.data)[1]) == len(AWKWARD)


# ---- failures are lines as well ------------------------------------------------------


def test_exit_codes_and_lines_of_failures(central, start, tmp_path):
    made = central(workers=1, agencies=1)
    file = write_bets(tmp_path / "bets.csv", AWKWARD)
    good = start("loteria-agency", "--id", 1, "--bets", file, "--server", made.server)
    refused = start("loteria-agency", "--id", 2, "--bets", file, "--server", made.server)
    usage = start("loteria-agency", "--id", 1, "--no-such-flag")
    needed = start("loteria-agency")
    assert [process.wait() for process in (good, refused, usage, needed)] == [0, 1, 2, 2]
    entry = loteria.parse_log(refused.log)[-1]
    assert entry["result"] == "fail" and entry["reason"].startswith("the central refused HELLO: ")
    assert usage.log.startswith("loteria-agency: --no-such-flag: ") and needed.log.startswith("loteria-agency: --id: ")
    assert usage.log.count("\n") == needed.log.count("\n") == 1


def test_every_line_of_a_central_that_loses_its_children(central):
    """The killed are started again, and what is said of it can be parsed (the fixture does)."""
    made = central(workers=2, agencies=1)
    for name in ("loteria-worker", "loteria-broker", "loteria-state", "loteria-storage"):
        before = made.pid(name)
        os.kill(before, signal.SIGKILL)
        short = name.removeprefix("loteria-")
        made.process.wait_for_log(
            rf"ERROR    action: proceso \| result: fail \| name: {short} \| ended: signal 9 \| restart_in_ms: \d+ \| process: central\n")
    assert made.stop() == 0


# ---- the other form ------------------------------------------------------------------


def test_lines_as_objects(central, tmp_path):
    """--log-format json: the same names and values, from all processes of a central and from an agency."""
    made = central(workers=2, agencies=1, arguments=["--exit-when-done"], environment={"LOTERIA_LOG_FORMAT": "json"})
    agency = made.agency(1, write_bets(tmp_path / "bets.csv", AWKWARD), "--log-format", "json", "--log-bets")
    assert agency.wait() == 0 and made.process.wait() == 0, made.log
    told, own = ([json.loads(line) for line in log.splitlines()] for log in (made.log, agency.log))
    made.processes.clear()  # its log is none of lines
    for entry in told + own:
        assert list(entry)[:4] == ["time", "level", "action", "result"] and all(isinstance(value, str) for value in entry.values())
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d", entry["time"])
    processes = {entry["process"] for entry in told}
    assert {"central", "storage", "state", "broker"} < processes and len(processes & {"worker", "worker-2"}) > 0
    (drawn,) = [entry for entry in told if entry["action"] == "sorteo"]
    assert (drawn["numero"], drawn["draw"], drawn["process"]) == ("7574", "first", "storage")
    (stored,) = [entry for entry in told if entry["action"] == "apuesta_recibida"]
    assert (stored["cantidad"], stored["batches"], stored["agency"]) == (str(len(AWKWARD)), "1", "1")
    assert [entry["dni"] for entry in own if entry["action"] == "apuesta_enviada"] == [
        row[2] for row in loteria.rows_of(tmp_path / "bets.csv")]
    assert {entry["agency"] for entry in own} == {"1"}
