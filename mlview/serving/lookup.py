"""What a name in a query stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mlview.definitions import Kind
from mlview.errors import NotMaterialized, SchemaChanged

if TYPE_CHECKING:
    from datetime import datetime

    from mlview.definitions import Name
    from mlview.errors import MlviewError
    from mlview.records import Version
    from mlview.storage.catalog import ObjectRow
    from mlview.storage.home import Home


@dataclass(frozen=True, slots=True)
class LiveVersions:
    """Binds every view to the version that is live now."""

    home: Home

    def version(self, row: ObjectRow) -> Version:
        """The live version of a view.

        Raises:
            NotMaterialized: nothing is live.
        """
        if row.live_version is None:
            raise not_materialized(row)
        return self.home.catalog.version(row.id, row.live_version)


@dataclass(frozen=True, slots=True)
class VersionsAt:
    """Binds every view to the version that was live at a moment."""

    home: Home
    moment: datetime

    def version(self, row: ObjectRow) -> Version:
        """The version of a view that was live at the moment.

        Raises:
            NotMaterialized: nothing was live then.
        """
        version = self.home.catalog.version_live_at(row.id, self.moment)
        if version is None:
            raise NotMaterialized(
                f"{row.kind.lower()} {row.name} had no live version at "
                f"{self.moment:%Y-%m-%d %H:%M:%S} UTC",
                name=row.name.plain,
                hint=f"its versions: FROM mlview.versions WHERE name = '{row.name.plain}'",
            )
        return version


class VersionChoice(Protocol):
    """Says which version of a view a name stands for."""

    def version(self, row: ObjectRow) -> Version:
        """The version of a view; NotMaterialized if there is none."""


def not_materialized(row: ObjectRow) -> NotMaterialized:
    """The error of reading a view that has no live version."""
    why = f": {row.unusable_reason}" if row.unusable_reason else ""
    kind = "MODEL" if row.kind is Kind.MODEL else "MATERIALIZED VIEW"
    return NotMaterialized(
        f"{row.kind.lower()} {row.name} has no live version{why}",
        name=row.name.plain,
        hint=f"REFRESH {kind} {row.name};",
    )


def schema_changed(
    problem: MlviewError, name: Name, kind: Kind, version: int | None
) -> SchemaChanged:
    """The error of a query that its lake no longer fits, and did once."""
    given = f"ML.PREDICT(MODEL {name}, TABLE rows)"
    serves = f"answers {given}" if kind is Kind.MODEL else "serves"
    return SchemaChanged(
        f"the query of {name} does not fit the lake any more: {problem.message}",
        name=name.plain,
        hint=f"CREATE OR REPLACE {kind} {name} ...; until then version {version} {serves}",
    )
