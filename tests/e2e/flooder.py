"""An agency that floods: it sends one batch without a pause over many connections.

  flooder.py SERVER KEYS AGENCY CONNECTIONS COUNTS

The file COUNTS holds how often it was told STORED and how often BUSY, 8 bytes each, as of now.
"""

import mmap
import os
import pathlib
import struct
import sys

import zmq

import wire

BURST = 8


def main(server, keys, agency, connections, counts_path):
    agency, stored, busy, parent = int(agency), 0, 0, os.getppid()
    clients = [wire.Client(server, **wire.curve(pathlib.Path(keys))) for _ in range(int(connections))]
    frame = wire.batch(agency, 0, wire.bets(1))
    with open(counts_path, "r+b") as file, mmap.mmap(file.fileno(), 16) as counts:
        while os.getppid() == parent:  # it ends with whoever started it
            for client in clients:
                for _ in range(BURST):
                    client.send(frame)
                while client.socket.getsockopt(zmq.EVENTS) & zmq.POLLIN:
                    if client.socket.recv()[3] == wire.COMMANDS["STORED"]:
                        stored += 1
                    else:
                        busy += 1
            counts[:] = struct.pack("=QQ", stored, busy)


if __name__ == "__main__":
    main(*sys.argv[1:])
