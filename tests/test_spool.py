"""A journal that somebody damaged hides and holds up no other."""

from __future__ import annotations

import json
import os
import time
import uuid

import pytest

from jupyter_modelstore.backends.supabase import _sending
from jupyter_modelstore.errors import ReadOnly, StorageError
from jupyter_modelstore.protocols import Waiting
from jupyter_modelstore.spool import Spool

ANOTHER = "8a4e4614-2d53-4a3b-bc34-cccccccccccc"
DRAFT = {"model_name": "churn", "model_file_size": 1, "sha256": "0" * 64}


def put(directory, text=None, **more):
    """Write a save and its journal."""
    save_id = str(uuid.uuid4())
    entry = {"save_id": save_id, "url": "u", "user_id": "me", "space": "", "draft": DRAFT, "at": 1.0, **more}
    (directory / f"{save_id}.bin").write_bytes(b"x")
    (directory / f"{save_id}.json").write_text(json.dumps(entry) if text is None else text)
    return save_id


DAMAGED = [
    {"at": "x"}, {"at": None}, {"draft": {}}, {"draft": [1]}, {"draft": {**DRAFT, "model_name": [1]}}, {"upload": 7},
    {"draft": {**DRAFT, "model_file_size": "1"}}, {"refused": "x"}, {"save_id": 5}, {"save_id": ANOTHER},
    {"url": None}, {"draft": {**DRAFT, "description": "\ud800"}}, {"text": "[" * 100_000}, {"text": "7"}, {"text": ""},
]  # fmt: skip


@pytest.mark.parametrize("how", DAMAGED, ids=lambda how: json.dumps(how)[:40])
def test_a_damaged_journal_does_not_hold_up_others(tmp_path, how):
    spool = Spool(tmp_path)
    first, damaged, last = put(tmp_path), put(tmp_path, **how), put(tmp_path, at=2)
    found = [_sending.pending_record(waiting) for waiting in spool.waiting("u", "me")]
    assert [record.id for record in found] == [first, last]
    assert list(spool.doubted()) == [damaged]
    assert str(tmp_path) in str(spool.doubted()[damaged])
    assert len(list(tmp_path.glob("*.bin"))) == 3


def test_a_journal_of_a_newer_package_is_understood(tmp_path):
    save_id = put(tmp_path, more=1)
    assert [each.save_id for each in Spool(tmp_path).waiting("u", "me")] == [save_id]
    assert Spool(tmp_path).doubted() == {}


@pytest.mark.parametrize("before", [False, True])
def test_a_save_may_be_sent_as_soon_as_its_journal_is_there(tmp_path, monkeypatch, before):
    spool, save_id = Spool(tmp_path), str(uuid.uuid4())
    waiting = Waiting(save_id=save_id, url="u", user_id="me", space="", draft=DRAFT, at=1.0)
    parts = [spool.part(save_id) for _ in range(2)]
    for part in parts:
        part.write_bytes(b"x")
    if before:
        spool.accept(waiting, parts[1])
    real = Spool.note
    monkeypatch.setattr(Spool, "note", lambda self, each: (real(self, each), self.done(each.save_id))[0])
    spool.accept(waiting, parts[0])
    assert spool.waiting("u") == []


def test_a_save_that_is_kept_stays_if_it_cannot_be_kept_twice(tmp_path, monkeypatch):
    spool, save_id = Spool(tmp_path), str(uuid.uuid4())
    waiting = Waiting(save_id=save_id, url="u", user_id="me", space="", draft=DRAFT, at=1.0)
    for name in ("first", "second"):
        part = spool.part(save_id)
        part.write_bytes(b"x")
        if name == "first":
            spool.accept(waiting, part)
            continue
        monkeypatch.setattr(Spool, "note", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(StorageError):
            spool.accept(waiting, part)
    assert [each.save_id for each in spool.waiting("u")] == [save_id]


def test_what_its_reader_makes_nothing_of_is_doubted_too(tmp_path):
    save_id = put(tmp_path)
    assert "cannot be read" in str(Spool(tmp_path).doubted([save_id])[save_id])


def test_a_link_to_another_journal_is_not_believed(tmp_path):
    spool = Spool(tmp_path / "spool")
    spool.part(str(uuid.uuid4()))
    save_id = put(tmp_path)
    for path in tmp_path.glob(f"{save_id}.*"):
        spool.directory.joinpath(path.name).symlink_to(path)
    assert (spool.waiting("u", "me"), list(spool.doubted())) == ([], [save_id])


def test_a_save_that_has_just_been_sent_is_neither_waiting_nor_doubted(tmp_path):
    (tmp_path / f"{put(tmp_path)}.bin").unlink()
    assert (Spool(tmp_path).waiting("u", "me"), Spool(tmp_path).doubted()) == ([], {})


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only the superuser gives a directory away")
def test_nothing_is_kept_where_it_would_not_be_believed(tmp_path):
    os.chown(tmp_path, 65534, 65534)
    with pytest.raises(ReadOnly, match="MODELSTORE_HOME"):
        Spool(tmp_path).part(str(uuid.uuid4()))


def test_a_save_that_others_could_write_to_is_not_acknowledged(tmp_path):
    spool, save_id = Spool(tmp_path), str(uuid.uuid4())
    part = spool.part(save_id)
    part.write_bytes(b"x")
    part.chmod(0o666)
    with pytest.raises(ReadOnly, match="nothing was kept"):
        spool.accept(Waiting(save_id=save_id, url="u", user_id="me", space="", draft=DRAFT, at=1.0), part)
    assert list(tmp_path.iterdir()) == []


def test_a_spool_that_cannot_be_read_says_so_in_one_sentence(tmp_path):
    (tmp_path / "spool").symlink_to("spool")
    with pytest.raises(StorageError, match=r"in .*spool: Too many levels"):
        Spool(tmp_path / "spool").waiting("u", "me")


def test_a_sweep_removes_halves_that_are_a_day_old_and_nothing_else(tmp_path):
    whole, halves = put(tmp_path), [put(tmp_path) for _ in range(3)]
    (tmp_path / f"{whole}.lease").touch()
    (tmp_path / f"{halves[0]}.json").unlink()
    (tmp_path / f"{halves[1]}.bin").unlink()
    (tmp_path / f"{halves[1]}.lease").touch()
    (tmp_path / f"{halves[2]}.bin").rename(tmp_path / f"{halves[2]}.part")
    (tmp_path / f"{halves[2]}.json").unlink()
    (tmp_path / f".{whole}.json.1.2.part").touch()
    (tmp_path / "note").touch()
    everything = set(tmp_path.iterdir())
    Spool(tmp_path).sweep()
    assert set(tmp_path.iterdir()) == everything
    for path in everything:
        os.utime(path, (time.time() - 25 * 3600,) * 2)
    Spool(tmp_path).sweep()
    assert {path.name for path in tmp_path.iterdir()} == {f"{whole}.bin", f"{whole}.json", f"{whole}.lease", "note"}
