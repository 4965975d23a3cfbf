"""Definitions, read back from the CREATE texts that are their record."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from mlview.definitions import Model
from mlview.errors import DatabaseDamaged
from mlview.records import Maintenance
from mlview.sql import CreateMaterializedView, CreateModel, CreateView, parse_statement

if TYPE_CHECKING:
    from mlview.definitions import Definition
    from mlview.records import Version


@lru_cache(maxsize=4096)
def definition_of(create_text: str) -> Definition:
    """The definition that a stored CREATE text declares."""
    match parse_statement(create_text):
        case CreateModel() | CreateMaterializedView() as statement:
            return statement.definition
        case CreateView() as statement:
            return statement.view
        case _:
            raise DatabaseDamaged("a stored CREATE text declares nothing", hint="mlview doctor")


def model_of(version: Version) -> Model:
    """The model definition that a version was made from."""
    definition = definition_of(version.definition_text)
    if not isinstance(definition, Model):
        raise DatabaseDamaged(f"version {version.number} is not a model's", hint="mlview doctor")
    return definition


def maintenance_of(version: Version) -> Maintenance:
    """Whether the version after this one can be made from what changed, as was recorded with it."""
    kept = version.details.get("maintenance")
    if kept is None:
        return Maintenance(possible=False, reason="an earlier release of mlview made its version")
    return Maintenance(kept["possible"], kept["reason"], kept["exact"])
