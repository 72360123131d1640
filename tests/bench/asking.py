"""What it costs a central to be asked how it is: each second, by somebody who wants to know everything."""

import contextlib
import threading
import time

import zmq

import peers
import wire

PARTS = ("workers", "storage", "state", "central")  # their sockets in the directory of a central
EVERY_SECONDS = 1.0
PATIENCE_MS = 60_000
MORE, NEXT = 17, slice(18, 26)  # in a REPORT


def pages(socket, subject):
    """Ask for all of them, and look at nothing but where the next one begins; their bytes."""
    size, start, more = 0, 0, True
    while more:
        socket.send(wire.simple("STATUS", 0, subject, start))
        assert socket.poll(PATIENCE_MS), "a part does not answer"
        report = socket.recv()
        assert report[3] == wire.COMMANDS["REPORT"], report[:80]
        size, start, more = size + len(report), int.from_bytes(report[NEXT], "big"), report[MORE]
    return size


def everything(sockets):
    """One round: the metrics, the lines and the refusals of each part; their bytes."""
    return sum(pages(socket, subject) for socket in sockets for subject in range(3))


@contextlib.contextmanager
def connected(day):
    context, run = zmq.Context(), day.run_directory()
    sockets = [context.socket(zmq.DEALER) for _ in PARTS]
    for socket, part in zip(sockets, PARTS, strict=True):
        socket.connect(f"ipc://{run}/{part}")
    try:
        yield sockets
    finally:
        context.destroy(linger=0)


@contextlib.contextmanager
def asked(day):
    """Meanwhile the central is asked everything, each second. Yields the bytes of each round."""
    over, rounds = threading.Event(), []

    def keep_asking():
        with connected(day) as sockets:
            while not over.is_set():
                rounds.append(everything(sockets))
                over.wait(EVERY_SECONDS)

    asking = threading.Thread(target=keep_asking)
    asking.start()
    try:
        yield rounds
    finally:
        over.set()
        asking.join()


def one_round(scratch, agencies, rounds):
    """CPU time that a central takes to tell everything once, of agencies that are connected and have sold."""
    with peers.directory_of(scratch, "asking") as directory, peers.central(directory, 2, agencies) as day:
        clients = [wire.Client(day.server) for _ in range(agencies)]
        try:
            for agency, client in enumerate(clients, 1):
                client.hello(agency)
                client.store(agency, 0, wire.bets(1))
            with connected(day) as sockets:
                everything(sockets)
                before, start = peers.cpu_seconds(day), time.monotonic()
                size = sum(everything(sockets) for _ in range(rounds)) // rounds
                took, after = time.monotonic() - start, peers.cpu_seconds(day)
        finally:
            for client in clients:
                client.socket.close(linger=0)
        by_name = {name: round((after[name] - before[name]) * 1000 / rounds, 3) for name in after}
    return {"bytes": size, "round_ms": took * 1000 / rounds, "cpu_ms": sum(by_name.values()), "cpu_ms_by_process": by_name}
