"""A server between a client and a project: it passes everything on, but for what a test lets it answer itself."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

HOP_BY_HOP = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}


@dataclass(frozen=True)
class Reply:
    """What is answered in place of the project; as :func:`cut` and :func:`hold` do it, nothing."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, answer: httpx.Response) -> Reply:
        """Return what a server really answered, to be said again."""
        return cls(answer.status_code, answer.content, {"Content-Type": answer.headers.get("content-type", "text/plain")})

    def __call__(self, handler: Handler) -> None:
        """Say it."""
        handler.say(self.status, self.headers.items(), self.body)


def cut(handler: Handler) -> None:
    """Break the connection in place of an answer."""
    handler.close_connection = True


def hold(handler: Handler) -> None:
    """Keep the caller waiting for longer than it waits."""
    handler.server.held.wait(30)
    handler.close_connection = True


Act = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers one request, or has it answered."""

    protocol_version = "HTTP/1.1"
    server: Relay

    def log_message(self, *said: object) -> None:
        """Print nothing."""

    def say(self, status: int, headers: object, body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Date", self.date_time_string())
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def forward(self) -> httpx.Response:
        """Return what the project answers."""
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        return self.server.client.request(
            self.command, f"{self.server.upstream}{self.path}", headers=headers, content=self.body
        )

    def pass_on(self) -> None:
        """Let the project answer."""
        answer = self.forward()
        headers = [(name, value) for name, value in answer.headers.items() if name.lower() not in {*HOP_BY_HOP, "date"}]
        length = answer.headers.get("content-length")
        self.say(answer.status_code, headers, answer.content if self.command != "HEAD" else b"x" * int(length or 0))

    def answer(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.server.heard.append((self.command, self.path))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.server.act_for(self.command, self.path)(self)

    do_GET = do_POST = do_PUT = do_PATCH = do_HEAD = do_DELETE = answer  # noqa: N815 (the server's names)


class Relay(ThreadingHTTPServer):
    """The server.

    Parameters
    ----------
    upstream
        The project's address.
    """

    daemon_threads = True

    def handle_error(self, *about: object) -> None:
        """Say nothing: clients break off, and are meant to."""

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.upstream = upstream
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.client = httpx.Client(timeout=60, headers={"accept-encoding": "identity"})
        self.heard: list[tuple[str, str]] = []
        self.held = threading.Event()
        self._rules: list[tuple[str, str, Act]] = []

    def answers(self, method: str, path: str, act: Act) -> None:
        """From now on, answer requests of this method whose path holds this text so."""
        self._rules.append((method, path, act))

    def is_plain(self) -> None:
        """Pass everything on again."""
        self._rules.clear()

    def act_for(self, method: str, path: str) -> Act:
        """Return what is done with a request."""
        return next((act for m, text, act in self._rules if m == method and text in path), Handler.pass_on)

    @classmethod
    @contextlib.contextmanager
    def before(cls, upstream: str) -> Iterator[Relay]:
        """Run one, for as long as the block lasts."""
        relay = cls(upstream)
        thread = threading.Thread(target=relay.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield relay
        finally:
            relay.held.set()
            relay.shutdown()
            relay.server_close()
            relay.client.close()
            thread.join()
