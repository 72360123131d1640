"""usage: client.py ID FILE HOST:PORT RECORDS WINDOW ROWS PERIOD_MS [KEYS]

An agency that trusts nobody: what it is told is in the file RECORDS before it makes use of it,
so that a kill at any moment leaves the evidence. A line of JSON for each thing, across lives:

{"life": PID}                       it was started
{"welcome": NEXT, "day": DAY}       so far the central says it has stored
{"stored": NEXT}                    so far everything is acknowledged
{"sent": END}                       it is about to send bets up to here, for the first time
{"page": [CURSOR, NEXT, NUMBER, DOCUMENTS]}   any WINNERS at all, asked for or not
{"winners": DOCUMENTS, "number": NUMBER}      all pages
{"late": CODE}                      what a bet after READY was answered: a code's name, or STORED
"""

import contextlib
import json
import os
import pathlib
import re
import sys
import time

import zmq

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import wire  # noqa: E402

PATIENCE = 60
# what docs/protocol.md wants of a connection, so that one that is half open is given up
CONNECTION = {"immediate": 1, "sndtimeo": 0, "reconnect_ivl": 100, "reconnect_ivl_max": 1000,
              "heartbeat_ivl": 1000, "heartbeat_timeout": 3000, "handshake_ivl": 2000}
LATER = ("BUSY", "NOSPACE", "UNAVAILABLE")


class Agency:
    def __init__(self, number, rows, client, records, window, rows_max, period):
        self.number, self.rows, self.client, self.records = number, rows, client, records
        self.window, self.rows_max, self.period = window, rows_max, period
        self.digests = [0]  # before each of its bets, and behind the last
        for row in rows:
            self.digests.append(wire.digest([row], self.digests[-1]))
        self.stored = 0
        self.wait = 0.25

    def record(self, **entry):
        os.write(self.records, json.dumps(entry).encode() + b"\n")

    def say(self, frame):
        """If somebody is connected; it is said again later."""
        with contextlib.suppress(zmq.Again):
            self.client.send(frame)

    def hear(self, seconds):
        """The next answer of use to anybody, or None; whatever it is, it is recorded."""
        answer = self.client.receive_within(seconds)
        if answer is None:
            return None
        assert answer.agency in (self.number, 0), answer
        if answer.name in ("WELCOME", "STORED"):
            assert answer.digest == self.digests[answer.next], f"another history: {answer}"
        if answer.name == "WELCOME":
            self.record(welcome=answer.next, day=answer.day)
        elif answer.name == "STORED":
            self.record(stored=answer.next)
        elif answer.name == "WINNERS":
            documents = answer.documents.decode().splitlines()
            assert len(documents) == answer.count, answer
            self.record(page=[answer.cursor, answer.next, answer.number, documents])
        elif answer.name == "REFUSED":
            assert answer.code in (*LATER, "HELLO", "GAP", "CLOSED", "UNDRAWN"), answer
        return answer

    def ask(self, frame, wanted):
        """Ask until an answer is one that is wanted."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self.say(frame)
            again = time.monotonic() + self.wait
            self.wait = min(2 * self.wait, 1)
            while (left := again - time.monotonic()) > 0:
                answer = self.hear(left)
                if answer and wanted(answer):
                    self.wait = 0.25
                    return answer
                if answer and answer.name == "REFUSED" and answer.code == "HELLO" and answer.command == frame[3]:
                    self.hello()  # storage was restarted, and knows nothing of who has no bets
        sys.exit("the central does not answer")

    def hello(self):
        return self.ask(wire.simple("HELLO", self.number, self.window, 8192, self.rows_max),
                        lambda answer: answer.name == "WELCOME")

    def sell(self):
        """Until everything is acknowledged. Returns at once if the day is not open."""
        while True:
            welcome = self.hello()
            self.stored = welcome.next
            self.window = min(self.window, welcome.window)
            if welcome.day != 0:
                assert welcome.next == len(self.rows), (welcome.next, len(self.rows))
                return
            if self.sell_on():
                return

    def sell_on(self):
        """Until everything is acknowledged, or False: start over with HELLO."""
        sent, packed, resend = self.stored, [], 0
        while self.stored < len(self.rows):
            now = time.monotonic()
            if resend and now >= resend:  # all that is unanswered, once more
                for begin, end in packed:
                    self.send(begin, end)
                self.wait = min(2 * self.wait, 1)
                resend = now + self.wait
            if len(packed) < self.window and sent < len(self.rows):
                packed.append((sent, min(sent + self.rows_max, len(self.rows))))
                sent = packed[-1][1]
                self.record(sent=sent)
                self.send(*packed[-1])
                resend = resend or now + self.wait
            answer = self.hear(self.period if len(packed) < self.window and sent < len(self.rows)
                               else max(0, resend - time.monotonic()))
            if answer is None:
                continue
            if answer.name == "STORED" and answer.next > self.stored:
                if answer.next > sent:
                    return False  # of an earlier life; how far is it by now?
                self.stored, self.wait = answer.next, 0.25
                packed = [(begin, end) for begin, end in packed if end > self.stored]
                resend = time.monotonic() + self.wait if packed else 0
            if answer.name == "REFUSED" and answer.command == wire.COMMANDS["BATCH"] and \
                    answer.code in ("HELLO", "GAP") and answer.offset >= self.stored:
                return False
        return True

    def send(self, begin, end):
        self.say(wire.batch(self.number, begin, self.rows[begin:end]))

    def winners(self):
        """READY, and what it leads to."""
        page = self.ask(wire.simple("READY", self.number, len(self.rows)),
                        lambda answer: answer.name == "WINNERS" and answer.cursor == 0)
        documents = page.documents.decode().splitlines()
        while page.next:
            page = self.ask(wire.simple("RESULTS", self.number, page.next),
                            lambda answer, cursor=page.next: answer.name == "WINNERS" and answer.cursor == cursor)
            documents += page.documents.decode().splitlines()
        self.record(winners=documents, number=page.number)

    def try_late_bet(self):
        """One more bet, which must be refused for good."""
        end = len(self.rows)
        answer = self.ask(wire.batch(self.number, end, ["Tarde,Llegué,1,2000-01-01,7574"]), lambda answer: (
            answer.name == "STORED" and answer.next > end
            or answer.name == "REFUSED" and answer.command == wire.COMMANDS["BATCH"] and answer.offset == end
            and answer.code not in (*LATER, "HELLO")))
        self.record(late=answer.code if answer.name == "REFUSED" else answer.name)

    def leave(self):
        self.ask(wire.simple("DONE", self.number), lambda answer: answer.name == "GOODBYE")


def key_options(folder):
    """CURVE, with the keys that loteria-keys made for an agency."""
    def key(name, kind):
        return re.search(rf'{kind}-key = "(.{{40}})"', pathlib.Path(folder, f"{name}.key").read_text())[1].encode()
    return {"curve_publickey": key("secret", "public"), "curve_secretkey": key("secret", "secret"),
            "curve_serverkey": key("broker", "public")}


def main(number, file, server, records, window, rows_max, period_ms, keys=None):
    rows = pathlib.Path(file).read_bytes().decode().split("\r\n")[:-1]
    descriptor = os.open(records, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with wire.Client(server, **CONNECTION, **(key_options(keys) if keys else {})) as client:
        agency = Agency(int(number), rows, client, descriptor, int(window), int(rows_max), int(period_ms) / 1000)
        agency.record(life=os.getpid())
        agency.sell()
        agency.winners()
        agency.try_late_bet()
        agency.leave()


if __name__ == "__main__":
    main(*sys.argv[1:])
