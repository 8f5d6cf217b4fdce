"""Real kernels, and a front end without a browser: what the tests of kernels share."""

from __future__ import annotations

import os
import time
from queue import Empty

import pytest

VIEW = "application/vnd.jupyter.widget-view+json"


def shown_by(messages):
    """Return the outputs of a cell as a notebook keeps them: a stream that came in pieces is one."""
    outputs = []
    for message in messages:
        said, last = message["content"], outputs[-1] if outputs else {}
        if message["msg_type"] == "stream" and last.get("name") == said["name"]:
            outputs[-1] = last | {"text": last["text"] + said["text"]}
        elif message["msg_type"] in {"display_data", "execute_result", "stream"}:
            outputs.append(said)
    return outputs


class Kernel:
    """A kernel of this Python, with the environment of the test."""

    patience = 120

    def __init__(self):
        from jupyter_client.manager import KernelManager

        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(env=dict(os.environ))
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=self.patience)

    def run(self, code, **options):
        """Run a cell; return what was shown as text, the last value's text, and the error's lines."""
        outputs = []
        reply = self.client.execute_interactive(
            code, output_hook=outputs.append, timeout=self.patience, allow_stdin=False, store_history=True, **options
        )
        shown = shown_by(outputs)
        text = [content["text"] if "text" in content else content["data"].get("text/plain", "") for content in shown]
        html = [content["data"].get("text/html", "") for content in shown if "data" in content]
        error = next((message["content"]["traceback"] for message in outputs if message["msg_type"] == "error"), [])
        if reply["content"]["status"] == "error" and not error:  # IPython only prints that a magic is unknown
            error = [reply["content"]["evalue"]]
        self.html = "\n".join(html)
        return "\n".join(text), error

    def ok(self, code):
        text, error = self.run(code)
        assert error == [], "\n".join(error)
        return text

    def tab(self, code):
        """Press Tab at the end of a cell; return what may stand in place of it."""
        self.client.complete(code)
        reply = self.client.get_shell_msg(timeout=self.patience)["content"]
        return [code[: reply["cursor_start"]] + match for match in reply["matches"]]

    def help(self, code):
        """Ask for help as Shift-Tab does."""
        self.client.inspect(code, len(code))
        return self.client.get_shell_msg(timeout=self.patience)["content"]["data"].get("text/plain", "")

    def stop(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """Starts kernels; stops them all."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.chdir(tmp_path)
    started = []

    def start():
        started.append(Kernel())
        return started[-1]

    yield start
    for one in started:
        one.stop()


class Front:
    """A notebook that somebody sits at: runs cells, holds the widgets that they show, and writes to them as views do."""

    def __init__(self, kernel):
        self.kernel, self.client = kernel, kernel.client
        self.messages = []
        self.widgets = {}
        self.subshell = None
        self._asked = 0

    def use_subshell(self):
        """Send what views write to a thread of its own, as JupyterLab does."""
        message = self.client.session.msg("create_subshell_request", {})
        self.client.control_channel.send(message)
        self.subshell = self.client.get_control_msg(timeout=self.kernel.patience)["content"]["subshell_id"]

    def begin(self, code, *, cell=None, **options):
        """Start a cell; return the id of the request. Jupyter's own front ends say the cell's id."""
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": True, **options}
        message = self.client.session.msg("execute_request", content, metadata={} if cell is None else {"cellId": cell})
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def run(self, code, **options):
        """Run a cell; return its outputs."""
        request = self.begin(code, **options)
        self.until(lambda: self.is_done(request))
        found = [message for message in self.messages if message["parent_header"].get("msg_id") == request]
        errors = [message["content"] for message in found if message["msg_type"] == "error"]
        assert not errors, "\n".join(errors[0]["traceback"])
        return shown_by(found)

    def is_done(self, request):
        return any(
            message["msg_type"] == "status"
            and message["content"]["execution_state"] == "idle"
            and message["parent_header"].get("msg_id") == request
            for message in self.messages
        )

    def until(self, happened):
        """Read what the kernel tells until something has happened; return what that is."""
        end = time.monotonic() + self.kernel.patience
        while not (found := happened()):
            assert time.monotonic() < end, f"it did not happen; the last: {self.messages[-5:]}"
            try:
                message = self.client.get_iopub_msg(timeout=0.1)
            except Empty:
                continue
            self.messages.append(message)
            if message["msg_type"] == "comm_open":
                self.widgets[message["content"]["comm_id"]] = message["content"]["data"]["state"]
        return found

    def view(self, outputs):
        """Return the id of the one widget that a cell shows."""
        (shown,) = (output["data"][VIEW]["model_id"] for output in outputs if VIEW in output.get("data", {}))
        return shown

    def post(self, widget, verb, **args):
        """Send a message to a widget; return its rid."""
        self._asked += 1
        rid = f"front:{self._asked}"
        data = {"method": "custom", "content": {"rid": rid, "verb": verb, "args": args}}
        message = self.client.session.msg("comm_msg", {"comm_id": widget, "data": data})
        if self.subshell is not None:
            message["header"]["subshell_id"] = self.subshell
        self.client.shell_channel.send(message)
        return rid

    def sent_by(self, widget):
        """Return what a widget has sent so far."""
        return [
            message["content"]["data"]["content"]
            for message in self.messages
            if message["msg_type"] == "comm_msg"
            and message["content"]["comm_id"] == widget
            and message["content"]["data"]["method"] == "custom"
        ]

    def answer(self, widget, rid):
        """Wait for the last message to a rid; return it."""
        return self.until(lambda: next((one for one in self.sent_by(widget) if one.get("rid") == rid and "ok" in one), None))

    def ask(self, widget, verb, **args):
        """Return the answer to a message; fail if it is an error."""
        last = self.answer(widget, self.post(widget, verb, **args))
        assert last["ok"], last
        return last["answer"]


@pytest.fixture
def front(kernel, bundle):
    """A notebook that somebody sits at, in a kernel in which the extension is loaded."""
    made = Front(kernel())
    made.run("%load_ext jupyter_modelstore")
    return made
