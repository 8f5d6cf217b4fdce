"""A line to a server that can be narrow, held, or cut: what a train's network does to bytes, on real sockets."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from urllib.parse import urlsplit

PIECE = 1 << 16


class Line:
    """Forwards a port of this machine to a server; what goes there passes while ``free`` is set.

    Parameters
    ----------
    url
        The server's address.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (parts.hostname, parts.port)
        self.free = threading.Event()
        self.free.set()
        self.holding = threading.Event()
        self.pause = 0.0  # seconds after each piece
        self.held_after = 0  # bytes of a connection that pass also while it is held
        self._ends: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._listen()

    def _listen(self) -> None:
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _ = listener.accept()
                try:
                    there = socket.create_connection(self._server)
                except OSError:
                    here.close()
                    continue
                self._ends += [here, there]
                threading.Thread(target=self._carry, args=(here, there, True), daemon=True).start()
                threading.Thread(target=self._carry, args=(there, here, False), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, going: bool) -> None:
        carried = 0
        with contextlib.suppress(OSError):
            while data := source.recv(PIECE):
                if going and carried > self.held_after and not self.free.is_set():
                    self.holding.set()
                    self.free.wait()
                target.sendall(data)
                time.sleep(self.pause if going else 0)
                carried += len(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def cut(self) -> None:
        """End all connections, and take no more."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for end in (self._listener, *self._ends):
            with contextlib.suppress(OSError):
                end.close()
        self._ends.clear()

    def mend(self) -> None:
        """Be there again, at the same port."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._listen()
