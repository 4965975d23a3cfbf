"""Fitted models, loaded from their artifacts once."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Any

from mlview import learners
from mlview.errors import NotMaterialized, StorageProblem
from mlview.storage.payloads import load

if TYPE_CHECKING:
    from mlview.learners import Fitted
    from mlview.records import Version
    from mlview.storage.artifacts import ArtifactStore

_KEPT = 16


class Loader:
    """The most recently used fitted models, by artifact digest."""

    def __init__(self, artifacts: ArtifactStore) -> None:
        self._artifacts = artifacts
        self._loaded: OrderedDict[str, Fitted] = OrderedDict()
        self._lock = Lock()

    def fitted(self, version: Version, name: str) -> Fitted:
        """The fitted model of a version.

        Raises:
            ArtifactCorrupt: the bytes are not those that were stored; the hint rebuilds them.
        """
        digest = version.artifact_sha256
        if digest is None:
            raise NotMaterialized(f"version {version.number} of {name} has no artifact", name=name)
        with self._lock:
            if digest in self._loaded:
                self._loaded.move_to_end(digest)
                return self._loaded[digest]
        fitted = self._read(digest, name)
        self.keep(digest, fitted)
        return fitted

    def stored(self, version: Version, name: str) -> Fitted:
        """The fitted model as its artifact has it, whatever is in memory."""
        if version.artifact_sha256 is None:
            raise NotMaterialized(f"version {version.number} of {name} has no artifact", name=name)
        return self._read(version.artifact_sha256, name)

    def check(self, version: Version, name: str) -> None:
        """Raise ArtifactCorrupt, with the statement that rebuilds it, unless it can be read."""
        if version.artifact_sha256 is not None:
            self._content(version.artifact_sha256, name)

    def _read(self, digest: str, name: str) -> Fitted:
        manifest, payload = self._content(digest, name)
        if manifest["kind"] == "sums":
            return learners.solved(payload, manifest)
        pipeline = load(payload, modules=learners.registered_modules())
        return learners.Fitted(pipeline, learners.Signature.from_json(manifest["signature"]))

    def _content(self, digest: str, name: str) -> tuple[dict[str, Any], bytes]:
        try:
            return self._artifacts.get(digest)
        except StorageProblem as problem:
            problem.name = name
            problem.hint = f"make it again: REFRESH MODEL {name} FULL;"
            raise

    def keep(self, digest: str, fitted: Fitted) -> None:
        """Remember a fitted model, forgetting the one that was not used for longest."""
        with self._lock:
            self._loaded[digest] = fitted
            self._loaded.move_to_end(digest)
            while len(self._loaded) > _KEPT:
                self._loaded.popitem(last=False)
