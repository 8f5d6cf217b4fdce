"""What happens when two come at the same moment: each race is a function that collides real connections and tells what broke.

``race_…(url, rounds)`` runs on a database that has the schema and returns the problems it saw; none is right. It makes its own
people and leaves other rows alone, so that one database serves many races, and one with a fault seeded in it serves as proof.
Between a statement and its commit each session waits for up to some milliseconds, as a network does: that is where races are.
"""

from __future__ import annotations

import json
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import psycopg

CHANCE = random.SystemRandom()
BUCKET = "model-files"
SIZE = 100
REFUSED = frozenset({"PT404", "PT409", "PT410", "PT413", "23505", "42501"})
"""Answers that a race may give. Anything else, a deadlock (40P01) before all, is a problem."""
GONE, MISSING, FULL = "PT410", "PT409", "PT413"

Action = Callable[["Session", int], object]


class Session:
    """A connection that acts as people do: each call is a transaction of its own, under their role and claims."""

    def __init__(self, url: str) -> None:
        self.db = psycopg.connect(url, autocommit=True)

    def close(self) -> None:
        """Close the connection."""
        self.db.close()

    def run(self, who: str, statement: str, *values: object, role: str = "authenticated", operation: str = "") -> object:
        """Run one statement as somebody, commit a little later, and return its first column, or the code of a refusal."""
        claims = json.dumps({"sub": who, "role": role})
        settings = {
            "request.jwt.claims": claims,
            "storage.operation": operation,
            "storage.allow_delete_query": "true",
            "role": role,
        }
        named = ", ".join("set_config(%s, %s, true)" for _ in settings)
        try:
            with self.db.transaction():
                self.db.execute(f"select {named}", [part for pair in settings.items() for part in pair])
                cursor = self.db.execute(statement, values)
                answer = cursor.fetchone()[0] if cursor.description else cursor.rowcount
                time.sleep(CHANCE.random() * 0.002)
        except psycopg.Error as error:
            return error.sqlstate
        return answer

    def call(self, who: str, function: str, /, **what: object) -> object:
        """Call a function of the API."""
        return self.run(who, f"select public.modelstore_{function}(%s)", json.dumps(what))

    def upload(self, path: str, size: int = SIZE) -> None:
        """Put an object there, past all rules."""
        metadata = json.dumps({"size": size, "eTag": uuid.uuid4().hex})
        statement = "insert into storage.objects (bucket_id, name, owner_id, metadata) values (%s, %s, %s, %s)"
        self.db.execute(statement, [BUCKET, path, path.partition("/")[0], metadata])

    def commit(self, who: str, name: str, save_id: str, **more: object) -> object:
        """Commit a save whose bytes nobody else has."""
        digest = (save_id.replace("-", "") * 2)[:64]
        return self.call(who, "commit", model_name=name, save_id=save_id, sha256=digest, model_file_size=SIZE, **more)

    def save(self, who: str, name: str, save_id: str = "", **more: object) -> dict:
        """Send and commit; return the record."""
        save_id = save_id or str(uuid.uuid4())
        self.upload(f"{more.get('space', who)}/{save_id}.pkl")
        answer = self.commit(who, name, save_id, **more)
        assert isinstance(answer, dict), answer
        return answer["record"]

    def remove(self, who: str, path: str, *, role: str = "authenticated", single: bool = False) -> object:
        """Delete an object as Storage does: one, locked first, or in bulk."""
        these = "from storage.objects where bucket_id = %s and name = any(%s)"
        first = f"seen as (select {these} for update)," if single else ""
        statement = f"with {first} gone as (delete {these} returning 1) select count(*) from gone"
        operation = "storage.object.delete" if single else "storage.object.delete_many"
        return self.run(who, statement, *[BUCKET, [path]] * (1 + single), role=role, operation=operation)

    def rows(self, statement: str, *values: object) -> list[tuple]:
        """Look past all rules."""
        return self.db.execute(statement, values).fetchall()


def collide(url: str, rounds: int, *actions: Action) -> list[list[object]]:
    """Let each action begin at the same moment in a session of its own, round after round; return what each answered."""
    barrier = threading.Barrier(len(actions))

    def act(session: Session, action: Action) -> list[object]:
        answers = []
        try:
            for number in range(rounds):
                barrier.wait(30)
                time.sleep(CHANCE.random() * 0.004)
                answers.append(action(session, number))
        except BaseException:
            barrier.abort()  # the others need not wait for one who has failed
            raise
        return answers

    with ExitStack() as opened, ThreadPoolExecutor(len(actions)) as pool:
        sessions = [Session(url) for _ in actions]
        for session in sessions:
            opened.callback(session.close)
        working = [pool.submit(act, session, action) for session, action in zip(sessions, actions, strict=True)]
        failures = [error for one in working if (error := one.exception())]
        for failure in sorted(failures, key=lambda error: isinstance(error, threading.BrokenBarrierError))[:1]:
            raise failure
        return [list(answers) for answers in zip(*(one.result() for one in working), strict=True)]


def unexpected(answers: list[list[object]], allowed: frozenset[str] = REFUSED) -> list[str]:
    """Tell the errors that no race may end with."""
    codes = Counter(one for answer in answers for one in answer if isinstance(one, str) and one not in allowed)
    return [f"{count} times the error {code}" for code, count in codes.items()]


def person() -> str:
    """Return somebody's id; the database asks for no more."""
    return str(uuid.uuid4())


def _prepared(url: str, rounds: int, make: Callable[[Session, int], object]) -> list:
    session = Session(url)
    try:
        return [make(session, number) for number in range(rounds)]
    finally:
        session.close()


def _look(url: str, statement: str, *values: object) -> list[tuple]:
    session = Session(url)
    try:
        return session.rows(statement, *values)
    finally:
        session.close()


DANGLING = (
    "select m.id from public.trained_models m where m.space_id = any(%s::uuid[]) and m.save_id is not null"
    " and m.state = 'ready' and not exists (select from storage.objects o where o.bucket_id = 'model-files' "
    " and o.name = m.model_file_path)"
)


def race_commit_against_delete(url: str, rounds: int = 200) -> list[str]:
    """A commit, while its object is deleted: singly, in bulk, by the project's own service."""
    problems = []
    for mode, how in {"single": {"single": True}, "bulk": {}, "service": {"role": "service_role"}}.items():
        who = person()

        def send(session: Session, _: int, who: str = who) -> str:
            save_id = str(uuid.uuid4())
            session.upload(f"{who}/{save_id}.pkl")
            return save_id

        saves = _prepared(url, rounds, send)
        answers = collide(
            url,
            rounds,
            lambda session, n, who=who, saves=saves: session.commit(who, f"model {n}", saves[n]),
            lambda session, n, who=who, saves=saves, how=how: session.remove(who, f"{who}/{saves[n]}.pkl", **how),
        )
        problems += [f"{mode}: {said}" for said in unexpected(answers)]
        if dangling := _look(url, DANGLING, [who]):
            problems.append(f"{mode}: {len(dangling)} rows without bytes")
        won = Counter(isinstance(commit, dict) for commit, _ in answers)
        if not (won[True] and won[False]):
            problems.append(f"{mode}: the two never met: {won}")
        kept = sum(isinstance(commit, dict) for commit, _ in answers)
        if kept != len(_look(url, "select 1 from public.trained_models where space_id = %s", who)):
            problems.append(f"{mode}: an acknowledged save is lost")
    return problems


def race_purge_against_commit(url: str, rounds: int = 200) -> list[str]:
    """A commit whose answer was lost is sent again while the model is purged, or its row deleted by the earlier application."""
    problems = []
    for mode in ("purged", "deleted"):
        who = person()

        def trashed(session: Session, number: int, who: str = who, mode: str = mode) -> dict:
            record = session.save(who, f"model {number}")
            if mode == "purged":
                session.call(who, "delete", ids=[record["id"]])
            return record

        def leave(session: Session, n: int, who: str = who, mode: str = mode, records: list = ()) -> object:
            if mode == "purged":
                left = session.call(who, "purge", ids=[records[n]["id"]])
            else:
                left = session.run(who, "delete from public.trained_models where id = %s", records[n]["id"])
            session.remove(who, records[n]["model_file_path"])
            return left

        records = _prepared(url, rounds, trashed)
        answers = collide(
            url,
            rounds,
            lambda session, n, who=who, records=records: session.commit(who, f"model {n}", records[n]["save_id"]),
            lambda session, n, leave=leave, records=records: leave(session, n, records=records),
        )
        problems += [f"{mode}: {said}" for said in unexpected(answers)]
        states = Counter(_look(url, "select state from public.trained_models where space_id = %s", who))
        if states != {("purged",): rounds}:
            problems.append(f"{mode}: rows are {dict(states)}")
        if left := _look(url, "select 1 from storage.objects where name like %s", f"{who}/%"):
            problems.append(f"{mode}: {len(left)} objects of purged models")
        if not {GONE} < {commit if isinstance(commit, str) else "known" for commit, _ in answers}:
            problems.append(f"{mode}: the two never met")
    return problems


def race_commits_of_one_save(url: str, rounds: int = 25, writers: int = 16) -> list[str]:
    """The same save, committed by many at once: one row each round, and everybody is told it."""
    who = person()
    saves = _prepared(url, rounds, lambda session, _: session.upload(f"{who}/{(save := uuid.uuid4())}.pkl") or str(save))
    answers = collide(url, rounds, *[lambda session, n: session.commit(who, "churn", saves[n])] * writers)
    problems = unexpected(answers, frozenset())
    for answer in answers:
        if len({one["record"]["id"] for one in answer if isinstance(one, dict)}) != 1:
            problems.append("one save became several models")
        if sum(one["created"] for one in answer if isinstance(one, dict)) != 1:
            problems.append("a save was made other than once")
    numbers = _look(url, "select version from public.trained_models where space_id = %s order by 1", who)
    if numbers != [(n + 1,) for n in range(rounds)]:
        problems.append(f"versions {numbers}")
    return problems


def race_writers_of_one_name(url: str, rounds: int = 3, writers: int = 8, models: int = 10) -> list[str]:
    """Different models of one name, from many writers: the numbers have no gap, and none is given twice."""
    problems = []
    for _ in range(rounds):
        who = person()
        answers = collide(url, models, *[lambda session, _, who=who: session.save(who, "churn")["version"]] * writers)
        given = sorted(number for answer in answers for number in answer)
        stored = _look(url, "select version from public.trained_models where space_id = %s order by 1", who)
        if given != list(range(1, writers * models + 1)) or stored != [(number,) for number in given]:
            problems.append(f"numbers given: {given}; stored: {stored}")
    return problems


def race_alias_moves(url: str, rounds: int = 25, movers: int = 8) -> list[str]:
    """An alias is moved by many, rolled back by one, and versions are purged under it: its history stays a chain."""
    who = person()
    records = _prepared(url, rounds + 6, lambda session, _: session.save(who, "churn"))

    def move(session: Session, _: int) -> object:
        return session.call(
            who, "set_alias", id=CHANCE.choice(records)["id"], alias="champion", why=CHANCE.choice(["", "better"])
        )

    def roll_back(session: Session, _: int) -> object:
        history = session.call(who, "alias_history", name="churn", alias="champion")
        earlier = [event["version"] for event in history[1:4] if event["version"]]
        target = records[(earlier or [1])[-1] - 1]["id"]
        return session.call(who, "set_alias", id=target, alias="champion", why="rollback")

    def purge(session: Session, number: int) -> object:
        ids = [records[number]["id"]]
        session.call(who, "delete", ids=ids, force=True)
        return session.call(who, "purge", ids=ids)

    answers = collide(url, rounds, *[move] * movers, roll_back, purge)
    return unexpected(answers) + _broken_history(url, who)


def _broken_history(url: str, who: str) -> list[str]:
    told = "select version, previous from public.modelstore_alias_history where space_id = %s order by id"
    history = _look(url, told, who)
    before = [None, *(version for version, _ in history)]
    breaks = sum(previous != earlier for (_, previous), earlier in zip(history, before, strict=False))
    problems = [f"{breaks} breaks in a history of {len(history)} moves"] if breaks else []
    now = _look(url, "select version from public.modelstore_aliases where space_id = %s", who)
    if [version for (version,) in now] != [version for version in before[-1:] if version is not None]:
        problems.append(f"the alias names {now}, the history says {before[-1]}")
    at = (
        "select a.version from public.modelstore_aliases a join public.trained_models m using (space_id, name_key, version)"
        " where a.space_id = %s and (m.deleted_at is not null or m.state <> 'ready')"
    )
    if gone := _look(url, at, who):
        problems.append(f"the alias names what is gone: {gone}")
    return problems


def race_quota(url: str, rounds: int = 40, writers: int = 8, room: int = 3) -> list[str]:
    """Parallel saves of different names by somebody with room for three; then half of them into a group with room for all."""
    problems = []
    for groups in (False, True):

        def make(session: Session, number: int, groups: bool = groups) -> tuple:
            who, group, saves = person(), person(), [str(uuid.uuid4()) for _ in range(writers)]
            add = "insert into public.modelstore_spaces (id, kind, name, quota_bytes) values (%s, %s, %s, %s)"
            session.db.execute(add, [group, "group", f"group {group}", None])
            session.db.execute(
                "insert into public.modelstore_members (space_id, user_id, role) values (%s, %s, 'editor')", [group, who]
            )
            spaces = [group if groups and n % 2 else who for n in range(writers)]
            for space, save_id in zip(spaces, saves, strict=True):
                session.upload(f"{space}/{save_id}.pkl")
            session.db.execute(add, [who, "person", None, room * SIZE])  # after the files, which a quota counts too
            return who, spaces, saves

        places = _prepared(url, rounds, make)

        def commit(session: Session, number: int, mine: int, places: list = places) -> object:
            who, spaces, saves = places[number]
            return session.commit(who, f"model {mine}", saves[mine], space=spaces[mine])

        answers = collide(url, rounds, *[lambda s, n, mine=mine, commit=commit: commit(s, n, mine) for mine in range(writers)])
        problems += unexpected(answers)
        made = Counter(sum(isinstance(one, dict) for one in answer) for answer in answers)
        kept = Counter(
            count
            for (count,) in _look(
                url,
                "select count(*) from public.trained_models where user_id = any(%s::uuid[]) group by user_id",
                [who for who, _, _ in places],
            )
        )
        if made != {room: rounds} or kept != made:
            problems.append(f"saves into room for {room}: acknowledged {dict(made)}, kept {dict(kept)} (groups: {groups})")
    return problems


def race_purge_newest_then_save(url: str, rounds: int = 200) -> list[str]:
    """The newest version, which is shared, is purged while another is saved: its number is not given again, its share ends."""
    who, friend = person(), person()

    def make(session: Session, number: int) -> tuple[dict, str]:
        session.save(who, f"model {number}")
        newest = session.save(who, f"model {number}")
        session.call(who, "share", id=newest["id"], who=friend)
        save_id = str(uuid.uuid4())
        session.upload(f"{who}/{save_id}.pkl")
        return newest, save_id

    made = _prepared(url, rounds, make)

    def purge(session: Session, number: int) -> object:
        ids = [made[number][0]["id"]]
        session.call(who, "delete", ids=ids, force=True)
        return session.call(who, "purge", ids=ids)

    answers = collide(url, rounds, purge, lambda session, n: session.commit(who, f"model {n}", made[n][1]))
    problems = unexpected(answers)
    numbers = Counter(commit["record"]["version"] for _, commit in answers if isinstance(commit, dict))
    if numbers != {3: rounds}:
        problems.append(f"numbers after a purged 2: {dict(numbers)}")
    probe = Session(url)
    seen = probe.call(friend, "shared")
    probe.close()
    if seen["total"]:
        problems.append(f"a share of what was purged opens {seen['total']} models")
    return problems


def race_rename_against_commit(url: str, rounds: int = 200) -> list[str]:
    """A name is changed while a version of it is saved: nothing is lost, and numbers of both names go on."""
    who = person()

    def make(session: Session, number: int) -> str:
        session.save(who, f"old {number}")
        save_id = str(uuid.uuid4())
        session.upload(f"{who}/{save_id}.pkl")
        return save_id

    saves = _prepared(url, rounds, make)
    answers = collide(
        url,
        rounds,
        lambda session, n: session.call(who, "rename", name=f"old {n}", new=f"new {n}"),
        lambda session, n: session.commit(who, f"old {n}", saves[n]),
    )
    problems = unexpected(answers, frozenset())
    found = Counter(
        _look(url, "select split_part(name_key, ' ', 1), version from public.trained_models where space_id = %s", who)
    )
    before, after = found[("new", 2)], found[("old", 2)]
    if found[("new", 1)] != rounds or before + after != rounds or sum(found.values()) != 2 * rounds:
        problems.append(f"rows after renames: {dict(found)}")
    if not (before and after):
        problems.append("the two never met")
    lost = (
        "select m.name_key from public.trained_models m left join modelstore_private.names n using (space_id, name_key)"
        " where m.space_id = %s and n.next_version is distinct from greatest(m.version, 2) + 1 and m.version > 1"
    )
    if behind := _look(url, lost, who):
        problems.append(f"counters behind their names: {behind[:3]}")
    return problems


def race_late_upload(url: str, rounds: int = 200) -> list[str]:
    """A second upload of a key arrives late, by its user or by the service, while the save is committed, then purged."""
    who = person()

    def make(session: Session, number: int) -> str:
        save_id = str(uuid.uuid4())
        session.upload(f"{who}/{save_id}.pkl")
        return save_id

    saves = _prepared(url, rounds, make)

    def late(session: Session, number: int) -> object:
        role = CHANCE.choice(["authenticated", "service_role"])
        statement = (
            "insert into storage.objects (bucket_id, name, owner_id, metadata) values (%s, %s, %s, %s)"
            " on conflict (bucket_id, name) do update set metadata = excluded.metadata, version = 'late'"
        )
        values = (BUCKET, f"{who}/{saves[number]}.pkl", who, json.dumps({"size": 7, "eTag": "late"}))
        return session.run(who, statement, *values, role=role, operation="storage.object.upload_signed")

    def keep_and_leave(session: Session, number: int) -> object:
        commit = session.commit(who, f"model {number}", saves[number])
        if number % 2 and isinstance(commit, dict):
            ids = [commit["record"]["id"]]
            session.call(who, "delete", ids=ids)
            session.call(who, "purge", ids=ids)
            session.remove(who, f"{who}/{saves[number]}.pkl")
            time.sleep(0.001)
        return commit

    answers = collide(url, rounds, keep_and_leave, late, late)
    problems = unexpected(answers)
    problems += [f"a commit was refused: {commit}" for commit, *_ in answers if not isinstance(commit, dict)][:1]
    replaced = _look(url, "select 1 from storage.objects where name like %s and metadata ->> 'eTag' = 'late'", f"{who}/%")
    if replaced:
        problems.append(f"{len(replaced)} files are not the ones that were saved")
    if dangling := _look(url, DANGLING, [who]):
        problems.append(f"{len(dangling)} rows without bytes")
    return problems


def race_delete_against_share(url: str, rounds: int = 200) -> list[str]:
    """A model is shared while it goes, to the trash or for good: what is restored later is shared with nobody."""
    who, friend = person(), person()
    records = _prepared(url, rounds, lambda session, n: session.save(who, f"model {n}"))

    def leave(session: Session, number: int) -> object:
        if number % 2:
            return session.run(who, "delete from public.trained_models where id = %s", records[number]["id"])
        return session.call(who, "delete", ids=[records[number]["id"]], force=True)

    answers = collide(url, rounds, leave, lambda session, n: session.call(who, "share", id=records[n]["id"], who=friend))
    problems = unexpected(answers)
    live = (
        "select m.id from public.modelstore_shares s join public.trained_models m on m.id = s.model_id where s.grantee = %s"
        " and s.revoked_at is null and (m.deleted_at is not null or m.state = 'purged')"
    )
    if left := _look(url, live, friend):
        problems.append(f"{len(left)} shares of what is gone")
    if {isinstance(share, dict) for _, share in answers} != {True, False}:
        problems.append("the two never met")
    return problems


def race_locks_of_two_spaces(url: str, rounds: int = 100) -> list[str]:
    """Somebody saves into a group and deletes from it and their own space, and a colleague does too: nobody waits in a ring."""
    people, problems = (person(), person()), []

    def make(session: Session, number: int) -> tuple[str, list[list[str]], list[str]]:
        group = str(uuid.UUID(int=CHANCE.getrandbits(128)))
        session.db.execute(
            "insert into public.modelstore_spaces (id, kind, name) values (%s, 'group', %s)", [group, f"g {group}"]
        )
        both = [[session.save(who, f"model {number}")["id"]] for who in people]
        for who in people:
            add = "insert into public.modelstore_members (space_id, user_id, role) values (%s, %s, 'editor')"
            session.db.execute(add, [group, who])
        for who, ids in zip(people, both, strict=True):
            ids.append(session.save(who, f"of {who[:8]}", space=group)["id"])
        saves = [str(uuid.uuid4()) for _ in people]
        for save_id in saves:
            session.upload(f"{group}/{save_id}.pkl")
        return group, both, saves

    places = _prepared(url, rounds, make)

    def save(mine: int) -> Action:
        return lambda session, n: session.commit(people[mine], f"new {mine}", places[n][2][mine], space=places[n][0])

    def delete(mine: int) -> Action:
        return lambda session, n: session.call(people[mine], "delete", ids=places[n][1][mine])

    answers = collide(url, rounds, save(0), save(1), delete(0), delete(1))
    return problems + unexpected(answers, frozenset())


RACES = [value for name, value in list(globals().items()) if name.startswith("race_")]
