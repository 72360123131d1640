"""loteria-web over http: who is answered with what, and who is cut. What the page shows is test_web_page.py's."""

import base64
import json
import os
import selectors
import signal
import socket
import subprocess

import pytest

import loteria
import web

TOKEN = "a-token-of-the-tests-0123456789"

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@pytest.fixture
def served(start, tmp_path):
    """A loteria-web that finds no central."""
    return web.Web(start, "--data-dir", tmp_path / "nothing")


@pytest.mark.asan
def test_every_answer_has_the_headers_that_a_browser_heeds(served):
    for method, path, status in [("GET", "/", 200), ("HEAD", "/", 200), ("GET", "/page.js", 200), ("GET", "/page.css", 200),
                                 ("GET", "/icon.svg", 200), ("GET", "/healthz", 200), ("GET", "/readyz", 503),
                                 ("GET", "/metrics", 200), ("GET", "/api/v1/status", 503), ("GET", "/nothing", 404),
                                 ("GET", "/..%2f..%2fetc/passwd", 404), ("POST", "/", 405), ("DELETE", "/api/v1/draws", 405)]:
        answer = served.ask(path, method=method)
        assert answer.status == status, (method, path)
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"], (method, path)
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"], (method, path)
        for name, value in HEADERS.items():
            assert answer.headers[name] == value, (method, path, name)
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert served.ask("/").headers["Content-Type"] == "text/html; charset=utf-8"
    assert served.ask("/", method="HEAD").body == b""


def test_without_a_central_it_says_so_and_goes_on(served):
    ready = served.json("/readyz", status=503)
    assert not ready["ready"] and [part["part"] for part in ready["missing"]] == ["broker", "storage", "state"]
    assert served.ask("/healthz").body == b"ok\n"
    assert "no central" in served.json("/api/v1/status", status=503)["error"]
    assert 'loteria_part_answers{part="storage"} 0' in served.ask("/metrics").body.decode()
    assert served.stop() == 0
    loteria.parse_log(served.process.log)


def test_it_is_asked_whether_it_is_well(start, served):
    def ping(where, timeout="60s"):
        asked = start("loteria-ctl", "ping", where, "--timeout", timeout)
        return asked.wait(), asked.stdout, asked.log

    assert ping(served.url) == (0, "loteria-web\n", "")
    assert ping(f"http://localhost:{served.port}")[:2] == (0, "loteria-web\n")
    for where, status, reason in [
            (f"http://127.0.0.1:{loteria.free_port()}", 1, "Connection refused"), ("http://127.0.0.1", 2, ": "), ("http://", 2, ": ")]:
        code, shown, log = ping(where)
        assert (code, shown) == (status, "") and reason in log and len(log.splitlines()) == 1, log
    with socket.create_server(("127.0.0.1", 0)) as other:
        for answer in (b"", b"HTTP/1.0 200 OK\r\n\r\nno\n", b"HTTP/1.0 503 No\r\n\r\nok\n", b"220 smtp\r\n\r\nok\n", b"x" * 5000):
            asked = start("loteria-ctl", "ping", f"http://127.0.0.1:{other.getsockname()[1]}", "--timeout", "60s")
            with other.accept()[0] as visitor:
                visitor.recv(1000)
                visitor.sendall(answer)
            assert asked.wait() == 1 and "something answers, but not loteria-web" in asked.log, (answer, asked.log)
    served.process.signal(signal.SIGSTOP)
    code, _, log = ping(served.url, "300ms")
    served.process.signal(signal.SIGCONT)
    assert code == 1 and "no answer" in log, log


def test_what_is_sent_to_it_changes_nothing(served):
    assert served.ask("/", method="POST", body=b"a=b").status == 413
    assert served.ask("/healthz", headers={"X-Long": "x" * 20000}).status in (413, 431)
    with served.connection() as raw:
        raw.sendall(b"nonsense\r\n\r\n")
        assert b" 200 " not in web.read_all(raw)
    assert served.ask("/healthz").status == 200


def test_a_name_that_is_not_ours_is_turned_away(served):
    """A stranger's page whose name leads to 127.0.0.1 would otherwise read everything."""
    assert served.ask("/api/v1/status", headers={"Host": "evil.example"}).status == 421
    assert served.ask("/", headers={"Host": f"evil.example:{served.port}"}).status == 421
    assert served.ask("/", headers={"Host": f"localhost:{served.port}"}).status == 200


def refuses(*arguments, tmp_path):
    result = subprocess.run([loteria.program("loteria-web"), "--data-dir", tmp_path, *arguments], env=loteria.ENVIRONMENT,
                            capture_output=True, text=True, timeout=loteria.DEADLINE)
    assert result.returncode == 2 and result.stderr.count("\n") == 1, result.stderr
    return result.stderr


def test_other_addresses_want_a_token(start, tmp_path):
    told = refuses("--listen", "0.0.0.0:0", tmp_path=tmp_path)
    assert "--token-file" in told and "0.0.0.0:0" in told
    (tmp_path / "short").write_text("short\n")
    assert "16 to 256" in refuses("--listen", "0.0.0.0:0", "--token-file", tmp_path / "short", tmp_path=tmp_path)
    assert "cannot be read" in refuses("--token-file", tmp_path / "none", tmp_path=tmp_path)
    assert "HOST:PORT" in refuses("--listen", "tcp://127.0.0.1:1", tmp_path=tmp_path)
    assert web.Web(start, "--data-dir", tmp_path, "--insecure", listen="0.0.0.0:0").ask("/healthz").status == 200


def test_only_the_token_opens_the_door(start, tmp_path):
    (tmp_path / "token").write_text(TOKEN + "\n")
    served = web.Web(start, "--data-dir", tmp_path, "--token-file", tmp_path / "token", listen="0.0.0.0:0")
    basic = base64.b64encode(f"anybody:{TOKEN}".encode()).decode()
    assert served.ask("/healthz").status == 200
    for path in ("/", "/metrics", "/api/v1/status", "/api/v1/stream", "/readyz"):
        turned_away = served.ask(path)
        assert turned_away.status == 401 and turned_away.headers["WWW-Authenticate"].startswith("Basic ")
        assert served.ask(path, headers={"Authorization": "Bearer " + TOKEN[:-1]}).status == 401
    assert served.ask("/", headers={"Authorization": "Bearer " + TOKEN}).status == 200
    assert served.ask("/", headers={"Authorization": "Basic " + basic}).status == 200
    # whoever knows the token may come by any name
    assert served.ask("/", headers={"Authorization": "Bearer " + TOKEN, "Host": "loteria.example"}).status == 200
    served.process.wait_for_log("reason: a wrong token")
    assert TOKEN[:-1] not in served.process.log


def test_readers_of_the_stream_are_bounded(served):
    with web.many() as hold:
        streams = [hold(served.stream()) for _ in range(32)]
        for stream in streams:
            assert stream.next()[0] == "gone"
        assert served.ask("/api/v1/stream").status == 503
        streams[0].close()
        loteria.wait_until(lambda: served.ask("/api/v1/stream", only_status=True).status == 200, explain=lambda: "no room is left")


@pytest.mark.asan
def test_who_says_nothing_is_cut_and_others_are_served_meanwhile(served):
    """More of them than there are connections: the rest wait in line for those that are cut."""
    with web.many() as hold:
        idle = [hold(served.connection()) for _ in range(140)]
        for index, raw in enumerate(idle):
            raw.sendall(b"" if index % 2 else b"GET / HTTP/1.1\r\nHost: ")
        assert served.ask("/healthz").status == 200
        assert web.read_all(idle[0]) == b""  # cut without an answer


def test_who_takes_for_ever_to_ask_is_cut(served):
    """A byte now and then is no silence, and no request either."""
    with served.connection() as raw, selectors.DefaultSelector() as selector:
        selector.register(raw, selectors.EVENT_READ)
        raw.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")

        def is_cut():
            if selector.select(0.2):
                return True
            raw.sendall(b"x")
            return False

        loteria.wait_until(is_cut, explain=lambda: "it may go on for ever")
        assert web.read_all(raw) == b""


def test_who_reads_nothing_is_cut(start, tmp_path):
    """An answer that nobody takes ends after a while; the process never waits for it."""
    served = web.Web(start, "--data-dir", tmp_path)
    with web.many() as hold:
        raw = hold(served.connection(receive_buffer=2048))
        raw.sendall(b"GET /page.js HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert served.ask("/healthz").status == 200
        assert served.stop() == 0  # not held up by it


# ---- in front of a central --------------------------------------------------------------


def test_ready_names_the_part_that_does_not_answer(central, start):
    day = central(agencies=2)
    served = web.Web(start, "--data-dir", day.data)

    def missing():
        return [part["part"] for part in json.loads(served.ask("/readyz").body)["missing"]]

    loteria.wait_until(lambda: missing() == [], explain=missing)

    for part in ("state", "broker", "storage"):
        pid = day.pid(f"loteria-{part}")
        os.kill(pid, signal.SIGSTOP)
        try:
            loteria.wait_until(lambda: missing() == [part], explain=lambda: f"{part} is to be missed, and are: {missing()}")
            assert served.ask("/readyz").status == 503, "it is stopped still"
            served.process.wait_for_log(rf"action: web \| result: fail \| part: {part} \| reason: ")
        finally:
            os.kill(pid, signal.SIGCONT)
        loteria.wait_until(lambda: served.ask("/readyz").status == 200, explain=lambda: served.ask("/readyz").body)


def test_what_was_sold_is_told_by_every_path(central, start, tmp_path):
    files = {agency: loteria.make_bets(tmp_path / f"agency-{agency}.csv", agency, 300 * agency, winners=range(agency))
             for agency in (1, 2, 3)}
    day = central(agencies=3, arguments=("--winning-number", loteria.WINNING_NUMBER, "--draw", "noche"))
    served = web.Web(start, "--data-dir", day.data)
    with web.many() as hold:
        stream = hold(served.stream())
        stream.until("status", lambda told: [draw["phase"] for draw in told["draws"]] == ["open"])
        day.sell({1: files[1]}, "--sell-only")[1].wait()
        changed = stream.until("changes", lambda told: any(agency["bets"] == 300 for agency in told["agencies"]))
        assert changed["draw"] == "noche"
        loteria.finish(day.sell(files))
        drawn = stream.until("draws", lambda told: told["draws"][0]["winners"] is not None)["draws"]
        assert [(draw["name"], draw["phase"], draw["number"], draw["winners"], draw["bets"]) for draw in drawn] == [
            ("noche", "drawn", loteria.WINNING_NUMBER, 6, 1800)]
        stream.until("status", lambda told: told["draws"][0]["served"] == 3)
    assert served.json("/api/v1/draws")["draws"][0]["winners"] == 6
    agencies = served.json("/api/v1/agencies")
    assert agencies == served.json("/api/v1/agencies?draw=noche") and agencies["draw"] == "noche"
    assert [(agency["agency"], agency["bets"], agency["state"]) for agency in agencies["agencies"]] == [
        (1, 300, "served"), (2, 600, "served"), (3, 900, "served")]
    loteria.wait_until(lambda: said_by_ctl(day, "agencies") == served.ask("/api/v1/agencies").body.decode(),
                       explain=lambda: said_by_ctl(day, "agencies") + served.ask("/api/v1/agencies").body.decode())
    assert "no such draw" in served.json("/api/v1/agencies?draw=ma%C3%B1ana", status=404)["error"]
    assert len(served.json("/api/v1/workers")["workers"]) == 2
    history = served.json("/api/v1/history")
    assert len(history["rates"]) == len(history["bets"]) == 360 and history["rates"][-1] is not None
    assert served.json("/api/v1/refused")["refused"] == []


def said_by_ctl(day, verb):
    return subprocess.run([loteria.program("loteria-ctl"), verb, "--data-dir", day.data, "--json"], env=loteria.ENVIRONMENT,
                          capture_output=True, text=True, check=True, timeout=loteria.DEADLINE).stdout


def test_a_refusal_is_shown_without_what_was_sent(central, start, tmp_path):
    day = central(agencies=1)
    served = web.Web(start, "--data-dir", day.data)
    (tmp_path / "bad.csv").write_text("Ana,Paz,30123456,1990-02-31,7574\r\n")
    assert day.agency(1, tmp_path / "bad.csv").wait() == 1
    loteria.wait_until(lambda: served.ask("/api/v1/refused").status == 200 and served.json("/api/v1/refused")["refused"],
                       explain=lambda: "the refusal is not told")
    (refused,) = served.json("/api/v1/refused")["refused"]
    assert refused["agency"] == 1 and refused["code"] == "DATE" and refused["row"] == 1
    everything = "".join(served.ask(path).body.decode() for path in
                         ("/metrics", "/api/v1/refused", "/api/v1/status", "/api/v1/agencies", "/api/v1/draws"))
    assert not any(word in everything for word in ("Ana", "Paz", "30123456", "1990"))


def test_who_looked_before_there_was_a_central_is_told_everything_once_there_is(central, start, tmp_path):
    served = web.Web(start, "--data-dir", tmp_path / "data")
    with web.many() as hold:
        stream = hold(served.stream())
        assert stream.next()[0] == "gone"
        central(agencies=1)
        told = set()
        while not told >= {"status", "history", "agencies", "workers", "draws", "refused"}:
            told.add(stream.next()[0])
        assert served.ask("/metrics").body.decode().count('loteria_part_answers{part="storage"}') == 1


def test_a_central_that_is_started_anew_is_found_again(central, start):
    day = central(agencies=1)
    served = web.Web(start, "--data-dir", day.data)
    loteria.wait_until(lambda: served.ask("/readyz").status == 200, explain=lambda: served.ask("/readyz").body)
    assert day.stop() == 0
    loteria.wait_until(lambda: served.ask("/readyz").status == 503, explain=lambda: "it is gone and was not missed")
    day.start()
    loteria.wait_until(lambda: served.ask("/readyz").status == 200, explain=lambda: served.ask("/readyz").body)
