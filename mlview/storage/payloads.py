"""Pipelines as bytes, without pickle: skops for the estimators, their own formats for boosters."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

from mlview.errors import ArtifactRefused, MlviewError
from mlview.storage.boosters import put_together, taken_apart
from mlview.storage.trusted_types import trusted_types

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

MAX_BYTES = 16 << 30
"""Uncompressed bytes of a payload beyond which it is not opened."""

MAX_RATIO = 100
"""How many times its size a payload, or a member of it, may unpack to."""

SMALL_BYTES = 64 << 20
"""Up to so many bytes anything may unpack to, whatever the ratio: constant arrays do."""

MAX_MEMBERS = 1_000_000
"""Files in a payload beyond which it is not opened."""

_LEVEL = 1
_ZIP = b"PK\x03\x04"
_REBUILD = "refresh the model to make the artifact again"


def dump(pipeline: Any, *, modules: Collection[str] = ()) -> bytes:
    """A fitted (or unfitted) Pipeline as bytes that `load` reads back.

    Predictions after loading are bit-identical.

    Args:
        pipeline: any scikit-learn estimator; it is not changed.
        modules: further modules whose types it may hold, such as `shop.learners`, which whoever
            loads it has to trust as well.

    Raises:
        ArtifactRefused: it holds a type that cannot be stored or would not be loaded.
    """
    rest, members = taken_apart(pipeline)
    payload = _packed(rest, members, zipfile.ZIP_DEFLATED)
    if not _acceptable(zipfile.ZipFile(io.BytesIO(payload)).infolist(), len(payload)):
        # Arrays of one value shrink beyond the limit that keeps zip bombs out.
        payload = _packed(rest, members, zipfile.ZIP_STORED)
    _strange_types(payload, modules)
    return payload


def _skops() -> Any:
    """Skops loads scikit-learn, which whoever never stores or loads a model does not need."""
    import skops.io  # noqa: PLC0415 - see above
    import skops.io.exceptions  # noqa: PLC0415 - see above

    return skops.io


def _packed(rest: Any, members: dict[str, bytes], compression: int) -> bytes:
    level = _LEVEL if compression == zipfile.ZIP_DEFLATED else None
    skops = _skops()
    try:
        stored = skops.dumps(rest, compression=compression, compresslevel=level)
    except skops.exceptions.UnsupportedTypeException as problem:
        raise ArtifactRefused(
            f"the Pipeline holds what cannot be stored without pickle: {problem}",
            hint="use another estimator for that step",
        ) from problem
    if not members:
        return bytes(stored)
    buffer = io.BytesIO(stored)
    with zipfile.ZipFile(buffer, "a", compression, compresslevel=level) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def load(payload: bytes, *, modules: Collection[str] = ()) -> Any:
    """The Pipeline that `dump` wrote. Nothing in the bytes can name code to run.

    Args:
        payload: the bytes; verify their digest first.
        modules: further modules whose types may be loaded, all of them importable here.

    Raises:
        ArtifactRefused: a foreign format, too large when unpacked, or types outside the list.
    """
    members = _opened(payload)
    own = _strange_types(payload, modules)
    try:
        rest = _skops().loads(payload, trusted=sorted({*trusted_types(), *own}))
        return put_together(rest, members)
    except MlviewError:
        raise
    except Exception as problem:
        raise _unreadable(problem) from problem


def _unreadable(problem: Exception) -> ArtifactRefused:
    first = str(problem).split("\n")[0][:200]
    return ArtifactRefused(
        f"the artifact cannot be read: {type(problem).__name__}: {first}", hint=_REBUILD
    )


def _opened(payload: bytes) -> dict[str, bytes]:
    """The boosters' bytes, after the whole archive was found to be no bomb."""
    if not payload.startswith(_ZIP):
        raise ArtifactRefused(
            "expected an artifact of mlview, found another format (a pickle or joblib file is "
            "never opened, because opening it would run code)",
            hint="train the model with CREATE MODEL, or give the unfitted Pipeline from Python",
        )
    try:
        archive = zipfile.ZipFile(io.BytesIO(payload))
        infos = archive.infolist()
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError) as problem:
        raise _unreadable(problem) from problem
    if not _acceptable(infos, len(payload)):
        total = sum(i.file_size for i in infos)
        raise ArtifactRefused(
            f"the artifact would unpack from {len(payload)} to {total} bytes; the limit is "
            f"{MAX_RATIO} times its size and {MAX_BYTES} bytes",
            hint=_REBUILD,
            found=total,
            limit=min(MAX_BYTES, max(SMALL_BYTES, MAX_RATIO * len(payload))),
        )
    try:
        return {i.filename: archive.read(i) for i in infos if i.filename.startswith("booster_")}
    except Exception as problem:
        raise _unreadable(problem) from problem


def _acceptable(infos: Sequence[zipfile.ZipInfo], size: int) -> bool:
    total = sum(i.file_size for i in infos)
    return (
        len(infos) <= MAX_MEMBERS
        and len({i.filename for i in infos}) == len(infos)
        and total <= min(MAX_BYTES, max(SMALL_BYTES, MAX_RATIO * size))
        and all(
            i.file_size <= max(SMALL_BYTES, MAX_RATIO * i.compress_size)
            and i.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
            for i in infos
        )
    )


def _strange_types(payload: bytes, modules: Collection[str]) -> set[str]:
    """The types outside the list, all of them from the given modules."""
    try:
        found = set(_skops().get_untrusted_types(data=payload))
    except Exception as problem:
        raise _unreadable(problem) from problem
    own = {name for name in found if name.rpartition(".")[0] in modules}
    strange = sorted(found - trusted_types() - own)
    if strange:
        raise ArtifactRefused(
            f"the artifact holds types outside the list of trusted ones: {', '.join(strange)}",
            hint="register the method they belong to with mlview.register, or use scikit-learn's "
            "own steps",
            types=tuple(strange),
        )
    return own
