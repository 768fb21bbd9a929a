"""Migrations of the database, run by the hub itself when it starts."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

__all__ = ["configuration", "migrate"]


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's configuration for these migrations, over an open connection."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def migrate(connection: Connection) -> None:
    """Bring the database to the newest revision.

    One transaction with the write lock: of two processes that start at once the second one waits and finds it done.
    """
    with connection.begin():
        command.upgrade(configuration(connection), "head")
