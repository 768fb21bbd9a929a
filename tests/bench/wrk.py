"""wrk, Debian's HTTP load generator, as a function."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Load", "load"]

_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


@dataclass(frozen=True)
class Load:
    """What a run measured; latencies in milliseconds.

    Attributes:
        errors: Answers other than 2xx and 3xx, and sockets that failed.
    """

    per_second: float
    p50: float
    p99: float
    errors: int


def load(
    url: str,
    body: bytes,
    directory: Path,
    *,
    headers: Mapping[str, str] | None = None,
    connections: int = 32,
    seconds: int = 6,
) -> Load:
    """POST `body` to `url` from one wrk thread.

    Raises:
        FileNotFoundError: wrk is not installed (`apt-get install wrk`).
    """
    program = shutil.which("wrk")
    if program is None:
        raise FileNotFoundError("wrk is not installed: apt-get install wrk")
    script = directory / "post.lua"
    lines = [
        'wrk.method = "POST"',
        f"wrk.body = [==[{body.decode()}]==]",
        'wrk.headers["Content-Type"] = "application/json"',
    ]
    lines += [f'wrk.headers["{name}"] = "{value}"' for name, value in (headers or {}).items()]
    script.write_text("\n".join(lines))
    command = [
        program,
        "-t1",
        f"-c{connections}",
        f"-d{seconds}s",
        "--latency",
        "--timeout",
        "30s",
        "-s",
        str(script),
        url,
    ]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return Load(
        per_second=float(_find(r"Requests/sec:\s+([\d.]+)", said)),
        p50=_milliseconds(_find(r"(?m)^\s+50%\s+(\S+)", said)),
        p99=_milliseconds(_find(r"(?m)^\s+99%\s+(\S+)", said)),
        errors=int(_find(r"Non-2xx or 3xx responses: (\d+)", said, "0"))
        + sum(int(one) for one in re.findall(r"(?:connect|read|write|timeout) (\d+)", said)),
    )


def _find(pattern: str, text: str, default: str = "") -> str:
    found = re.search(pattern, text)
    if found is None and not default:
        raise ValueError(f"wrk said something unexpected:\n{text}")
    return found.group(1) if found else default


def _milliseconds(text: str) -> float:
    found = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text)
    if found is None:
        raise ValueError(f"no time: {text!r}")
    return float(found.group(1)) * _UNITS[found.group(2)]
