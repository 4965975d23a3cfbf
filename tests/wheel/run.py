"""The built wheel, alone in a new environment, passes tests from outside the checkout.

    python tests/wheel/run.py build/wheel/mlview-*.whl

The environment sees the packages of the one this runs in, but not the checkout: only mlview itself
is installed anew. Every module is imported, and the journeys that touch every room are run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
TESTED = (
    "docs/test_examples.py",
    "stories/test_newcomer.py",
    "stories/test_ordinary_sql.py",
    "stories/test_python.py",
    "stories/test_refreshing.py",
    "cli/test_commands.py",
)


def main(wheel: str) -> int:
    """Install the wheel and run the stories against it; the exit code of the last command."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        python = environment(home / "env", Path(wheel).resolve())
        outside = home / "outside"
        folders = {"."} | {str(Path(part).parent) for part in TESTED}
        shared = [f"{folder}/conftest.py" for folder in sorted(folders)]
        for part in (*TESTED, *(one for one in shared if (TESTS / one).exists())):
            (outside / "tests" / part).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TESTS / part, outside / "tests" / part)
        shutil.copytree(ROOT / "docs", outside / "docs")
        for extra in ("README.md", "LICENSE", "pyproject.toml"):
            shutil.copy(ROOT / extra, outside / extra)
        return run(python, outside)


def environment(place: Path, wheel: Path) -> Path:
    """A new environment with the wheel in it, and the packages of this one within sight."""
    venv.create(place, with_pip=False, symlinks=True)
    python = place / "bin" / "python"
    packages = Path(
        subprocess.check_output(
            [python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"], text=True
        ).strip()
    )
    with zipfile.ZipFile(
        wheel
    ) as archive:  # a wheel without compiled parts is its own installation
        archive.extractall(packages)
    # After the environment's own, so that the wheel's mlview is the one that is found.
    (packages / "within_sight.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return python


def run(python: Path, outside: Path) -> int:
    """Import every module from the wheel, then run the stories."""
    listing = (
        "import importlib, pkgutil, mlview\n"
        f"assert not mlview.__file__.startswith({str(ROOT)!r}), mlview.__file__\n"
        "for m in pkgutil.walk_packages(mlview.__path__, 'mlview.'):\n"
        "    if not m.name.startswith('mlview.storage.migrations'):\n"
        "        importlib.import_module(m.name)\n"
    )
    quiet = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([python, "-c", listing], check=True, cwd=outside, env=quiet)
    pytest = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2", "tests"]
    return subprocess.run(pytest, check=False, cwd=outside, env=quiet).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
