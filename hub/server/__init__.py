"""Serving the application: sockets, Hypercorn, HTTP/1 on the wire, starting and stopping."""

from __future__ import annotations

from hub.server.serving import listen, raise_open_files, run, server_config, settle_memory

__all__ = ["listen", "raise_open_files", "run", "server_config", "settle_memory"]
