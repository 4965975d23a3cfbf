"""Is everything that the catalog names really there?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlview.engines import Problem
from mlview.errors import MlviewError

if TYPE_CHECKING:
    from mlview.storage.home import Home


def check(home: Home) -> list[Problem]:
    """Everything that is wrong with a database; an empty list if it is sound.

    Catalogs are checked for damage, data files for presence and size, artifacts of live versions
    by their digest, and the snapshots of live versions by asking for them.
    """
    problems = [
        Problem("catalog.sqlite", said, "restore it from a backup: mlview restore")
        for said in home.catalog.check()
    ]
    problems += home.engine.check()
    names = {row.id: row.name for row in home.catalog.objects()}
    for object_id, version in home.catalog.live_versions().items():
        name = names[object_id]
        what = f"version {version.number} of {name}"
        if version.artifact_sha256 is not None:
            try:
                home.artifacts.get(version.artifact_sha256)
            except MlviewError as error:
                problems.append(
                    Problem(
                        f"artifacts/{version.artifact_sha256}",
                        f"{what}: {error.message}",
                        f"make it again: REFRESH MODEL {name} FULL;",
                    )
                )
        try:
            home.engine.snapshot(version.snapshot_id)
        except MlviewError as error:
            problems.append(Problem("lake.sqlite", f"{what}: {error.message}", f"refresh {name}"))
    return problems
