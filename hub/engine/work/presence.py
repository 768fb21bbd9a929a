"""Which hub processes of this machine are alive, so that the work of a dead one need not wait for its leases.

Each process holds a lock on a file of its own for as long as it lives; the kernel gives the lock up when the process
ends, however it ends. A process whose file is not there (another machine) is judged by its leases alone.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

__all__ = ["Presence"]


class Presence:
    """The lock of one process, and a look at those of the others.

    Args:
        directory: Shared by the processes of one database on one machine; made if need be.
        owner: Id of this process, as in its leases.
    """

    def __init__(self, directory: Path, owner: str) -> None:
        self._directory = directory
        self._path = directory / owner
        self._file: int | None = None

    def enter(self) -> None:
        """Show that this process is alive. Raises OSError if the directory cannot be used."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        while self._file is None:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if _lock(file, wait=True) and self._still_there(file):
                self._file = file
            else:
                os.close(file)

    def leave(self) -> None:
        """Leave no trace; what this process has leased it has given back."""
        if self._file is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._file)
            self._file = None

    def dead(self) -> tuple[str, ...]:
        """Ids of processes that have ended without a word."""
        if self._file is None or sys.platform == "win32":
            return ()
        return tuple(path.name for path in sorted(self._directory.iterdir()) if path != self._path and _is_free(path))

    def bury(self, owner: str) -> None:
        """Nothing is left of that process to be taken over."""
        (self._directory / owner).unlink(missing_ok=True)

    def _still_there(self, file: int) -> bool:
        """Whether nobody removed the file between its creation and its lock."""
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
