"""Parts of a central that are only played: a socket for each, in a thread, on loopback."""

import threading

import zmq

import wire


class Parts:
    """`with Parts("state", "storage") as central:`, whose endpoints are its attributes. Who plays says what `answer` is."""

    def __init__(self, *parts):
        self.context, self.running, self.sockets = zmq.Context(), True, {}
        for part in parts:
            socket = self.sockets[part] = self.context.socket(zmq.ROUTER)
            socket.linger = 0
            setattr(self, part, f"tcp://127.0.0.1:{socket.bind_to_random_port('tcp://127.0.0.1')}")
        self.thread = threading.Thread(target=self.serve)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.running = False
        self.thread.join()
        for socket in self.sockets.values():
            socket.close()
        self.context.term()

    def serve(self):
        poller, parts = zmq.Poller(), {}
        for part, socket in self.sockets.items():
            poller.register(socket, zmq.POLLIN)
            parts[socket] = part
        while self.running:
            for socket, _ in poller.poll(50):
                peer, frame = socket.recv_multipart()
                answer = self.answer(parts[socket], wire.decode(frame))
                if answer is not None:
                    socket.send_multipart([peer, answer])

    def answer(self, part, asked):
        """What the part says to this message; None: nothing."""
        raise NotImplementedError
