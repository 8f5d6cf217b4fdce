"""A view without a browser."""

from __future__ import annotations

import time


class View:
    """Asks a desk as a view does, and keeps what it answers."""

    def __init__(self, desk):
        self.desk, self.sent = desk, []
        desk.send = self.sent.append
        self._asked = 0

    def post(self, verb, **args):
        """Send a message; return its rid."""
        self._asked += 1
        rid = f"view:{self._asked}"
        self.desk.receive({"rid": rid, "verb": verb, "args": args})
        return rid

    def of(self, rid):
        """Return what came for a message, the answer last; wait for it."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            came = [message for message in list(self.sent) if message.get("rid") == rid]
            if came and "ok" in came[-1]:
                return came
            time.sleep(0.005)
        raise AssertionError(f"no answer; there came {self.sent}")

    def ask(self, verb, **args):
        """Return the answer; fail if it is an error."""
        last = self.of(self.post(verb, **args))[-1]
        assert last["ok"], last
        return last["answer"]

    def error(self, verb, **args):
        """Return the error; fail if there is none."""
        last = self.of(self.post(verb, **args))[-1]
        assert not last["ok"], last
        return last["error"]
