"""A lease has one holder; it goes to another when the holder is known to be gone, or has not shown itself for a minute."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time

import pytest

from jupyter_modelstore import _lease
from jupyter_modelstore._lease import Lease, leased
from jupyter_modelstore.errors import DiskFull, ModelFileNotFound, ModelStoreError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "work.lease"


def age(path, seconds):
    os.utime(path, (time.time() - seconds,) * 2)


def test_one_has_it_and_gives_it_back(path):
    first, second = Lease(path), Lease(path)
    assert first.take()
    assert not second.take()
    assert first.touch()
    first.release()
    assert second.take()
    first.release()  # it is not the first one's any more
    assert path.exists()
    second.release()
    assert list(path.parent.iterdir()) == []


def test_a_holder_that_is_gone_has_it_no_more(path):
    code = f"from jupyter_modelstore._lease import Lease; from pathlib import Path; Lease(Path({str(path)!r})).take()"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert json.loads(path.read_text())["pid"] != os.getpid()
    assert Lease(path).take()


@pytest.mark.parametrize("change", [{"host": "another"}, {}], ids=["elsewhere", "here"])
def test_a_holder_that_shows_itself_keeps_it_for_a_minute(path, change):
    owner = Lease(path)
    owner.take()
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    age(path, 58)
    assert not Lease(path).take()
    age(path, 62)
    other = Lease(path)
    assert other.take()
    owner._touched -= 11
    assert not owner.touch()
    owner.release()
    assert other.touch()
    assert path.exists()


def test_a_lease_of_another_boot_is_nobodys(path):
    Lease(path).take()
    path.write_text(json.dumps(json.loads(path.read_text()) | {"boot": "before"}))
    assert Lease(path).take()


def test_one_that_names_nobody_is_nobodys_soon(path):
    path.touch()
    assert not Lease(path).take()
    age(path, 3)
    assert Lease(path).take()


def test_a_holder_touches_it_every_ten_seconds(path):
    owner = Lease(path)
    owner.take()
    age(path, 50)
    assert owner.touch()
    assert time.time() - path.stat().st_mtime > 40
    owner._touched -= 11
    assert owner.touch()
    assert time.time() - path.stat().st_mtime < 10


def test_of_many_who_take_a_stale_one_at_once_one_has_it(path, monkeypatch):
    for _ in range(20):
        path.write_text("stale")
        age(path, 100)
        taken, together = [], threading.Barrier(8)

        def take(taken=taken, together=together):
            lease = Lease(path)
            together.wait()
            if lease.take():
                taken.append(lease)

        threads = [threading.Thread(target=take) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len([lease for lease in taken if lease._read() == lease._holder]) == 1
        path.unlink()


def test_who_waits_gets_it_when_it_is_given_back(path):
    owner = Lease(path)
    owner.take()
    with leased(path, 0.1) as held:
        assert not held
    threading.Timer(0.2, owner.release).start()
    with leased(path, 5) as held:
        assert held
    assert not path.exists()


@pytest.mark.parametrize("text", [json.dumps({"host": "another", "boot": "b", "pid": 7}), ""])
def test_one_from_the_future_is_nobodys_when_it_is_as_far_ahead(path, text):
    path.write_text(text)
    age(path, -58 if text else -1)
    assert not Lease(path).take()
    age(path, -86400)
    assert Lease(path).take()


@pytest.mark.parametrize("there", [False, True])
def test_a_link_is_no_lease(path, there):
    target = path.with_name("target")
    if there:
        target.write_text("precious")
    path.symlink_to(target)
    lease = Lease(path)
    assert lease.take()
    assert not path.is_symlink()
    lease.release()
    assert [each.read_text() for each in path.parent.iterdir()] == ["precious"] * there


@pytest.mark.parametrize("pid", ["1" + "0" * 30, "[" * 100_000, '"x"', "null"], ids=["huge", "deep", "text", "none"])
def test_a_lease_that_makes_no_sense_is_held_until_it_is_old(path, pid):
    host, boot = json.dumps(_lease.socket.gethostname()), json.dumps(_lease.boot_id())
    path.write_text(f'{{"host": {host}, "boot": {boot}, "pid": {pid}}}')
    assert not Lease(path).take()
    age(path, 3600)
    assert Lease(path).take()


def test_a_directory_is_no_lease_and_is_told_if_it_holds_anything(path):
    path.mkdir()
    assert Lease(path).take()
    path.unlink()
    path.mkdir()
    (path / "file").write_text("precious")
    with pytest.raises(ModelStoreError, match="not empty"):
        Lease(path).take()
    assert (path / "file").read_text() == "precious"


def test_one_that_cannot_be_written_leaves_nothing_and_says_so(path):
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with pytest.raises(DiskFull):
            Lease(path).take()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(path.parent.iterdir()) == []
    with pytest.raises(ModelFileNotFound):
        Lease(path / "nowhere").take()


def test_a_minute():
    assert (_lease._STALE_AFTER, _lease._TOUCH_EVERY) == (60, 10)
