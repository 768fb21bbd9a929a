"""Serving the application with Hypercorn, and stopping without losing accepted work."""

from __future__ import annotations

import asyncio
import errno
import gc
import signal
import socket
from collections.abc import Awaitable, Callable

from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config
from quart import Quart

from hub.server import http1
from hub.settings import Settings

__all__ = ["listen", "raise_open_files", "run", "server_config", "settle_memory"]

_LONGEST_START = 600
"""Seconds for migrations and the start of plugins together."""
_CLOSING = 60
"""Seconds after `shutdown_seconds` for handing back unfinished work and closing everything."""


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket.

    Args:
        host: Address to bind.
        port: Port; 0 picks a free one.

    Raises:
        OSError: The address is taken or not one of this machine; the message says what to set.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        ports = {errno.EADDRINUSE: "set HUB_PORT to a free one", errno.EACCES: "set HUB_PORT to one of 1024 or more"}
        remedy = ports.get(error.errno or 0, "set HUB_HOST to an address of this machine, or 0.0.0.0 for all of them")
        message = f"cannot listen on {host} port {port}: {error.strerror}; {remedy}"
        raise OSError(error.errno, message) from error
    listener.listen(4096)
    listener.setblocking(False)
    return listener


def raise_open_files() -> int | None:
    """Let this process open as many connections as the system allows. The limit, or None if it cannot be set."""
    try:
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (ImportError, ValueError, OSError):
        return None
    return hard


def server_config(settings: Settings, listener: socket.socket) -> Config:
    """Hypercorn's settings. Hypercorn takes over the listener and closes it.

    There is no access log, since URLs hold secrets. A connection on which the head of a request is not complete after
    `head_seconds` is closed, even if bytes keep coming.
    """
    http1.install(http2=settings.http2 == "on")
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.accesslog = None
    config.errorlog = "-"
    config.loglevel = "WARNING"
    config.keep_alive_timeout = settings.head_seconds
    config.read_timeout = None
    config.h11_max_incomplete_size = 64 * 1024
    config.include_server_header = False
    config.graceful_timeout = settings.shutdown_seconds
    config.startup_timeout = _LONGEST_START
    config.shutdown_timeout = settings.shutdown_seconds + _CLOSING
    config.backlog = 4096
    return config


def settle_memory() -> None:
    """Exclude what exists after the start (catalogs, compiled schemas) from garbage collection.

    Reference counts free what a request creates, so that young objects can be collected less often than by default.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)


async def run(
    app: Quart, settings: Settings, listener: socket.socket, *, ready: Callable[[], Awaitable[None]] | None = None
) -> None:
    """Serve until SIGTERM or SIGINT. Then accept nothing more, answer open requests and finish accepted work.

    Args:
        app: The application. Its `before_serving` starts the hub, its `after_serving` stops it.
        settings: Time limits.
        listener: From `listen`.
        ready: Called when the hub is ready.
    """
    raise_open_files()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, stop.set)

    @app.before_serving
    async def _ready() -> None:
        settle_memory()
        if ready is not None:
            await ready()

    await hypercorn_serve(app, server_config(settings, listener), shutdown_trigger=stop.wait, mode="asgi")
