"""Migrations of the database, run by the hub itself when it starts.

A file of `versions` is named `<revision>_<what>.py`, and revisions count up: so the newest is known without Alembic,
which takes longer to import than all else of the store and is left out where there is nothing to do.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = ["configuration", "migrate", "newest"]

_HERE = Path(__file__).parent


def newest() -> str:
    """The newest revision there is."""
    return max(path.name.partition("_")[0] for path in (_HERE / "versions").glob("[0-9]*_*.py"))


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's configuration for these migrations, over an open connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def migrate(connection: Connection) -> None:
    """Bring the database to the newest revision.

    One transaction with the write lock: of two processes that start at once the second one waits and finds it done.
    """
    with connection.begin():
        if _revision(connection) == newest():
            return
        from alembic import command

        command.upgrade(configuration(connection), "head")


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return revision
