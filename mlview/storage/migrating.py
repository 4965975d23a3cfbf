"""Run the packaged Alembic migrations inside a transaction that is already open."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from sqlalchemy.dialects.sqlite import insert

from mlview.storage.tables import WRITTEN_BY, meta
from mlview.version import __version__

if TYPE_CHECKING:
    from sqlalchemy import Connection


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's configuration, made here: no file of the user's is read."""
    config = Config()
    scripts = str(Path(__file__).parent / "migrations")
    config.set_main_option("script_location", scripts.replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the catalog to a revision; the caller's transaction commits or undoes all of it."""
    command.upgrade(configuration(connection), revision)
    connection.execute(
        insert(meta)
        .values(key=WRITTEN_BY, value=__version__)
        .on_conflict_do_update(index_elements=["key"], set_={"value": __version__})
    )
