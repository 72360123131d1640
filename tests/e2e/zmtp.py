"""ZMTP by hand (RFC 23, RFC 25, RFC 26), for tests that do what no ZeroMQ library does.

A raw connection that greets, shakes hands with NULL or CURVE, and then sends frames of its own
making. CURVE's boxes are libsodium's, which libzmq itself brings along.
"""

import ctypes
import os
import socket
import struct

import zmq.utils.z85

import loteria

MORE, LONG, COMMAND = 1, 2, 4
CURVE_COMMAND = 2  # in the flags within a box (RFC 26)
PUBLIC_BYTES = 32

sodium = ctypes.CDLL("libsodium.so.23")


class NotAdmitted(Exception):
    """The other side closed the connection, or said ERROR, during the handshake."""


def greeting(mechanism, version=b"\3\0", as_server=False):
    return b"\xff" + bytes(8) + b"\x7f" + version + mechanism.ljust(20, b"\0") + bytes([as_server]) + bytes(31)


def metadata(properties):
    return b"".join(bytes([len(name)]) + name + struct.pack(">I", len(value)) + value
                    for name, value in properties)  # fmt: skip


def frame(body, flags=0):
    if len(body) > 255:
        return bytes([flags | LONG]) + struct.pack(">Q", len(body)) + body
    return bytes([flags, len(body)]) + body


def key_pair():
    public, secret = ctypes.create_string_buffer(32), ctypes.create_string_buffer(32)
    sodium.crypto_box_keypair(public, secret)
    return public.raw, secret.raw


def box(text, nonce, public, secret):
    sealed = ctypes.create_string_buffer(len(text) + 16)
    assert sodium.crypto_box_easy(sealed, text, ctypes.c_ulonglong(len(text)), nonce, public, secret) == 0
    return sealed.raw


def open_box(sealed, nonce, public, secret):
    text = ctypes.create_string_buffer(len(sealed) - 16)
    if sodium.crypto_box_open_easy(text, sealed, ctypes.c_ulonglong(len(sealed)), nonce, public, secret) != 0:
        raise NotAdmitted("a box that does not open")
    return text.raw


class Raw:
    """A TCP connection that speaks ZMTP 3.0; what it has sent is kept in `sent`."""

    def __init__(self, server, timeout=loteria.DEADLINE, **options):
        host, port = server.removeprefix("tcp://").split(":")
        self.socket = socket.socket()
        for option, value in options.items():
            self.socket.setsockopt(socket.SOL_SOCKET, getattr(socket, option), value)
        self.socket.settimeout(timeout)
        self.socket.connect((host, int(port)))
        self.sent, self.received = b"", b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def write(self, data):
        self.sent += data
        self.socket.sendall(data)

    def read(self, size):
        data = b""
        while len(data) < size:
            try:
                piece = self.socket.recv(size - len(data))
            except ConnectionResetError:
                piece = b""
            if not piece:
                raise NotAdmitted(f"closed after {len(self.received)} bytes")
            data += piece
            self.received += piece
        return data

    def read_frame(self):
        """Flags and body of the next one that is no heartbeat."""
        while True:
            (flags,) = self.read(1)
            (size,) = struct.unpack(">Q", self.read(8)) if flags & LONG else self.read(1)
            body = self.read(size)
            if not (flags & COMMAND and body.startswith(b"\4PING")):
                return flags, body

    def read_command(self, name):
        flags, body = self.read_frame()
        head = bytes([len(name)]) + name
        if not body.startswith(head):
            raise NotAdmitted(f"{body[:20]!r} where {name.decode()} was to come")
        return body[len(head):]

    def ends(self):
        """Read until the other side has closed it, which is waited for."""
        try:
            while piece := self.socket.recv(65536):
                self.received += piece
        except ConnectionResetError:
            pass
        return True

    def greet(self, mechanism, **options):
        """The other side's greeting."""
        self.write(greeting(mechanism, **options))
        return self.read(64)

    def shake_null(self, properties=((b"Socket-Type", b"DEALER"),)):
        self.greet(b"NULL")
        self.write(frame(b"\5READY" + metadata(properties), COMMAND))
        return self.read_command(b"READY")

    def send(self, *bodies):
        self.write(b"".join(frame(body, MORE if i + 1 < len(bodies) else 0) for i, body in enumerate(bodies)))

    def receive(self):
        return self.read_frame()[1]


class Curve(Raw):
    """The same, with CURVE: `server_key` and `keys` (public, secret) in Z85."""

    def __init__(self, server, server_key, keys, **options):
        super().__init__(server, **options)
        self.server_key = zmq.utils.z85.decode(server_key)
        self.public, self.secret = (zmq.utils.z85.decode(key) for key in keys)
        self.short_public, self.short_secret = key_pair()
        self.nonce = 0

    def shake(self, properties=((b"Socket-Type", b"DEALER"),)):
        self.greet(b"CURVE")
        self.hello()
        self.welcome()
        self.initiate(properties)
        return self.ready()

    def hello(self):
        number = self.next_nonce()
        sealed = box(bytes(64), b"CurveZMQHELLO---" + number, self.server_key, self.short_secret)
        self.write(frame(b"\5HELLO\1\0" + bytes(72) + self.short_public + number + sealed, COMMAND))

    def welcome(self):
        body = self.read_command(b"WELCOME")
        text = open_box(body[16:], b"WELCOME-" + body[:16], self.server_key, self.short_secret)
        self.their_short, self.cookie = text[:32], text[32:]

    def initiate(self, properties):
        nonce, number = os.urandom(16), self.next_nonce()
        vouch = box(self.short_public + self.server_key, b"VOUCH---" + nonce, self.their_short, self.secret)
        text = self.public + nonce + vouch + metadata(properties)
        sealed = box(text, b"CurveZMQINITIATE" + number, self.their_short, self.short_secret)
        self.write(frame(b"\x08INITIATE" + self.cookie + number + sealed, COMMAND))

    def ready(self):
        body = self.read_command(b"READY")
        return open_box(body[8:], b"CurveZMQREADY---" + body[:8], self.their_short, self.short_secret)

    def next_nonce(self):
        self.nonce += 1
        return struct.pack(">Q", self.nonce)

    def seal(self, body, flags=0):
        """A frame as it goes over the wire."""
        number = self.next_nonce()
        sealed = box(bytes([flags]) + body, b"CurveZMQMESSAGEC" + number, self.their_short, self.short_secret)
        return frame(b"\7MESSAGE" + number + sealed)

    def send(self, *bodies):
        self.write(b"".join(self.seal(body, i + 1 < len(bodies)) for i, body in enumerate(bodies)))

    def receive(self):
        while True:
            body = self.read_command(b"MESSAGE")
            text = open_box(body[8:], b"CurveZMQMESSAGES" + body[:8], self.their_short, self.short_secret)
            if not text[0] & CURVE_COMMAND:  # else it is a heartbeat
                return text[1:]
