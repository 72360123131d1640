"""Somebody between state and storage, who sees each message of theirs, and may lose it."""

import struct
import threading

import zmq

import loteria
import wire

NAMES = {number: name for name, number in wire.COMMANDS.items()}
KIND_AT = {"RECORD": wire.HEADER + 2 * 8, "EVENT": wire.HEADER + 3 * 8}  # where the event's kind stands
HEAD_BYTES = 4 + 16  # size and envelope


class Between(threading.Thread):
    """Listens for states at `endpoint` and passes everything on to storage, and back, except what `look (name)` says
    no to. A name is that of the message, with the kind of the event where there is one: "RECORD S"."""

    def __init__(self, storage, look=lambda name: True):
        super().__init__(daemon=True)
        self.storage, self.look, self.context = storage, look, zmq.Context()
        self.endpoint = f"tcp://127.0.0.1:{loteria.free_port()}"
        self.failure = None

    def __enter__(self):
        self.states = self.context.socket(zmq.ROUTER)
        self.states.bind(self.endpoint)
        self.end, self.told = (self.context.socket(zmq.PAIR) for _ in range(2))
        self.told.bind("inproc://end")
        self.end.connect("inproc://end")
        self.start()
        return self

    def __exit__(self, kind, *_):
        self.end.send(b"")
        self.join()
        self.context.destroy(linger=0)
        if kind is None and self.failure:
            raise self.failure

    def run(self):
        try:
            self.pass_on()
        except Exception as failure:  # for the test to see
            self.failure = failure

    def pass_on(self):
        ways, poller = {}, zmq.Poller()  # a connection to storage for each state
        poller.register(self.states, zmq.POLLIN)
        poller.register(self.told, zmq.POLLIN)
        while True:
            ready = dict(poller.poll())
            if self.told in ready:
                return
            if self.states in ready:
                peer, frame = self.states.recv_multipart()
                if peer not in ways:
                    ways[peer] = self.context.socket(zmq.DEALER)
                    ways[peer].connect(self.storage)
                    poller.register(ways[peer], zmq.POLLIN)
                self.send(ways[peer], [], frame)
            for peer, way in ways.items():
                if way in ready:
                    self.send(self.states, [peer], way.recv())

    def send(self, socket, address, frame):
        kept = b"".join(part for part in parts(frame) if self.look(name_of(part[HEAD_BYTES:])))
        if kept:
            socket.send_multipart([*address, kept])


def parts(bundle):
    """The messages of a bundle, each with its size and envelope."""
    at = 0
    while at < len(bundle):
        size, = struct.unpack_from(">I", bundle, at)
        yield bundle[at:at + size]
        at += size


def name_of(message):
    name = NAMES[message[3]]
    return f"{name} {chr(message[KIND_AT[name]])}" if name in KIND_AT else name
