"""``python -m stack._serve auth|storage|gateway DIRECTORY``: one server of a stack, in a process of its own."""

from __future__ import annotations

import asyncio
import importlib
import logging
import signal
import sys
from pathlib import Path

from aiohttp import web

from . import _places


async def serve(name: str, directory: Path) -> None:
    """Answer until SIGTERM."""
    state = _places.read_json(directory / "state.json")
    application = importlib.import_module(f"stack._{name}").application(directory, state)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", state["ports"][name], backlog=512).start()
    ended = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, ended.set)
    await ended.wait()
    await runner.cleanup()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(serve(sys.argv[1], Path(sys.argv[2])))
