"""A TCP relay on loopback, for connections that break in all the ways a network has.

A Link listens, and passes on to a target what it is sent, and back. It can be cut (both ends
are told), half open (what is sent is swallowed, one way or both, and nobody is told), or slow.
TCP never goes on after bytes were lost: a connection of which any were swallowed stays so
until an end gives it up, or `heal` closes it, as a router does that is back and knows nothing
of it.
"""

import collections
import contextlib
import heapq
import selectors
import socket
import struct
import threading
import time

import loteria

WAYS = {"up": ("up",), "down": ("down",), "both": ("up", "down")}  # up: from who connects to the target
BUFFER_BYTES = 256 * 1024  # of a pipe; then its sender has to wait
CHUNK_BYTES = 64 * 1024
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with RST


class Relay:
    """All links of a day, in a thread of their own. `with Relay() as relay: ...`"""

    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.orders = collections.deque()  # from other threads
        self.bell, self.ringer = socket.socketpair()
        self.bell.setblocking(False)
        self.selector.register(self.bell, selectors.EVENT_READ, self.hear_bell)
        self.due = []  # (when, number, pipe): delayed bytes
        self.links = []
        self.running = True
        self.failure = None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.order(self.stop)
        self.thread.join(loteria.DEADLINE)
        assert not self.thread.is_alive() and self.failure is None, self.failure

    def link(self, target):
        """A Link to this port."""
        link = Link(self, target)
        self.links.append(link)
        self.order(link.open)
        return link

    def heal(self):
        """No fault any more; what has lost bytes is closed."""
        self.order(lambda: [link.heal() for link in self.links])

    def order(self, action):
        """Have the thread do this, and wait until it has."""
        done = threading.Event()
        self.orders.extend((action, done.set))
        self.ringer.send(b"!")
        assert done.wait(loteria.DEADLINE), self.failure

    def run(self):
        try:
            while self.running:
                wait = self.due[0][0] - time.monotonic() if self.due else None
                for key, events in self.selector.select(wait if wait is None else max(0, wait)):
                    key.data(events)
                while self.due and self.due[0][0] <= time.monotonic():
                    heapq.heappop(self.due)[2].update()
        except Exception as error:  # told where the day is judged
            self.failure = error
            raise

    def hear_bell(self, _):
        with contextlib.suppress(BlockingIOError):
            self.bell.recv(4096)
        while self.orders:
            self.orders.popleft()()

    def stop(self):
        for link in self.links:
            link.close()
        self.running = False


class Link:
    def __init__(self, relay, target):
        self.relay, self.target = relay, target
        self.listener = socket.create_server(("127.0.0.1", loteria.free_port()), backlog=128)
        self.listener.setblocking(False)
        self.port = self.listener.getsockname()[1]
        self.connections = set()
        self.swallowing, self.delay = frozenset(), 0

    # what a test orders

    def cut(self):
        self.relay.order(self.reset_all)

    def half_open(self, way):
        """From now on, until half_open(None): then new connections are sound again."""
        self.relay.order(lambda: self.swallow(WAYS[way] if way else ()))

    def slow(self, seconds):
        self.relay.order(lambda: setattr(self, "delay", seconds))

    def lead_to(self, target):
        """To another port, from now on; whoever is connected is told."""
        self.relay.order(lambda: (setattr(self, "target", target), self.reset_all()))

    # what the thread does

    def open(self):
        self.relay.selector.register(self.listener, selectors.EVENT_READ, self.accept)

    def close(self):
        self.reset_all()
        self.relay.selector.unregister(self.listener)
        self.listener.close()

    def accept(self, _):
        with contextlib.suppress(BlockingIOError):
            self.connections.add(Connection(self, self.listener.accept()[0]))

    def swallow(self, ways):
        self.swallowing = frozenset(ways)
        for connection in self.connections:
            connection.swallow(self.swallowing)

    def reset_all(self):
        for connection in list(self.connections):
            connection.reset()

    def heal(self):
        self.delay, self.swallowing = 0, frozenset()
        for connection in list(self.connections):
            if any(pipe.swallows for pipe in connection.pipes.values()):
                connection.reset()


class Connection:
    """Two sockets and two pipes between them."""

    def __init__(self, link, near):
        self.link, self.selector = link, link.relay.selector
        far = socket.socket()
        self.sockets = (near, far)
        for end in self.sockets:
            end.setblocking(False)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        far.connect_ex(("127.0.0.1", link.target))  # a refusal shows when it is read
        self.pipes = {"up": Pipe(self, near, far), "down": Pipe(self, far, near)}
        self.interests = {near: 0, far: 0}
        self.swallow(link.swallowing)
        self.update()

    def swallow(self, ways):
        for way in ways:
            self.pipes[way].swallows = True

    def update(self):
        """Ask the selector for what each pipe can do now."""
        for end in self.sockets:
            events = sum(pipe.interest(end) for pipe in self.pipes.values())
            if events == self.interests[end]:
                continue
            if events == 0:
                self.selector.unregister(end)
            elif self.interests[end] == 0:
                self.selector.register(end, events, lambda ready, end=end: self.ready(end, ready))
            else:
                self.selector.modify(end, events, lambda ready, end=end: self.ready(end, ready))
            self.interests[end] = events

    def ready(self, end, events):
        if self not in self.link.connections:
            return  # closed a moment ago, for its other end
        try:
            for pipe in self.pipes.values():
                if events & selectors.EVENT_READ and pipe.source is end:
                    pipe.read()
                if events & selectors.EVENT_WRITE and pipe.sink is end:
                    pipe.write()
        except BlockingIOError:
            pass
        except OSError:
            self.broken(end)
        self.settle()

    def broken(self, end):
        """The other end is told, unless what would tell it is swallowed."""
        here, back = sorted(self.pipes.values(), key=lambda pipe: pipe.source is not end)
        if here.swallows:
            here.ended = back.swallows = True
            back.chunks.clear()
        else:
            self.reset()

    def settle(self):
        if all(pipe.over or pipe.swallows and pipe.ended for pipe in self.pipes.values()):
            self.close()
        elif self in self.link.connections:
            self.update()

    def reset(self):
        for end in self.sockets:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.close()

    def close(self):
        if self not in self.link.connections:
            return
        self.link.connections.discard(self)
        for end in self.sockets:
            if self.interests[end]:
                self.selector.unregister(end)
            end.close()


class Pipe:
    """One way of a connection."""

    serial = 0

    def __init__(self, connection, source, sink):
        self.connection, self.source, self.sink = connection, source, sink
        self.chunks, self.size = collections.deque(), 0  # (when due, bytes)
        self.ended = self.over = False  # the source said so; so was the sink told
        self.swallows = False

    def interest(self, end):
        events = 0
        if end is self.source and not self.ended and self.size < BUFFER_BYTES:
            events |= selectors.EVENT_READ
        if end is self.sink and self.chunks and self.chunks[0][0] <= time.monotonic():
            events |= selectors.EVENT_WRITE
        return events

    def read(self):
        data = self.source.recv(CHUNK_BYTES)
        if self.swallows:
            self.ended |= not data  # the other end does not hear of it, either
            return
        self.ended |= not data
        when = time.monotonic() + self.connection.link.delay
        if self.chunks:
            when = max(when, self.chunks[-1][0])
        self.chunks.append((when, data))
        self.size += len(data)
        if when > time.monotonic():
            Pipe.serial += 1
            heapq.heappush(self.connection.link.relay.due, (when, Pipe.serial, self))

    def write(self):
        while self.chunks and self.chunks[0][0] <= time.monotonic():
            when, data = self.chunks[0]
            if self.swallows:
                sent = len(data)
            elif not data:
                self.sink.shutdown(socket.SHUT_WR)
                self.over, sent = True, 0
            else:
                sent = self.sink.send(data)
            self.size -= sent
            self.chunks.popleft()
            if sent < len(data):
                self.chunks.appendleft((when, data[sent:]))
                return

    def update(self):
        """Delayed bytes are due."""
        if self.connection in self.connection.link.connections:
            self.connection.update()
