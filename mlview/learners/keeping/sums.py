"""The artifact of a model maintained from sums: what it is solved from, now and after a delta."""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from mlview.definitions import Method
from mlview.errors import ArtifactRefused
from mlview.learners.identifying import Levels, identifies, reason_of
from mlview.learners.keeping.sampling import Sample
from mlview.learners.keeping.timeline import Timeline
from mlview.learners.methods import resolve
from mlview.learners.moments.solving import solve
from mlview.learners.moments.spec import maintenance
from mlview.learners.roles import Feature, FeatureKind, Ignored, Roles
from mlview.learners.tasks import Task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlview.learners.moments.spec import Maintained
    from mlview.learners.moments.state import Moments
    from mlview.learners.signatures import Fitted

_FORMAT = 1
KIND = "sums"


@dataclass(frozen=True)
class Sums:
    """A maintained model's state.

    Attributes:
        maintained: what is summed, and how it is solved.
        roles: the part of each column, as the last full pass found it.
        train, test: the sums of the rows trained on, and of those held out.
        unlabelled: rows without a label.
        sample: held-out rows to be scored; None where nothing is held out.
        timeline: labelled rows per moment where time decides who is held out, if there are few
            enough moments.
        held_from: the first moment held out, in microseconds.
        levels: how many values the columns have that may identify rows, as far as they are known.
    """

    maintained: Maintained
    roles: Roles
    train: Moments
    test: Moments
    unlabelled: int = 0
    sample: Sample | None = None
    timeline: Timeline | None = None
    held_from: int | None = None
    levels: tuple[Levels, ...] = ()

    def to_bytes(self) -> bytes:
        """The state as bytes, without pickle."""
        parts = [self.train.to_bytes(), self.test.to_bytes()]
        parts.append(_ipc(self.sample.rows) if self.sample is not None else b"")
        line = self.timeline
        parts.append(line.stamps.tobytes() + line.counts.tobytes() if line is not None else b"")
        head = {
            "format": _FORMAT,
            "roles": asdict(self.roles),
            "unlabelled": self.unlabelled,
            "limit": self.sample.limit if self.sample is not None else None,
            "timeline": line is not None,
            "held_from": self.held_from,
            "levels": [asdict(levels) for levels in self.levels],
            "sizes": [len(part) for part in parts],
        }
        text = json.dumps(head).encode()
        return b"".join([struct.pack(">Q", len(text)), text, *parts])

    @classmethod
    def from_bytes(cls, data: bytes, maintained_by: Any) -> Sums:
        """The state that `to_bytes` wrote.

        Args:
            data: the bytes.
            maintained_by: gives what is maintained for the roles that the state holds.

        Raises:
            ArtifactRefused: other bytes.
        """
        try:
            (length,) = struct.unpack_from(">Q", data)
            head = json.loads(data[8 : 8 + length])
            parts, at = [], 8 + length
            for size in head["sizes"]:
                parts.append(data[at : at + size])
                at += size
            _check(head["format"] == _FORMAT and at == len(data))
            roles = _roles(head["roles"])
            maintained = maintained_by(roles)
            sample = Sample(head["limit"], _table(parts[2])) if head["limit"] is not None else None
            return cls(
                maintained,
                roles,
                maintained.from_bytes(parts[0]),
                maintained.from_bytes(parts[1]),
                head["unlabelled"],
                sample,
                _timeline(parts[3]) if head["timeline"] else None,
                head["held_from"],
                tuple(Levels(**levels) for levels in head.get("levels", ())),
            )
        except (
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            struct.error,
            pa.ArrowException,
        ) as p:
            raise ArtifactRefused(
                f"the state of the model cannot be read: {type(p).__name__}: {p}",
                hint="refresh the model in full to make it again",
            ) from p

    @property
    def needs_resync(self) -> str | None:
        """Why all rows have to be summed anew, if they have to."""
        return self.train.needs_resync or self.test.needs_resync

    @property
    def outgrown(self) -> str | None:
        """Which text has come to identify rows, so that a full pass would leave it out."""
        for name in self.train.layout.texts:
            found = self.train.levels(name)
            for level, count in self.test.levels(name).items():
                found[level] = found.get(level, 0) + count
            known = sum(count for level, count in found.items() if level is not None)
            distinct = len(found.keys() - {None})
            if identifies(name, distinct, known, text=True):
                return f"{name} has {reason_of(distinct, known)} by now"
        return None

    def settled(self) -> Sums:
        """The same, with nothing kept of what no row is in any more."""
        self.train.settle()
        self.test.settle()
        return self

    def held_from_text(self) -> str:
        """The first moment held out, to be read."""
        moment = np.datetime64(self.held_from or 0, "us")
        return str(moment).replace("T", " ").removesuffix(".000000")

    def published(self, *, refit: bool) -> Moments:
        """The sums that the published model is solved from."""
        return self.train.merged(self.test) if refit and self.test.rows else self.train

    def with_levels(self) -> Roles:
        """The roles with the number of levels that the sums know."""
        known = self.train.merged(self.test) if self.test.rows else self.train
        features = tuple(
            replace(f, levels=_levels(known, f.name)) if f.kind is FeatureKind.CATEGORICAL else f
            for f in self.roles.features
        )
        return replace(self.roles, features=features)


def solved(payload: bytes, manifest: Mapping[str, Any]) -> Fitted:
    """The fitted model of an artifact, solved from its sums; the same one each time.

    Args:
        payload: what `Sums.to_bytes` wrote.
        manifest: of the artifact, made by `manifest_of`.

    Raises:
        ArtifactRefused: other bytes.
    """
    given = tuple((name, _value(value)) for name, value in manifest["parameters"])
    resolved = resolve(Method(manifest["method"], given))
    sums = Sums.from_bytes(payload, lambda roles: maintenance(roles, resolved, manifest["seed"]))
    return solve(sums.published(refit=manifest["refit"]), sums.with_levels())


def manifest_of(sums: Sums, *, refit: bool) -> dict[str, Any]:
    """What `solved` has to know beside the sums."""
    method = sums.maintained.method
    return {
        "kind": KIND,
        "method": method.name,
        "parameters": [list(pair) for pair in method.parameters],
        "seed": sums.maintained.seed,
        "refit": refit,
    }


def _value(value: Any) -> Any:
    return tuple(map(_value, value)) if isinstance(value, list) else value


def _check(whole: bool) -> None:
    if not whole:
        raise ValueError("another format")


def empty_sums(maintained: Maintained, roles: Roles) -> Sums:
    """Sums of no rows."""
    return Sums(maintained, roles, maintained.empty(), maintained.empty())


def _levels(moments: Moments, name: str) -> int:
    return sum(1 for level in moments.levels(name) if level is not None)


def _roles(value: dict[str, Any]) -> Roles:
    return Roles(
        target=value["target"],
        task=Task(value["task"]),
        features=tuple(
            Feature(f["name"], f["type"], FeatureKind(f["kind"]), f["levels"])
            for f in value["features"]
        ),
        ignored=tuple(Ignored(i["column"], i["reason"]) for i in value["ignored"]),
        key=tuple(value["key"]),
        time=value["time"],
        notices=tuple(value["notices"]),
        target_type=value["target_type"],
    )


def _ipc(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    found: bytes = sink.getvalue().to_pybytes()
    return found


def _table(data: bytes) -> pa.Table:
    return pa.ipc.open_stream(data).read_all()


def _timeline(data: bytes) -> Timeline:
    both = np.frombuffer(data, np.int64)
    half = len(both) // 2
    return Timeline(both[:half], both[half:])
