"""The baseline: an empty Quart view under the same Hypercorn and event loop as the hub."""

from __future__ import annotations

import asyncio
import sys

import uvloop
from hypercorn.asyncio import serve
from quart import Quart

from hub.server import listen, server_config
from hub.settings import Settings

app = Quart(__name__)


@app.post("/")
async def view() -> dict[str, str]:
    """Reads nothing, does nothing."""
    return {"message": "ok"}


def main() -> None:
    """Serve on the port given as the first argument."""
    port = int(sys.argv[1])
    settings = Settings(port=port)
    listener = listen("127.0.0.1", port)
    print("listens", flush=True)  # noqa: T201 - the parent process waits for this line
    uvloop.run(serve(app, server_config(settings, listener), shutdown_trigger=asyncio.Event().wait, mode="asgi"))


if __name__ == "__main__":
    main()
