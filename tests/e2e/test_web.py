"""loteria-web over http: who is answered with what, and who is cut. What the page shows is test_web_page.py's."""

import base64
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


def test_who_reads_nothing_is_cut(start, tmp_path):
    """An answer that nobody takes ends after a while; the process never waits for it."""
    served = web.Web(start, "--data-dir", tmp_path)
    with web.many() as hold:
        raw = hold(served.connection(receive_buffer=2048))
        raw.sendall(b"GET /page.js HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert served.ask("/healthz").status == 200
        assert served.stop() == 0  # not held up by it
