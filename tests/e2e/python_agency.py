#!/usr/bin/python3
"""usage: python_agency.py ID FILE HOST:PORT

An agency in Python, the example client of docs/protocol.md: sells the bets of FILE,
waits for the draw and prints the documents of its winners, one a line."""

import random, struct, sys, time  # noqa: E401
import zmq

HELLO, BATCH, READY, RESULTS, DONE = b"\x01", b"\x02", b"\x03", b"\x04", b"\x05"
WELCOME, STORED, WAITING, WINNERS = b"\x11", b"\x12", b"\x13", b"\x14"
GOODBYE, REFUSED = b"\x15", b"\x1e"


def ask(wanted, command, layout="", *values):
    header = b"LT\x01" + command + struct.pack(">I", agency)
    for attempt in range(2 if command == DONE else 40):  # 40: about a minute
        socket.send(header + struct.pack(">" + layout, *values))
        wait = random.uniform(0.25, 0.5) * min(4, 2**attempt)
        if answer := hear(wait, wanted, command, values[0] if command == BATCH else 0):
            return answer  # its command and body
    sys.exit("the central does not answer" if command != DONE else None)


def hear(seconds, wanted, command, offset=0):
    deadline = time.monotonic() + seconds
    while socket.poll(max(0, int(1000 * (deadline - time.monotonic())))):
        frame = socket.recv()
        answer = frame[3:4] + frame[8:]
        if answer.startswith(wanted):
            return answer
        if answer.startswith(REFUSED):
            code, refused, field, row, place = struct.unpack(">HcBIQ", answer[1:17])
            if code >= 40 or (refused, place) != (command, offset):
                continue  # BUSY, NOSPACE, ASIDE: ask again later; or an old question's
            if code in (31, 32):  # HELLO, GAP
                raise ConnectionResetError
            where = f"line {offset + row}, field {field}: " if row else ""
            sys.exit(f"refused, code {code}: {where}{answer[25:].decode()}")


def sell():
    welcome = ask(WELCOME, HELLO, "III", 1, 8192, 0)  # limits: window, bytes, rows
    stored, _, size, count, _, _, day = struct.unpack(">QIIIIIB", welcome[1:])
    while stored < len(rows) and day == 0:
        batch, end = b"", stored
        limit = min(len(rows), stored + count)
        while end < limit and 20 + len(batch) + len(rows[end]) <= size:
            batch, end = batch + rows[end], end + 1
        answer = ask(STORED, BATCH, f"QI{len(batch)}s", stored, end - stored, batch)
        stored = max(stored, *struct.unpack(">Q", answer[1:]))


def winners():
    first = WINNERS + bytes(8)  # a page begins with its cursor, the first one's is 0
    page = ask((WAITING, first), READY, "Q", len(rows))
    while page.startswith(WAITING):
        page = hear(2, first, READY) or ask((WAITING, first), READY, "Q", len(rows))
    documents = page[25:]
    while (cursor := page[9:17]) != bytes(8):
        page = ask(WINNERS + cursor, RESULTS, "8s", cursor)
        documents += page[25:]
    return documents.decode()


if len(sys.argv) != 4:
    sys.exit(__doc__)
agency, socket = int(sys.argv[1]), zmq.Context().socket(zmq.DEALER)
socket.linger = 500
socket.connect(f"tcp://{sys.argv[3]}")
rows = [row + b"\n" for row in open(sys.argv[2], "rb").read().splitlines()]
while True:
    try:
        sell()
        sys.stdout.write(winners())
        break
    except ConnectionResetError:  # start over
        time.sleep(random.uniform(0.25, 0.5))
ask(GOODBYE, DONE)
