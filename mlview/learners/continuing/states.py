"""What is kept beside an artifact for the next continuation: named arrays, without pickle."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from mlview.learners.continuing.outcomes import CannotContinue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


def packed(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Arrays as bytes in numpy's npz format; equal arrays give equal bytes.

    >>> unpacked(packed({"x": np.arange(3)}))["x"].tolist()
    [0, 1, 2]
    """
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def unpacked(state: bytes | None) -> dict[str, NDArray[Any]]:
    """The arrays that `packed` wrote.

    Raises:
        CannotContinue: there is no state, or it cannot be read.
    """
    if state is None:
        raise CannotContinue("no state was kept at the last full fit")
    try:
        with np.load(io.BytesIO(state), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except Exception as problem:
        raise CannotContinue(
            f"the state kept at the last full fit cannot be read: {type(problem).__name__}"
        ) from problem
