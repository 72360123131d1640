"""A loteria-web under test, and what asks it."""

import contextlib
import http.client
import json
import re
import socket
import types

import loteria


class Web:
    def __init__(self, start, *arguments, listen="127.0.0.1:0", **options):
        self.process = start("loteria-web", "--listen", listen, *arguments, **options)
        self.port = int(self.process.wait_for_log(r"action: web \| result: in_progress \| listen: http://\S+:(\d+) ")[0])

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def ask(self, path, method="GET", headers=None, body=None, only_status=False):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=loteria.DEADLINE)
        with contextlib.closing(connection):
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return types.SimpleNamespace(status=answer.status, headers=answer.headers,
                                         body=b"" if only_status else answer.read())

    def json(self, path, status=200):
        answer = self.ask(path)
        assert answer.status == status, (answer.status, answer.body)
        return json.loads(answer.body)

    def connection(self, receive_buffer=None):
        raw = socket.socket()
        if receive_buffer:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        raw.settimeout(loteria.DEADLINE)
        raw.connect(("127.0.0.1", self.port))
        return raw

    def stream(self):
        return Stream(self.port)

    def stop(self):
        return self.process.stop()


class Stream:
    """Server-sent events, as they come."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=loteria.DEADLINE)
        self.connection.request("GET", "/api/v1/stream")
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200 and self.answer.headers["Content-Type"] == "text/event-stream"

    def next(self):
        """Its name and what it tells."""
        name, data = None, []
        while True:
            line = self.answer.readline().decode()
            assert line.endswith("\n"), "the stream ended"
            field, _, value = line.rstrip("\n").partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                data.append(value)
            elif line == "\n" and name:
                return name, json.loads("\n".join(data))

    def until(self, name, condition=lambda told: True):
        """The first event of this name that meets the condition."""
        while True:
            event, told = self.next()
            if event == name and condition(told):
                return told

    def close(self):
        self.answer.close()
        self.connection.close()


@contextlib.contextmanager
def many():
    """hold(THING): it is closed at the end."""
    with contextlib.ExitStack() as things:
        def hold(thing):
            things.callback(thing.close)
            return thing
        yield hold


def read_all(raw):
    found = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := raw.recv(65536):
            found += piece
    return found


def metrics_of(text):
    """{name{labels}: value}"""
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
            for line in text.splitlines() if line and not line.startswith("#") and re.match(r"[a-z]", line)}
