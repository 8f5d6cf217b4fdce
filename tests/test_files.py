"""Files that are whole or not there, hashes that are right, and every error of the system translated."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import pickle
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_modelstore import _files
from jupyter_modelstore._files import (
    HashingFile,
    copy_without_overwriting,
    file_errors,
    fsync_directory,
    hash_file,
    safe_file_name,
    storage_error,
    write_atomic,
)
from jupyter_modelstore.errors import (
    DiskFull,
    FileChanged,
    ModelFileNotFound,
    ModelStoreError,
    NotFound,
    ReadOnly,
    StorageError,
)

LARGE = _files._PARALLEL


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@given(st.lists(st.binary(max_size=100) | st.integers(0, 3).map(lambda n: bytes([n]) * (LARGE + n - 1)), max_size=6))
def test_what_is_written_is_hashed_whatever_its_pieces(tmp_path_factory, pieces):
    path = tmp_path_factory.mktemp("hash") / "file"
    file = HashingFile(path)
    for piece in pieces:
        assert file.write(piece) == len(piece)
    file.seal()
    data = b"".join(pieces)
    assert path.read_bytes() == data
    assert (file.size, file.sha256) == (len(data), sha256(data))


@pytest.mark.parametrize(
    "data",
    [
        b"bytes",
        bytearray(b"bytes"),
        memoryview(b"bytes"),
        pickle.PickleBuffer(b"bytes"),
        np.arange(10),
        np.zeros((2, 3), order="F"),
        np.zeros(LARGE),
        b"x" * LARGE,
        bytearray(LARGE),
        b"",
        np.array([], dtype="int8"),
    ],
    ids=lambda data: type(data).__name__,
)
def test_buffers_of_every_kind_are_written_by_their_bytes(tmp_path, data):
    expected = memoryview(data).tobytes("A") if not isinstance(data, np.ndarray) else data.tobytes("A")
    file = HashingFile(tmp_path / "file")
    assert file.write(data) == len(expected)
    file.seal()
    assert (tmp_path / "file").read_bytes() == expected
    assert file.sha256 == sha256(expected)


def test_a_pickler_can_write_into_it(tmp_path):
    model = {"small": 1, "large": np.arange(LARGE), "text": "x" * LARGE}
    file = HashingFile(tmp_path / "file")
    pickle.Pickler(file, 5).dump(model)
    file.seal()
    data = (tmp_path / "file").read_bytes()
    assert file.sha256 == sha256(data)
    assert np.array_equal(pickle.loads(data)["large"], model["large"])


def test_a_restart_forgets_all(tmp_path):
    file = HashingFile(tmp_path / "file")
    file.write(b"x" * 3_000_000)
    file.restart()
    assert file.size == 0
    file.write(b"new")
    file.seal()
    assert ((tmp_path / "file").read_bytes(), file.size, file.sha256) == (b"new", 3, sha256(b"new"))


def test_an_existing_file_is_never_touched(tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        HashingFile(tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"old"


def test_sealing_twice_and_closing_after_are_harmless(tmp_path):
    file = HashingFile(tmp_path / "file")
    file.write(b"x")
    for close in (file.seal, file.seal, file.close):
        close()
    with pytest.raises(ValueError, match="closed"):
        file.write(b"y")


def test_a_write_that_is_interrupted_lets_the_interrupt_through(tmp_path, monkeypatch):
    file = HashingFile(tmp_path / "file")
    file._raw = _Interrupting(file._raw)
    with pytest.raises(KeyboardInterrupt):
        file.write(bytearray(LARGE))
    file.close()


class _Interrupting:
    def __init__(self, raw):
        self.raw = raw
        self.closed = False

    def write(self, data):
        raise KeyboardInterrupt

    def close(self):
        self.raw.close()


def test_an_error_in_the_hashing_thread_is_raised_by_the_write(tmp_path):
    class Bad:
        def update(self, data):
            raise MemoryError("no")

    file = HashingFile(tmp_path / "file")
    file._hash = Bad()
    with pytest.raises(MemoryError):
        file.write(bytes(LARGE))
    file.close()


def test_many_threads_hash_at_once(tmp_path):
    def work(number):
        file = HashingFile(tmp_path / str(number))
        for _ in range(5):
            file.write(bytes([number]) * LARGE)
        file.seal()
        found[number] = file.sha256

    found = {}
    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: sha256(bytes([number]) * LARGE * 5) for number in range(6)}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_hashes_with_threads_of_its_own(tmp_path):
    parent = HashingFile(tmp_path / "parent")
    parent.write(bytes(LARGE))
    parent.seal()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            file = HashingFile(tmp_path / "child")
            file.write(bytes(LARGE))
            file.seal()
            code = int(file.sha256 != sha256(bytes(LARGE)))
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0


def test_progress_counts_up(tmp_path):
    told = []
    file = HashingFile(tmp_path / "file", lambda *what: told.append(what))
    file.write(b"12")
    file.write(b"345")
    file.seal()
    assert told == [("writing", 2, None), ("writing", 5, None)]


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 21) + 1])
def test_hash_file(size):
    told = []
    data = os.urandom(size)
    assert hash_file(io.BytesIO(data), lambda *what: told.append(what), size) == (sha256(data), size)
    assert [what[1] for what in told] == sorted({*range(1 << 20, size, 1 << 20), *([size] if size else [])})


# ---- whole or not there ----------------------------------------------------------------------------------------------


def test_write_atomic_replaces_and_leaves_nothing_beside(tmp_path):
    path = tmp_path / "file"
    write_atomic(path, b"one")
    write_atomic(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


def test_write_atomic_that_fails_changes_nothing(tmp_path):
    path = tmp_path / "directory"
    path.mkdir()
    with pytest.raises(OSError, match=r"."):
        write_atomic(path, b"x")
    assert list(tmp_path.iterdir()) == [path]
    assert path.is_dir()


def test_fsync_of_what_is_no_directory_is_harmless(tmp_path):
    fsync_directory(tmp_path)
    fsync_directory(tmp_path / "missing")


def copy(tmp_path, data=b"model", name="churn.pkl", digest=None, **options):
    source = tmp_path / "source"
    source.write_bytes(data)
    target = tmp_path / "target"
    target.mkdir(exist_ok=True)
    with source.open("rb") as file:
        return copy_without_overwriting(file, target, name, sha256=digest, **options)


def test_a_copy_never_overwrites(tmp_path):
    names = [copy(tmp_path, data).name for data in (b"1", b"2", b"3")]
    assert names == ["churn.pkl", "churn (2).pkl", "churn (3).pkl"]
    assert [(tmp_path / "target" / name).read_bytes() for name in names] == [b"1", b"2", b"3"]
    assert len(list((tmp_path / "target").iterdir())) == 3


@pytest.mark.parametrize(
    ("name", "second"), [("a.b.pkl", "a.b (2).pkl"), ("plain", "plain (2)"), (".hidden", ".hidden (2)"), ("é.pkl", "é (2).pkl")]
)
def test_the_number_stands_before_the_suffix(tmp_path, name, second):
    assert [copy(tmp_path, name=name).name for _ in range(2)] == [name, second]


def test_a_copy_of_changed_bytes_is_refused_and_leaves_nothing(tmp_path):
    with pytest.raises(FileChanged):
        copy(tmp_path, digest=sha256(b"other"))
    assert list((tmp_path / "target").iterdir()) == []
    assert copy(tmp_path, digest=sha256(b"model")).exists()


def test_a_copy_that_is_cancelled_leaves_nothing(tmp_path):
    def cancel(stage, done, total):
        assert (stage, done, total) == ("copying", 5, 5)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy(tmp_path, progress=cancel)
    assert list((tmp_path / "target").iterdir()) == []


def test_many_copies_at_once_get_a_name_each(tmp_path):
    found = []
    (tmp_path / "target").mkdir()
    (tmp_path / "source").write_bytes(b"x")

    def work():
        with (tmp_path / "source").open("rb") as file:
            found.append(copy_without_overwriting(file, tmp_path / "target", "churn.pkl", sha256=None))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 8
    assert len(list((tmp_path / "target").iterdir())) == 8


@pytest.mark.parametrize("code", [errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK])
def test_a_copy_works_without_hard_links(tmp_path, monkeypatch, code):
    def refuse(self, target):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    names = [copy(tmp_path, data).name for data in (b"1", b"2")]
    assert names == ["churn.pkl", "churn (2).pkl"]
    assert (tmp_path / "target" / "churn (2).pkl").read_bytes() == b"2"


def test_a_copy_onto_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    def refuse(self, target):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    with pytest.raises(OSError, match="full"):
        copy(tmp_path)
    assert list((tmp_path / "target").iterdir()) == []


# ---- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("churn", "churn"),
        ("Churn v2 (final), A&B", "Churn v2 (final), A&B"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("C:\\x", "C__x"),
        ("", "model"),
        ("...", "model"),
        ("con", "_con"),
        ("LPT1.txt", "_LPT1.txt"),
        ("console", "console"),
        ("a\0b\n", "a_b_"),
        ("e\u0301", "é"),
        ("🎉", "_"),
        ("x ", "x"),
        ("é" * 100, "é" * 90),
    ],
)
def test_file_names(name, expected):
    assert safe_file_name(name) == expected


# ---- errors ----------------------------------------------------------------------------------------------------------

KINDS = {
    errno.ENOSPC: DiskFull,
    errno.EDQUOT: DiskFull,
    errno.EFBIG: DiskFull,
    errno.EACCES: ReadOnly,
    errno.EPERM: ReadOnly,
    errno.EROFS: ReadOnly,
    errno.ENOENT: ModelFileNotFound,
}


@pytest.mark.parametrize("code", sorted(errno.errorcode))
def test_every_error_of_the_system_becomes_one_of_ours(code):
    with pytest.raises(ModelStoreError) as info, file_errors("in /home/ada"):
        raise OSError(code, os.strerror(code), "/home/ada/x")
    assert type(info.value) is KINDS.get(code, StorageError)
    assert "/home/ada" in info.value.message
    assert info.value.hint
    assert isinstance(info.value.__cause__, OSError)


@pytest.mark.parametrize("error", [OSError(), OSError("odd"), TimeoutError(), OSError(99999, "unknown")])
def test_an_error_without_a_number_is_told_too(error):
    assert type(storage_error(error, "in /x")) is StorageError
    assert "/x" in storage_error(error, "in /x").message


def test_errors_of_ours_and_of_others_pass():
    for error in (NotFound("x"), DiskFull("x"), ValueError("x"), KeyboardInterrupt()):
        with pytest.raises(type(error)) as info, file_errors("in /x"):
            raise error
        assert info.value is error


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX")
def test_real_errors(tmp_path):
    with pytest.raises(ModelFileNotFound), file_errors("there"):
        (tmp_path / "missing").open("rb")
    with pytest.raises(StorageError), file_errors("there"):
        tmp_path.open("rb")
    with pytest.raises(StorageError), file_errors("there"):
        (tmp_path / ("x" * 300)).open("wb")
