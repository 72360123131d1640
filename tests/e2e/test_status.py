"""STATUS: every process says how it is, from its own loop, to those who may know and to nobody else."""

import os
import re
import signal

import pytest

import loteria
import wire

METRICS, LINES, REFUSALS, DOCUMENTS = range(4)
NOW = 2**64 - 1
A_LINE = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\\\]|\\\\.)*",?)*)\})? ([0-9.]+)')


def ask(client, subject=METRICS, start=0, draw=0):
    return client.ask(wire.simple("STATUS", 0, subject, start, draw=draw))


def pages(client, subject=METRICS, start=0):
    """The text of all of them, and the last one."""
    text = b""
    while True:
        page = ask(client, subject, start)
        assert page.name == "REPORT" and page.subject == subject and len(page.text) <= 32768
        assert page.text == b"" or page.text.endswith(b"\n")
        text, start = text + page.text, page.next
        if not page.more:
            return text.decode(), page


def metrics(client):
    """{(name, labels): value}; no two lines have the same name and labels."""
    found = {}
    for line in pages(client)[0].splitlines():
        name, labels, value = A_LINE.fullmatch(line).groups()
        labels = dict(re.findall(r'([a-z]+)="([^"]*)"', labels or ""))
        key = name, tuple(labels.items())
        assert key not in found, line
        found[key] = float(value)
    return found


def labelled(found, name):
    """{labels' values: value} of a metric."""
    return {tuple(value for _, value in labels): number for (metric, labels), number in found.items() if metric == name}


def place_of(day, part):
    """Where a part is reached from within the central."""
    command = day.commands[f"loteria-{part}"]
    return command[command.index("--workers" if part == "broker" else "--listen") + 1]


def asking(day, part, who="operator"):
    """A client with the key of `who`, where there are keys."""
    options = wire.curve(day.keys / who, part) if day.keys else {}
    return wire.Client(place_of(day, part), **options)


def test_the_broker_says_who_is_there_and_what_it_refused(parts):
    day = parts(workers=2, agencies=2)
    day.parts["loteria-broker"].wait_for_log("action: worker_alta", count=2)
    with wire.Client(day.server) as agency, asking(day, "broker") as operator:
        agency.hello(2)
        refused = agency.refused(wire.batch(2, 0, [b"Ana,Perez,30904465,1999-02-30,1"]))
        assert refused.code == "DATE"
        found = metrics(operator)
        assert labelled(found, "loteria_agency_connected") == {("2", "127.0.0.1", ""): 1}
        assert labelled(found, "loteria_part_up") == {("storage",): 1, ("state",): 1, ("worker",): 1}
        workers = labelled(found, "loteria_worker_up")
        assert len(workers) == 2 and all(re.fullmatch(r".+/\d+", name) for name, in workers)
        assert labelled(found, "loteria_refused_total")["DATE",] == 1
        assert found["process_resident_memory_bytes", ()] > 2**20 and found["process_open_fds", ()] > 10
        text, page = pages(operator, REFUSALS)
        line, = text.splitlines()
        assert re.fullmatch(r"\d{13} agency: 2 \| draw: first \| code: DATE \| command: BATCH \| row: 1 \| field: 4 \| "
                            r"offset: 0 \| address: 127\.0\.0\.1 \| reason: .*", line), line
        assert "30904465" not in text and page.next == 1


def test_a_worker_says_what_it_does(parts):
    day = parts(workers=1, agencies=1)
    with wire.Client(day.server) as agency, asking(day, "broker") as operator:
        agency.hello(1)
        agency.store(1, 0, wire.bets(50))
        agency.refused(wire.batch(1, 50, [b"Ana,Perez,30904465,1999-02-30,1"]))

        def told():  # with its next beat
            found = metrics(operator)
            names = ("batches_total", "bets_total", "refused_total")
            return [list(labelled(found, f"loteria_worker_{name}").values()) for name in names] == [[2], [50], [1]]

        loteria.wait_until(told, explain=lambda: pages(operator)[0], pause_s=0.1)


def test_log_lines_are_followed_by_their_ordinals(parts):
    day = parts(workers=1, agencies=1)
    day.parts["loteria-broker"].wait_for_log("action: worker_alta")
    with asking(day, "broker") as operator:
        text, page = pages(operator, LINES)
        assert all(re.fullmatch(r"\d{13} (INFO|WARNING) action: \w+ \| result: \w+( \| .*)?", line)
                   for line in text.splitlines()), text
        assert "action: worker_alta | result: success" in text
        with wire.Client(day.server) as agency:
            assert agency.refused(b"nothing of ours").code == "SIGNATURE"
        text, following = pages(operator, LINES, page.next)
        assert "action: mensaje_recibido | result: fail | code: SIGNATURE" in text
        assert ask(operator, LINES, NOW).next == following.next


def test_every_process_of_a_central_says_how_it_is(central):
    """Over its socket's file. One that hangs says nothing, and keeps the others from nothing."""
    day = central(workers=1, agencies=1)
    run = day.run_directory()
    askers = {name: wire.Client(f"ipc://{run}/{name}") for name in ("workers", "storage", "state", "central")}
    for name, asker in askers.items():
        found = metrics(asker)
        assert found["process_start_time_seconds", ()] > 1_700_000_000, name
        assert found["process_cpu_seconds_total", ()] > 0, name
        assert labelled(found, "loteria_build_info"), name
        assert "action: " in pages(asker, LINES)[0], name
        assert asker.ask(wire.simple("PING", 0)).name == "PONG", name

    storage = day.pid("loteria-storage")
    os.kill(storage, signal.SIGSTOP)
    try:
        askers["storage"].send(wire.simple("STATUS", 0, METRICS, 0))
        for _ in range(3):
            assert all(metrics(askers[name]) for name in ("workers", "state", "central"))
        assert askers["storage"].receive_within(0) is None, "a process that is stopped answers"
    finally:
        os.kill(storage, signal.SIGCONT)
    assert askers["storage"].receive().name == "REPORT"
    for asker in askers.values():
        asker.socket.close(linger=0)


def test_a_worker_says_how_it_is_where_it_listens(parts, tmp_path):
    place = f"ipc://{tmp_path}/worker"
    day = parts(workers=1, agencies=1, worker_arguments=("--listen", place))
    with wire.Client(place) as asker:
        assert metrics(asker)["process_resident_memory_bytes", ()] > 2**20
        day.parts["loteria-worker"].wait_for_log("action: worker")
        assert "action: worker | result: success" in pages(asker, LINES)[0]
        assert pages(asker, REFUSALS)[0] == "" and asker.refused(wire.simple("STATUS", 0, draw=1)).code == "DRAW"


def test_documents_are_in_the_log_and_told_to_who_asks_for_them(central):
    """With --log-bets, which is for the log alone."""
    day = central(workers=1, agencies=1, arguments=("--log-bets",))
    with wire.Client(day.server) as agency, wire.Client(f"ipc://{day.run_directory()}/storage") as operator:
        agency.hello(1)
        agency.store(1, 0, [b"Ana,Paz,40111222,1990-01-01,7"])
        day.process.wait_for_log("dni: 40111222")
        text = pages(operator, LINES)[0]
        assert "| dni: hidden | numero: 7" in text and "40111222" not in text
        text = pages(operator, DOCUMENTS)[0]
        assert "| dni: 40111222 | numero: 7" in text and "hidden" not in text and "eventos" not in text
        day.process.wait_for_log("action: eventos")
        assert pages(operator, LINES)[0].count("action: eventos | result: success | documents: shown") == 1


@pytest.mark.parametrize("part", ["broker", "storage", "state"])
def test_only_who_has_the_operators_key_or_the_parts_own_is_answered(parts, part):
    day = parts(workers=1, agencies=1, keys=True)
    status, ping = wire.simple("STATUS", 0, METRICS, 0), wire.simple("PING", 0)
    for who in ("operator", part):
        own = {"curve_serverkey": wire.key_pair(day.keys / part)[0]} if who == part else {}
        options = wire.curve(day.keys / who, part) if who != part else dict(
            zip(("curve_publickey", "curve_secretkey"), wire.key_pair(day.keys / part), strict=True), **own)
        with wire.Client(place_of(day, part), **options) as asker:
            assert "process_cpu_seconds_total" in pages(asker)[0]
    with asking(day, part, "worker") as worker:  # who may come in, but not ask
        worker.send(status)
        worker.send(ping)
        assert worker.receive().name == "PONG", "it is told how the process is"
    with wire.Client(day.server, **wire.curve(day.keys / "agency-1")) as agency:
        assert agency.refused(status).code == "COMMAND"
    public, secret = wire.key_pair(day.keys / "agency-1")
    assert not wire.let_in(place_of(day, part), curve_serverkey=wire.key_pair(day.keys / part)[0],
                           curve_publickey=public, curve_secretkey=secret), "an agency gets in at the back"


def test_keys_that_were_made_before_there_were_askers(parts):
    """The central works, and says what is missing; nobody is answered by that key."""
    day = parts(workers=1, agencies=1, keys=True, start=False)
    for part in ("broker", "storage"):
        (day.keys / part / "operator.key").unlink()
    for name in reversed(day.commands):
        day.start(name)
    for part in ("broker", "storage"):
        day.parts[f"loteria-{part}"].wait_for_log(r"action: keys \| result: fail .*operator\.key is missing there")
    with wire.Client(day.server, **wire.curve(day.keys / "agency-1")) as agency:
        agency.hello(1)
    assert not wire.let_in(place_of(day, "broker"), **wire.curve(day.keys / "operator", "broker"))
