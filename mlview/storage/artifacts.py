"""Fitted models on disk, each filed under the SHA-256 of its bytes."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from mlview.errors import ArtifactCorrupt, DiskFull, StorageProblem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DIGEST = re.compile(r"[0-9a-f]{64}")
_MAGIC = b"mlview artifact 1\n"
_WIDTH = 8
_TMP = ".tmp-"


class ArtifactStore:
    """A directory of immutable files: a manifest in JSON, then the payload.

    A file is `root/ab/abcdef...`, named by the digest of all its bytes: a line of magic, the
    manifest's length in eight bytes (big-endian), the manifest, the payload. It appears by a
    rename after it was flushed to disk, so that a name never stands for half a file, and two
    processes that put the same content agree.

    >>> store = ArtifactStore(Path(tempfile.mkdtemp()))
    >>> digest = store.put({"name": "churn"}, b"payload")
    >>> store.get(digest)
    ({'name': 'churn'}, b'payload')
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def put(self, manifest: Mapping[str, Any], payload: bytes) -> str:
        """File a manifest and a payload; the digest of the whole, in hex.

        Raises:
            DiskFull: with the bytes that are needed.
            StorageProblem: the disk refused to write.
        """
        head = _head(manifest)
        digest = hashlib.sha256(head)
        digest.update(payload)
        name = digest.hexdigest()
        path = self._path(name)
        if self._holds(path, name):
            self._renew(path)
        else:
            self._write(path, head, payload)
        return name

    def _renew(self, path: Path) -> None:
        """Let an artifact that is needed again be young, so that no collection removes it."""
        with contextlib.suppress(OSError):
            os.utime(path)

    def _holds(self, path: Path, sha256: str) -> bool:
        """Whether the right bytes are there already: a corrupt file is written anew."""
        try:
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == sha256
        except OSError:
            return False

    def _write(self, path: Path, head: bytes, payload: bytes) -> None:
        needed = len(head) + len(payload)
        tmp: str | None = None
        try:
            # Not the database's own directory: one that was moved away must be free to come back.
            self.root.mkdir(exist_ok=True)
            path.parent.mkdir(exist_ok=True)
            handle, tmp = tempfile.mkstemp(prefix=_TMP, dir=self.root)
            with os.fdopen(handle, "wb") as file:
                file.write(head)
                file.write(payload)
                file.flush()
                os.fsync(file.fileno())
            Path(tmp).replace(path)
            for directory in (path.parent, self.root):
                _sync_directory(directory)
        except OSError as problem:
            if tmp is not None:
                with contextlib.suppress(OSError):
                    Path(tmp).unlink(missing_ok=True)
            self._refuse(problem, path, needed)

    def _refuse(self, problem: OSError, path: Path, needed: int) -> NoReturn:
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            free = shutil.disk_usage(self.root).free if self.root.exists() else 0
            raise DiskFull(
                f"no space for an artifact of {needed} bytes in {self.root} ({free} bytes free)",
                hint="free what nothing needs: mlview gc",
                needed=needed,
                free=free,
            ) from problem
        raise StorageProblem(
            f"the artifact {path.name} cannot be written in {self.root}: {problem.strerror}",
            code="ARTIFACT_IO",
            hint="check the disk and the directory's permissions, then refresh again",
        ) from problem

    def get(self, sha256: str) -> tuple[dict[str, Any], bytes]:
        """The manifest and the payload filed under a digest, which is verified first.

        Raises:
            ArtifactCorrupt: the bytes have another digest; both are in the message.
            StorageProblem: ARTIFACT_MISSING, or the disk refused to read.
        """
        path = self._path(sha256)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise _missing(sha256, self.root) from None
        except OSError as problem:
            raise StorageProblem(
                f"the artifact {sha256} cannot be read: {problem.strerror}",
                code="ARTIFACT_IO",
                hint="check the disk, or refresh the model to make the artifact again",
            ) from problem
        found = hashlib.sha256(content).hexdigest()
        if found != sha256:
            raise ArtifactCorrupt(
                f"expected an artifact with the digest {sha256}, found {found}",
                hint="refresh the model to make the artifact again",
                expected=sha256,
                found=found,
            )
        return _split(content, sha256)

    def exists(self, sha256: str) -> bool:
        """Whether something is filed under a digest."""
        return self._path(sha256).is_file()

    def size(self, sha256: str) -> int:
        """Bytes on disk.

        Raises:
            StorageProblem: ARTIFACT_MISSING.
        """
        try:
            return self._path(sha256).stat().st_size
        except FileNotFoundError:
            raise _missing(sha256, self.root) from None

    def written_at(self, sha256: str) -> datetime:
        """When it was filed, in UTC; the beginning of time if it is gone by now."""
        try:
            seconds = self._path(sha256).stat().st_mtime
        except FileNotFoundError:
            seconds = 0.0
        return datetime.fromtimestamp(seconds, UTC)

    def all(self) -> Iterator[str]:
        """Every digest something is filed under, sorted."""
        if not self.root.is_dir():
            return
        for shelf in sorted(p for p in self.root.iterdir() if p.is_dir()):
            for path in sorted(shelf.iterdir()):
                if _DIGEST.fullmatch(path.name) and path.name.startswith(shelf.name):
                    yield path.name

    def delete(self, sha256: str) -> int:
        """Remove what is filed under a digest, if anything; the bytes that were freed."""
        path = self._path(sha256)
        try:
            size = path.stat().st_size
            path.unlink()
        except FileNotFoundError:
            return 0
        return size

    def leftovers(self) -> tuple[Path, ...]:
        """Temporary files of writers that were killed, and of those still writing."""
        return tuple(sorted(self.root.glob(_TMP + "*"))) if self.root.is_dir() else ()

    def clean(self, before: float) -> int:
        """Remove leftovers last written before a moment (seconds since 1970); bytes freed.

        Choose a moment earlier than the start of any write that may still be running.
        """
        freed = 0
        for path in self.leftovers():
            with contextlib.suppress(FileNotFoundError):
                status = path.stat()
                if status.st_mtime < before:
                    path.unlink()
                    freed += status.st_size
        return freed

    def _path(self, sha256: str) -> Path:
        """Where a digest is filed; anything that is no digest never becomes a path."""
        if _DIGEST.fullmatch(sha256) is None:
            shown = repr(sha256)[:80]
            raise StorageProblem(
                f"expected a SHA-256 digest of 64 hexadecimal digits, found {shown}",
                code="ARTIFACT_MISSING",
                hint="digests are in mlview.versions, column artifact_sha256",
            )
        return self.root / sha256[:2] / sha256


def _head(manifest: Mapping[str, Any]) -> bytes:
    text = json.dumps(
        manifest, sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=True
    ).encode()
    return _MAGIC + len(text).to_bytes(_WIDTH, "big") + text


def _split(content: bytes, sha256: str) -> tuple[dict[str, Any], bytes]:
    start = len(_MAGIC) + _WIDTH
    if not content.startswith(_MAGIC) or len(content) < start:
        raise StorageProblem(
            f"the artifact {sha256} has a format this version does not read",
            code="ARTIFACT_FORMAT",
            hint="refresh the model to make the artifact again",
        )
    end = start + int.from_bytes(content[len(_MAGIC) : start], "big")
    manifest: dict[str, Any] = json.loads(content[start:end])
    return manifest, content[end:]


def _missing(sha256: str, root: Path) -> StorageProblem:
    return StorageProblem(
        f"the artifact {sha256} is not in {root}",
        code="ARTIFACT_MISSING",
        hint="refresh the model to make it again",
    )


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
