from __future__ import annotations

import errno
import hashlib
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlview.errors import ArtifactCorrupt, DiskFull, StorageProblem
from mlview.storage.artifacts import ArtifactStore

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@pytest.fixture
def store(tmp_path):
    return ArtifactStore(tmp_path / "artifacts")


@settings(deadline=None, max_examples=50)
@given(manifest=st.dictionaries(st.text(), JSON), payload=st.binary())
def test_what_was_put_is_what_is_got(tmp_path_factory, manifest, payload):
    store = ArtifactStore(tmp_path_factory.getbasetemp() / "law")
    assert store.get(store.put(manifest, payload)) == (manifest, payload)


def test_the_name_is_the_digest_of_the_whole_file(store):
    digest = store.put({"b": 1, "a": 2}, b"payload")
    path = store.root / digest[:2] / digest
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
    assert store.size(digest) == path.stat().st_size


def test_a_database_that_was_moved_away_is_not_made_again(tmp_path):
    store = ArtifactStore(tmp_path / "gone.mlv" / "artifacts")
    with pytest.raises(StorageProblem):
        store.put({"a": 1}, b"payload")
    assert not (tmp_path / "gone.mlv").exists()


def test_the_order_of_the_manifests_keys_does_not_matter(store):
    assert store.put({"a": 1, "b": 2}, b"x") == store.put({"b": 2, "a": 1}, b"x")
    assert len(list(store.all())) == 1


@pytest.mark.parametrize("position", [0, 20, 30, -1])
def test_one_flipped_bit_is_found_before_anything_is_parsed(store, position):
    digest = store.put({"name": "churn"}, b"payload")
    path = store.root / digest[:2] / digest
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)
    with pytest.raises(ArtifactCorrupt) as problem:
        store.get(digest)
    assert problem.value.facts["expected"] == digest
    assert problem.value.facts["found"] == hashlib.sha256(content).hexdigest()
    assert "refresh" in problem.value.hint


def test_a_missing_artifact_is_named(store):
    with pytest.raises(StorageProblem, match="ARTIFACT_MISSING"):
        store.get("0" * 64)
    with pytest.raises(StorageProblem, match="ARTIFACT_MISSING"):
        store.size("0" * 64)
    assert not store.exists("0" * 64)
    assert store.delete("0" * 64) == 0


@pytest.mark.parametrize(
    "name", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n", "/" + "0" * 63]
)
def test_only_a_digest_becomes_a_path(store, name):
    for call in (store.get, store.exists, store.size, store.delete):
        with pytest.raises(StorageProblem, match="64 hexadecimal digits"):
            call(name)


def test_deleting_frees_what_the_file_took(store):
    digest = store.put({}, b"x" * 1000)
    size = store.size(digest)
    assert store.delete(digest) == size
    assert list(store.all()) == []


def test_many_writers_of_the_same_content_agree(store):
    with ThreadPoolExecutor(8) as pool:
        digests = set(pool.map(lambda _: store.put({"n": 1}, b"same" * 1000), range(40)))
    assert list(store.all()) == list(digests)
    assert store.leftovers() == ()


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_names_the_bytes_and_the_way_out_and_leaves_nothing(store, monkeypatch, call):
    store.put({}, b"before")
    known = list(store.all())

    def full(*_arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, call, full)
        with pytest.raises(DiskFull) as problem:
            store.put({}, b"x" * 5000)
    assert problem.value.facts["needed"] > 5000
    assert "mlview gc" in problem.value.hint
    assert list(store.all()) == known
    assert store.leftovers() == ()


def test_a_broken_disk_is_a_storage_problem(store, monkeypatch):
    def broken(*_arguments):
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", broken)
        with pytest.raises(StorageProblem, match="ARTIFACT_IO") as problem:
            store.put({}, b"x")
    assert not isinstance(problem.value, DiskFull)
    assert store.leftovers() == ()


def test_leftovers_of_a_killed_writer_are_cleaned_by_age_and_never_listed(store):
    store.put({}, b"kept")
    leftover = store.root / ".tmp-killed"
    leftover.write_bytes(b"half")
    os.utime(leftover, (1000, 1000))
    assert store.leftovers() == (leftover,)
    assert len(list(store.all())) == 1
    assert store.clean(before=1000) == 0
    assert store.clean(before=1001) == 4
    assert store.leftovers() == ()


def test_a_file_of_another_format_under_the_right_digest_is_refused(store):
    content = b"not an artifact"
    digest = hashlib.sha256(content).hexdigest()
    path = store.root / digest[:2] / digest
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(StorageProblem, match="ARTIFACT_FORMAT"):
        store.get(digest)
