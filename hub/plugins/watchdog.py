"""Notices a plugin that blocks the event loop, by a thread that asks the loop for heartbeats."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FrameType

import structlog

__all__ = ["BlockedLoop", "Watchdog"]

_log = structlog.get_logger("hub.plugins")


@dataclass(frozen=True, slots=True)
class BlockedLoop:
    """Where the loop is blocked.

    Attributes:
        plugin: Name of the plugin whose code is on the stack; None if there is none.
        file: File of the plugin's innermost frame, else of the innermost frame.
        line: Line in that file.
        function: Function of that frame.
        seconds: How long the loop had been silent when this was noticed.
    """

    plugin: str | None
    file: str
    line: int
    function: str
    seconds: float

    def __str__(self) -> str:
        who = f"plugin {self.plugin}" if self.plugin else "the hub"
        return f"{who} blocks the event loop for {self.seconds:.1f} s at {self.file}:{self.line} in {self.function}"


def _log_blocked(blocked: BlockedLoop) -> None:
    _log.error(str(blocked), plugin=blocked.plugin, file=blocked.file, line=blocked.line)


class Watchdog:
    """Watches one event loop; costs it one callback per `interval`.

    Args:
        packages: Returns top-level module -> plugin (`Plugins.packages`).
        report: Called in the watchdog's thread, once each time that the loop is blocked; by default it logs.
        interval: Seconds between two heartbeats.
        threshold: Seconds of silence after which the loop is taken to be blocked.

    Attributes:
        beats: Number of heartbeats so far.
    """

    def __init__(
        self,
        packages: Callable[[], Mapping[str, str]],
        report: Callable[[BlockedLoop], None] = _log_blocked,
        *,
        interval: float = 0.5,
        threshold: float = 1.0,
    ) -> None:
        self._packages = packages
        self._report = report
        self._interval = interval
        self._threshold = threshold
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watched = 0
        self.beats = 0
        self._alive = threading.Event()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Watch the running loop; called in it."""
        self._loop = asyncio.get_running_loop()
        self._watched = threading.get_ident()
        self._ending.clear()
        self._thread = threading.Thread(target=self._run, name="hub-watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop; returns once the thread has ended."""
        self._ending.set()
        self._alive.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while not self._ending.wait(self._interval):
            self._alive.clear()
            asked = time.monotonic()
            if not self._ask():
                return
            if self._alive.wait(self._threshold) or self._ending.is_set():
                continue
            frame = sys._current_frames().get(self._watched)  # noqa: SLF001 - the documented way to another thread's stack
            if frame is not None:
                self._report(blame(frame, self._packages(), time.monotonic() - asked))
            del frame
            self._alive.wait()

    def _beat(self) -> None:
        self.beats += 1
        self._alive.set()

    def _ask(self) -> bool:
        try:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._beat)
        except RuntimeError:
            return False
        return True


def blame(frame: FrameType, packages: Mapping[str, str], seconds: float) -> BlockedLoop:
    """Where a stack is blocked: the innermost frame of a plugin, else the innermost frame."""
    found, plugin = frame, None
    step: FrameType | None = frame
    while step is not None:
        plugin = packages.get(str(step.f_globals.get("__name__", "")).partition(".")[0])
        if plugin is not None:
            found = step
            break
        step = step.f_back
    code = found.f_code
    return BlockedLoop(plugin, code.co_filename, found.f_lineno, code.co_name, seconds)
