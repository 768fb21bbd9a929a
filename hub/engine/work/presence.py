"""Which hub processes of this machine are alive, so that nobody has to wait for the leases of one that has ended.

Each process locks a file named for it while it lives; the kernel releases the lock when the process ends, however it
ends. A process without a file here runs on another machine and is judged by its leases alone.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

__all__ = ["Presence"]


class Presence:
    """The lock of this process, and the state of the others.

    Args:
        directory: Shared by the processes of one database on one machine; created when missing.
        owner: Id of this process in its leases.
    """

    def __init__(self, directory: Path, owner: str) -> None:
        self._directory = directory
        self._path = directory / owner
        self._file: int | None = None

    def enter(self) -> None:
        """Show that this process is alive. Raises OSError if the directory is not writable."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        while self._file is None:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if _lock(file, wait=True) and self._still_there(file):
                self._file = file
            else:
                os.close(file)

    def leave(self) -> None:
        """Remove the file: this process stops in good order and has given its leases back."""
        if self._file is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._file)
            self._file = None

    def dead(self) -> tuple[str, ...]:
        """Ids of the processes that have ended without `leave`."""
        if self._file is None or sys.platform == "win32":
            return ()
        return tuple(path.name for path in sorted(self._directory.iterdir()) if path != self._path and _is_free(path))

    def bury(self, owner: str) -> None:
        """Forget a process: all its work was taken over."""
        (self._directory / owner).unlink(missing_ok=True)

    def _still_there(self, file: int) -> bool:
        """Whether the file is still the one in the directory: `bury` may have removed it before it was locked."""
        with contextlib.suppress(FileNotFoundError):
            return os.path.samestat(os.fstat(file), self._path.stat())
        return False


def _is_free(path: Path) -> bool:
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return _lock(file, wait=False)
    finally:
        os.close(file)


if sys.platform == "win32":

    def _lock(file: int, *, wait: bool) -> bool:
        del file, wait
        return True

else:
    import fcntl

    def _lock(file: int, *, wait: bool) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
