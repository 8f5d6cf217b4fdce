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
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._listen()

    def _listen(self) -> None:
        self._start(self._accept, self._listener)

    def _start(self, work, *given) -> None:
        thread = threading.Thread(target=work, args=given, daemon=True)
        self._threads.append(thread)
        thread.start()

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
                self._start(self._carry, here, there, True)
                self._start(self._carry, there, here, False)

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
        """End all connections, and take no more; leave no thread behind, which capture would take for somebody at work."""
        for end in (self._listener, *self._ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)  # wakes who waits for it
            with contextlib.suppress(OSError):
                end.close()
        self._ends.clear()
        for thread in self._threads:
            thread.join(20 if self.free.is_set() else 0.1)
        self._threads = [thread for thread in self._threads if thread.is_alive()]

    @property
    def threads(self) -> list[threading.Thread]:
        """What still runs."""
        return self._threads

    def mend(self) -> None:
        """Be there again, at the same port."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._listen()
