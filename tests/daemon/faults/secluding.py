"""A mount namespace of its own: disks that are small, directories that are read-only."""

from __future__ import annotations

import ctypes
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

MEGABYTES = 24
_CLONE_NEWNS = 0x00020000


class Namespace:
    """A thread that sees other mounts than the rest of this process, and so does all it begins.

    Raises:
        OSError: this system lets us make none.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1)
        try:
            self.do(_seclude)
            self._mount("--make-rprivate", "/")
        except OSError:
            self.close()
            raise

    def do(self, act, *args, **kwargs):
        """Call a function there."""
        return self._thread.submit(act, *args, **kwargs).result()

    def run(self, *command):
        """The exit code of a command that is run there, and what it says on stderr."""
        command = list(map(str, command))
        done = self.do(subprocess.run, command, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr

    def make_read_only(self, path):
        """What is opened there from now on can only be read."""
        with TemporaryDirectory() as folder:
            aside = Path(folder, "aside")  # where nobody writes before it is read-only
            aside.mkdir() if path.is_dir() else aside.touch()
            self._mount("--bind", path, aside)
            self._mount("-o", "remount,bind,ro", aside)
            self._mount("--move", aside, path)

    def mount_small_disk(self, folder):
        """Let a directory there be a disk of a few megabytes."""
        self._mount("-t", "tmpfs", "-o", f"size={MEGABYTES}m", "none", folder)

    def unmount(self, path):
        """What was below is seen again."""
        code, said = self.run("umount", "--lazy", path)
        assert code == 0, said

    def close(self):
        """It ends with whatever was begun there."""
        self._thread.shutdown()

    def _mount(self, *options):
        code, said = self.run("mount", *options)
        if code != 0:
            raise OSError(said.strip())


class Secluded:
    """An object whose methods are called in a namespace."""

    def __init__(self, namespace, made) -> None:
        self._namespace, self._made = namespace, made

    def __getattr__(self, name):
        found = getattr(self._made, name)
        if not callable(found):
            return found
        return lambda *args, **kwargs: self._namespace.do(found, *args, **kwargs)


def fill(disk):
    """Leave no byte of a disk free; the file that takes it."""
    ballast = disk / "ballast"
    with ballast.open("ab", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            with suppress(OSError):
                while file.write(b"x" * size):
                    pass
    return ballast


def _seclude() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
