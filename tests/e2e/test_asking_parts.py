"""Storage and state tell how each draw stands, and state whose bets have won, to operators: of draws in the archive as well,
and without changing anything."""

import re

import loteria
import wire

COUNTS = {1: 60, 2: 50}
WINNERS = {1: (0, 30, 59), 2: ()}
NUMBER = 7574
LINE = re.compile(r'^([a-z_]+)(?:\{(.*)\})? ([0-9.+Inf]+)$')


def metrics(asker, draw=0):
    """{(name, (label's value, ...)): value} of all pages."""
    found, position, more = {}, 0, 1
    while more:
        page = asker.ask(wire.simple("STATUS", 0, 0, position, draw=draw))
        assert page.name == "REPORT", page
        assert len(page.frame) <= 33_000
        for line in page.text.decode().splitlines():
            name, labels, value = LINE.match(line).groups()
            key = name, tuple(re.findall(r'="([^"]*)"', labels or ""))
            assert key not in found, line
            found[key] = float(value)
        position, more = page.next, page.more
    return found


def looked_up(operator, name):
    row = operator.ask(wire.simple("LOOKUP", 0, rest=name.encode()))
    assert row.name == "DRAW", row
    assert (row.index, row.total, row.draw_name) == (0, 1, name.encode())
    return row


def winners(operator, draw, agency):
    documents, cursor = [], 0
    while True:
        page = operator.ask(wire.simple("RESULTS", agency, cursor, draw=draw))
        assert page.name == "WINNERS", page
        documents += page.documents.decode().split()
        cursor = page.next
        if cursor == 0:
            return documents


def endpoint(day, name):
    words = day.commands[name]
    return words[words.index("--listen") + 1]


def test_a_draw_from_its_sale_to_the_archive(parts, tmp_path):
    files = {agency: loteria.make_bets(tmp_path / f"agency-{agency}.csv", agency, count, winners=WINNERS[agency])
             for agency, count in COUNTS.items()}
    day = parts(workers=1, agencies=3, start=False)
    day.commands["loteria-state"] += ("--closes", "never", "--number", f"fixed:{NUMBER}")
    for name in reversed(day.commands):
        day.start(name)
    with wire.Client(endpoint(day, "loteria-state")) as state, wire.Client(endpoint(day, "loteria-storage")) as storage:
        agencies = day.sell(files)
        day.parts["loteria-state"].wait_for_log("action: agencia_lista", 2)
        told = metrics(storage)
        assert told["loteria_bets_total", ("first",)] == 110
        assert told["loteria_agency_bets", ("first", "1")] == 60
        assert told["loteria_agency_last_batch_timestamp_seconds", ("first", "2")] > 1_700_000_000
        assert told["loteria_log_groups_total", ()] == told["loteria_log_sync_seconds_count", ()] > 0
        assert 0 < told["loteria_disk_free_bytes", ()] <= told["loteria_disk_size_bytes", ()]
        assert told["process_open_fds", ()] > 0
        told = metrics(state)
        assert told["loteria_draw_info", ("first", "fixed", "never")] == 1
        assert [told["loteria_agency_state", ("first", str(agency))] for agency in (1, 2, 3)] == [1, 1, 0]
        assert ("loteria_draw_number", ("first",)) not in told
        first = looked_up(state, "first").draw
        refused = state.refused(wire.simple("RESULTS", 1, draw=first))
        assert refused.code == "UNDRAWN"

        assert state.ask(wire.order("C", "first", "the bell rang [ana@central]")).name == "ORDERED"
        loteria.assert_day_ends(day, files, agencies)
        day.parts["loteria-state"].wait_for_log(r"order: close \| draw: first .*\| by: ana@central \| reason: the bell rang")
        for number in range(17):  # more than are kept at hand
            assert state.ask(wire.order("O", f"d{number}", agencies=1)).name == "ORDERED"
            assert state.ask(wire.order("W", f"d{number}", "not needed")).name == "ORDERED"
        archived = day.data / "draws" / "first" / "archived"
        loteria.wait_until(archived.exists, pause_s=0.05)
        assert ("loteria_bets_total", ("first",)) not in metrics(storage)
        assert storage.refused(wire.simple("STATUS", 0, draw=first)).code == "HELLO"
        records = len(wire.records(day.data))

        row = looked_up(state, "first")
        assert (row.draw, row.phase, row.number, row.ready, row.served, row.agencies) == (first, 3, NUMBER, 2, 2, 3)
        told = metrics(storage, first)
        assert told["loteria_bets_total", ("first",)] == 110
        assert told["loteria_agency_bets", ("first", "2")] == 50
        assert {labels[0] for _, labels in told} == {"first"}
        told = metrics(state, first)
        assert told["loteria_draw_number", ("first",)] == NUMBER
        assert [told["loteria_agency_state", ("first", str(agency))] for agency in (1, 2, 3)] == [3, 3, 0]
        assert told["loteria_agency_served_timestamp_seconds", ("first", "1")] > 1_700_000_000
        for agency in files:
            assert winners(state, first, agency) == loteria.winners_of(files[agency])
        assert winners(state, first, 3) == []
        assert state.refused(wire.simple("RESULTS", 4, draw=first)).code == "AGENCY"
        assert state.refused(wire.simple("LOOKUP", 0, rest=b"never")).code == "DRAW"
        assert len(wire.records(day.data)) == records, "asking records nothing"

    assert day.stop() == 0, day.log


def test_only_an_operator_is_told_winners(parts, tmp_path):
    keys = loteria.make_keys(tmp_path / "keys", 1)
    day = parts(workers=1, agencies=1, keys=keys)
    day.parts["loteria-state"].wait_for_log(r"action: estado \| result: success")
    with (wire.Client(endpoint(day, "loteria-state"), **wire.curve(keys / "operator", "state")) as operator,
          wire.Client(endpoint(day, "loteria-state"), **wire.curve(keys / "worker", "state")) as worker):
        draw = looked_up(operator, "first").draw
        for asked in (wire.simple("LOOKUP", 0, rest=b"first"), wire.simple("RESULTS", 1, draw=draw)):
            assert worker.refused(asked).code == "KEY"
        assert operator.ask(wire.order("C", "first", "the bell rang")).name == "ORDERED"
        loteria.wait_until(lambda: looked_up(operator, "first").phase == 3)  # it is made in a moment
        assert winners(operator, draw, 1) == []
        key = wire.read_key(keys / "operator" / "secret.key").decode()[:8]
        line = f"order: close | draw: first | sequence: 3 | by: key={key} | reason: the bell rang"
        loteria.wait_until(lambda: line in day.parts["loteria-state"].log, explain=lambda: day.parts["loteria-state"].log)
    assert day.stop() == 0, day.log
    assert (day.data / "draws" / "first" / "notes").read_text() == f"the bell rang [key={key}]\n"
