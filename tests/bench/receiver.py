"""A receiver of webhooks as quick as asyncio allows: notes when each delivery came, answers by its path.

`/ok/…` answers 200, `/bad/…` 500, `/hang/…` never. `GET /arrived/N` answers once N have come to `/ok/…`, with
`[path, id, seconds]` of each that came to any path.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter

import uvloop

from hub.model.json import dumps
from hub.server import listen

_ANSWERS = {
    b"ok": b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    b"bad": b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n",
    b"hang": b"",
}
_seen: list[tuple[str, str, float]] = []
_came: Counter[bytes] = Counter()
"""How many came to each kind of path."""
_waiting: list[tuple[int, asyncio.Transport]] = []
"""Who wants to hear when so many have come to `/ok/…`."""


class Receiver(asyncio.Protocol):
    """One connection; requests come one after the other."""

    def __init__(self) -> None:
        self._buffer = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = transport  # type: ignore[assignment] # TCP gives a Transport

    def data_received(self, data: bytes) -> None:
        """Answer every whole request in the buffer."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            length = 0
            identity = b""
            for line in head.split(b"\r\n")[1:]:
                if line.startswith(b"content-length:"):
                    length = int(line[15:])
                elif line.startswith(b"webhook-id:"):
                    identity = self._buffer[:end].split(b"\r\n")[head.split(b"\r\n").index(line)][11:].strip()
            if len(self._buffer) < end + 4 + length:
                return
            path = self._buffer[:end].split(b" ", 2)[1]
            self._buffer = self._buffer[end + 4 + length :]
            self._answer(path, identity)

    def _answer(self, path: bytes, identity: bytes) -> None:
        if path.startswith(b"/arrived/"):
            _waiting.append((int(path[9:]), self._transport))
            _tell()
        elif path == b"/forget":
            _seen.clear()
            _came.clear()
            self._transport.write(_ANSWERS[b"ok"])
        else:
            _seen.append((path.decode(), identity.decode(), time.time()))
            kind = path.split(b"/")[1]
            _came[kind] += 1
            self._transport.write(_ANSWERS[kind])
            if _waiting:
                _tell()


def _tell() -> None:
    """Answer those whose number is reached."""
    for one in [one for one in _waiting if one[0] <= _came[b"ok"]]:
        _waiting.remove(one)
        body = dumps({"seen": _seen})
        one[1].write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)


async def main() -> None:
    """Listen on the port given as the first argument."""
    listener = listen("127.0.0.1", int(sys.argv[1]))
    server = await asyncio.get_running_loop().create_server(Receiver, sock=listener)
    print("listens", flush=True)  # noqa: T201 - the parent process waits for this line
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
