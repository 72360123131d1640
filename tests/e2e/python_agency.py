#!/usr/bin/python3
"""usage: python_agency.py ID FILE HOST:PORT

An agency in Python, the example client of docs/protocol.md: sells the bets of FILE,
waits for the draw and prints the documents of its winners, one a line."""

import csv, io, random, struct, sys, time, xxhash, zmq  # noqa: E401

HELLO, BATCH, READY, RESULTS, DONE = b"\x01", b"\x02", b"\x03", b"\x04", b"\x05"
WELCOME, STORED, WAITING, WINNERS, GOODBYE, REFUSED = b"\x11", b"\x12", b"\x13", b"\x14", b"\x15", b"\x1e"


def ask(wanted, command, layout="", *values):
    for attempt in range(2 if command == DONE else 40):  # 40: about a minute
        socket.send(b"LT\x02" + command + struct.pack(">I" + layout, agency, *values))
        wait = random.uniform(0.25, 0.5) * min(4, 2**attempt)
        if answer := hear(wait, wanted, command, values[1] if command == BATCH else 0):
            return answer  # its command, draw and body
    sys.exit("the central does not answer" if command != DONE else None)


def hear(seconds, wanted, command, offset=0):
    deadline = time.monotonic() + seconds
    while socket.poll(max(0, int(1000 * (deadline - time.monotonic())))):
        answer = (frame := socket.recv())[3:4] + frame[8:]
        if answer.startswith(wanted):
            return answer
        if answer.startswith(REFUSED):
            code, refused, field, row, place = struct.unpack(">HcBIQ", answer[9:25])
            if code >= 40 or (refused, place) != (command, offset):
                continue  # BUSY, NOSPACE, UNAVAILABLE: ask again later; or an old question's
            if code in (31, 32):  # HELLO, GAP
                raise ConnectionResetError
            where = f"line {offset + row}, field {field}: " if row else ""
            sys.exit(f"refused, code {code}: {where}{answer[33:].decode()}")


def sell():  # returns the draw
    welcome = ask(WELCOME, HELLO, "QIIII", 0, 1, 8192, 0, 0)  # limits: window, bytes, rows, no bundles
    draw, stored, told, _, size, count, *_, day = struct.unpack(">QQQIIIIIIB", welcome[1:50])
    while told == digests[min(stored, len(rows))]:
        batch, end = b"", stored
        while end < min(len(rows), stored + count) and 44 + len(batch) + len(rows[end]) <= size:
            batch, end = batch + rows[end], end + 1
        if end == stored or day != 0:
            return draw
        body = draw, stored, digests[stored], 0, end - stored, batch
        _, stored, told = struct.unpack(">QQQ", ask(STORED, BATCH, f"QQQQI{len(batch)}s", *body)[1:])
    sys.exit(f"the central has {stored} bets of this agency, which are not those of the file")


def winners(draw):
    first = (found := WINNERS + draw.to_bytes(8, "big")) + bytes(8)  # a page begins with its cursor: 0 at first
    ready = READY, "QQQI", draw, len(rows), digests[-1], 0
    page = ask((WAITING, first), *ready)
    while page.startswith(WAITING):
        page = hear(2, first, READY) or ask((WAITING, first), *ready)
    documents = page[73:]
    while (cursor := page[17:25]) != bytes(8):
        page = ask(found + cursor, RESULTS, "Q8s", draw, cursor)
        documents += page[73:]
    sys.stdout.write(documents.decode())
    ask(GOODBYE, DONE, "Q", draw)


_, number, file, server = sys.argv if len(sys.argv) == 4 else sys.exit(__doc__)
agency, socket = int(number), zmq.Context().socket(zmq.DEALER)
socket.linger = 500
socket.connect(f"tcp://{server}")
rows, digests = [], [0]  # rows in their canonical form, and the digest before each
for row in csv.reader(open(file, encoding="utf-8", newline="")):
    csv.writer(line := io.StringIO(), lineterminator="\n").writerow(row)
    rows.append(line.getvalue().encode())
    digests.append(xxhash.xxh3_64_intdigest(rows[-1][:-1], digests[-1]))
while True:
    try:
        sys.exit(winners(sell()))
    except ConnectionResetError:  # start over
        time.sleep(random.uniform(0.25, 0.5))
