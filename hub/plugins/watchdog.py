"""Notices a plugin that blocks the event loop: a thread that asks the loop for a sign of life."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FrameType

import structlog

__all__ = ["Blocked", "Watchdog"]

_log = structlog.get_logger("hub.plugins")


@dataclass(frozen=True, slots=True)
class Blocked:
    """Where the loop was stuck.

    Attributes:
        plugin: Whose code it is; None if none of a plugin's is on the stack.
        file: File of the innermost frame of the plugin, else of all.
        line: Line within it.
        function: Function that it is in.
        seconds: For how long the loop had been silent when this was seen.
    """

    plugin: str | None
    file: str
    line: int
    function: str
    seconds: float

    def __str__(self) -> str:
        who = f"plugin {self.plugin}" if self.plugin else "the hub"
        return f"{who} blocks the event loop for {self.seconds:.1f} s at {self.file}:{self.line} in {self.function}"


def _log_it(blocked: Blocked) -> None:
    _log.error(str(blocked), plugin=blocked.plugin, file=blocked.file, line=blocked.line)


class Watchdog:
    """Watches one event loop; costs it one callback per `interval`.

    Args:
        packages: Gives top-level module -> plugin (`Plugins.packages`).
        report: Called in the watchdog's thread, once for each time that the loop is stuck; by default it logs.
        interval: Seconds between two signs of life.
        threshold: Seconds of silence after which the loop counts as blocked.

    Attributes:
        beats: Signs of life so far.
    """

    def __init__(
        self,
        packages: Callable[[], Mapping[str, str]],
        report: Callable[[Blocked], None] = _log_it,
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
        """Watch the running loop, from within it."""
        self._loop = asyncio.get_running_loop()
        self._watched = threading.get_ident()
        self._ending.clear()
        self._thread = threading.Thread(target=self._run, name="hub-watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; returns once the thread is gone."""
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


def blame(frame: FrameType, packages: Mapping[str, str], seconds: float) -> Blocked:
    """Where a stack is stuck: the innermost frame of a plugin, else the innermost one of all."""
    found, plugin = frame, None
    step: FrameType | None = frame
    while step is not None:
        plugin = packages.get(str(step.f_globals.get("__name__", "")).partition(".")[0])
        if plugin is not None:
            found = step
            break
        step = step.f_back
    code = found.f_code
    return Blocked(plugin, code.co_filename, found.f_lineno, code.co_name, seconds)
