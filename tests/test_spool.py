"""A journal that somebody damaged hides and holds up no other."""

from __future__ import annotations

import json
import os
import time
import uuid

import pytest

from jupyter_modelstore.backends.supabase import _sending
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
    {"url": None}, {"more": 1}, {"text": "[" * 100_000}, {"text": "7"}, {"text": ""},
]  # fmt: skip


@pytest.mark.parametrize("how", DAMAGED, ids=lambda how: json.dumps(how)[:40])
def test_a_damaged_journal_does_not_hold_up_others(tmp_path, how):
    spool = Spool(tmp_path)
    first, _, last = put(tmp_path), put(tmp_path, **how), put(tmp_path, at=2)
    found = [_sending.pending_record(waiting) for waiting in spool.waiting("u", "me")]
    assert [record.id for record in found] == [first, last]
    assert len(list(tmp_path.glob("*.bin"))) == 3


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
