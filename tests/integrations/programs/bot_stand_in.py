"""Stands for the bot in the tests of breakouts: it has secrets in its environment, and sockets that it listens on.

Its first argument is its data folder. It tells where it listens as one line of JSON, and answers whoever reaches it.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import socket
import sys


def main() -> None:
    folder = sys.argv[1]
    tcp = _listening(socket.AF_INET, ("127.0.0.1", 0))
    abstract = _listening(socket.AF_UNIX, f"\0stand-in-{os.getpid()}")
    path = _listening(socket.AF_UNIX, f"{folder}/bot.sock")
    os.chmod(f"{folder}/bot.sock", 0o777)
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    libc = ctypes.CDLL(None)
    shared = libc.shmget(os.getpid(), 4096, 0o1666)  # IPC_CREAT
    told = {"pid": os.getpid(), "tcp": tcp.getsockname()[1], "udp": udp.getsockname()[1], "shm": shared}
    print(json.dumps(told), flush=True)
    try:
        while True:
            ready, _, _ = select.select([tcp, abstract, path, udp, sys.stdin.fileno()], [], [])
            for one in ready:
                if not isinstance(one, socket.socket):
                    return  # the tests are over
                _answer(one, udp)
    finally:
        libc.shmctl(shared, 0, None)  # IPC_RMID


def _listening(family: int, address: object) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    made.bind(address)  # type: ignore[arg-type]
    made.listen()
    return made


def _answer(ready: socket.socket, udp: socket.socket) -> None:
    if ready is udp:
        _, sender = udp.recvfrom(100)
        udp.sendto(b"hello", sender)
    else:
        reached, _ = ready.accept()
        reached.sendall(b"hello")
        reached.close()


if __name__ == "__main__":
    main()
