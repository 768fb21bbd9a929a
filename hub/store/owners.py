"""Which hub processes on this machine are alive, so that the work of a killed one is taken over at once.

Each process holds a lock on a file of its own as long as it lives; the kernel lets go of it however the process ends.
Leases still decide everything: this only ends those of the dead before their time. Where the file system has no locks
nobody is ever found dead, and leases run out by themselves.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

__all__ = ["Owners"]

_LOCK = ".lock"


class Owners:
    """The processes that share a data directory.

    Args:
        directory: Holds one file for each; made if need be.
        owner: Id of this process in leases.
    """

    def __init__(self, directory: Path, owner: str) -> None:
        self._directory = directory
        self._path = directory / f"{owner}{_LOCK}"
        self._descriptor: int | None = None

    def enter(self) -> tuple[str, ...]:
        """Count this process as alive; the ids of those that have died since they entered.

        Raises:
            OSError: The directory cannot be written.
        """
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        dead = tuple(path.name.removesuffix(_LOCK) for path in self._directory.glob(f"*{_LOCK}") if _is_free(path))
        hidden = self._path.with_suffix(".new")
        self._descriptor = os.open(hidden, os.O_CREAT | os.O_RDWR, 0o600)
        with contextlib.suppress(OSError):
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        hidden.rename(self._path)
        return dead

    def bury(self, dead: tuple[str, ...]) -> None:
        """Forget processes whose work has been let go."""
        for owner in dead:
            (self._directory / f"{owner}{_LOCK}").unlink(missing_ok=True)

    def leave(self) -> None:
        """This process has given up its leases; does nothing if it never entered."""
        if self._descriptor is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None


def _is_free(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
