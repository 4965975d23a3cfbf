"""Which library versions a result was computed with."""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

_ALWAYS = ("mlview", "duckdb", "scikit-learn", "numpy", "scipy", "pyarrow")
_BY_METHOD = {"LGBM": "lightgbm", "XGB": "xgboost"}


@lru_cache(maxsize=64)
def library_versions(method: str | None = None) -> dict[str, str]:
    """Installed versions of everything that can change a result."""
    boosters = [p for prefix, p in _BY_METHOD.items() if (method or "").startswith(prefix)]
    found = {}
    for package in (*_ALWAYS, *boosters):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
