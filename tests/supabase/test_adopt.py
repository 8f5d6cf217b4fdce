"""The table of an earlier application is taken over: no row and no value is lost, and its client goes on as the docs say."""

from __future__ import annotations

import json
import os
import threading
import time
import uuid

import earlier
import httpx
import psycopg
import pytest
from earlier import COLUMNS, Variant
from init_command import init
from races import Session
from stack import Stack, acting

from jupyter_modelstore.record import ModelRecord

pytest_plugins = ("supabase_fixtures",)
pytestmark = pytest.mark.supabase

PEOPLE = [str(uuid.UUID(int=(7 << 120) + n)) for n in range(20)]
VARIANTS = {
    "strict, timestamptz, old grants": (Variant(strict=True, time="timestamptz"), True),
    "strict, timestamp, new grants": (Variant(strict=True, time="timestamp"), False),
    "loose, timestamp, old grants": (Variant(strict=False, time="timestamp"), True),
    "loose, timestamptz, new grants": (Variant(strict=False, time="timestamptz"), False),
}


def look(url, statement, *given):
    with psycopg.connect(url, autocommit=True) as db:
        return db.execute(statement, given or None).fetchall()


# ---- the table, made in several ways -------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=VARIANTS)
def taken(request, stack):
    """A database whose table was taken over by the command: URL, the variant, all values before, what was said."""
    if stack.local is None:
        pytest.skip("only the stack on this machine makes databases")
    variant, old_grants = VARIANTS[request.param]
    url = stack.local.new_database(old_grants=old_grants)
    earlier.make(url, stack.local.admin_url(url), variant, PEOPLE)
    before = earlier.values(url)
    learn(url)
    assert known_words(url)
    done = init(url, "--adopt", "--yes")
    assert done.returncode == 0, done.stderr
    yield url, variant, before, done.stdout
    stack.local.drop_database(url)


def test_no_row_and_no_value_is_lost(taken):
    url, _, before, _ = taken
    assert len(before) == 1000
    assert earlier.values(url) == before


def learn(url):
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("analyze public.trained_models")


def known_words(url):
    """Return the columns of words that the planner has learned something of."""
    words = ["model_name", "description", "tags", "algorithm", "target_column", "feature_columns", "metrics", "model_file_path"]
    question = "select attname from pg_stats where tablename = 'trained_models' and attname = any (%s)"
    return [name for (name,) in look(url, question, words)]


def test_the_planner_forgets_the_words_of_the_rows(taken):
    url, *_ = taken
    assert known_words(url) == []
    learn(url)
    assert known_words(url) == []


def test_it_shows_what_it_replaces(taken):
    _, variant, _, said = taken
    wanted = [
        "policy Users can delete own models",
        "policy Users can upload own model files",
        "grant authenticated",
        "view user_model_stats",
    ]
    wanted += ["trigger update_trained_models_updated_at"]
    wanted += ["ON DELETE CASCADE", "UNIQUE (user_id, model_name)", "CHECK"] if variant.strict else []
    assert [text for text in wanted if text not in said] == []
    assert "Faces" not in said
    assert said.index("Users can delete") < said.index("Applied:")


def test_twice_is_as_once(taken):
    url, _, before, _ = taken
    numbers = look(url, "select id, version, space_id, state, search from public.trained_models order by id")
    for words in (["--adopt", "--yes"], ["--again"], ["--adopt", "--again", "--yes"]):
        assert init(url, *words).returncode == 0
    assert earlier.values(url) == before
    assert look(url, "select id, version, space_id, state, search from public.trained_models order by id") == numbers
    assert "as it was left" in init(url, "--check").stdout


def test_versions_follow_the_time_they_were_made(taken):
    url, *_ = taken
    wrong = (
        "select id from (select *, row_number() over (partition by user_id, name_key order by created_at, id) as nth"
        " from public.trained_models where user_id is not null) t"
        " where version <> nth or space_id <> user_id or origin <> 'legacy' or save_id is not null or version is null"
    )
    assert look(url, wrong) == []
    behind = (
        "select name_key from public.trained_models t left join modelstore_private.names n using (space_id, name_key)"
        " where space_id is not null group by 1, space_id, n.next_version"
        " having n.next_version is distinct from max(version) + 1"
    )
    assert look(url, behind) == []
    assert look(url, "select count(*) from public.trained_models where user_id is null and version is null")[0][0] == sum(
        row[1] is None for row in earlier.values(url).values()
    )


def test_everybody_finds_all_of_their_own(taken):
    url, _, before, _ = taken
    for who in {row[1] for row in before.values()} - {None}:
        own = {id_ for id_, row in before.items() if row[1] == who}
        found = ask(url, who, "modelstore_list", {"all_versions": True, "limit": 1000})
        gone = {row["id"] for row in found["records"]} ^ own
        assert {before[id_][15] for id_ in gone} <= {"purged"}, "a word of ours in the status"
        for row in found["records"]:
            record = ModelRecord.from_json(row)
            assert (record.origin, record.sha256, record.save_id) == ("legacy", None, None)
        assert ask(url, who, "modelstore_stats", {})["storage_bytes"] >= 0
        assert set(ask(url, who, "modelstore_facets", {})) == {"tags", "algorithms", "model_types"}


def test_rules_of_other_buckets_stay(taken):
    url, *_ = taken
    policies = "select policyname from pg_policies where tablename = 'objects' and policyname not like 'modelstore%' order by 1"
    assert [name for (name,) in look(url, policies)] == ["Both", "Faces are everybody's"]


def test_the_view_keeps_its_columns_and_answers_its_reader(taken):
    url, _, before, _ = taken
    with psycopg.connect(url) as db:
        claims(db, PEOPLE[0])
        cursor = db.execute("select * from public.user_model_stats")
        rows = cursor.fetchall()
    assert [column.name for column in cursor.description] == [
        "user_id", "total_models", "ready_models", "total_storage_bytes", "avg_training_time", "last_model_created",
    ]  # fmt: skip
    own = [row for row in before.values() if row[1] == PEOPLE[0] and row[15] != "purged"]
    assert [(str(row[0]), row[1]) for row in rows] == [(PEOPLE[0], len(own))]


def test_a_user_who_is_deleted_leaves_the_rows(taken, stack):
    url, _, before, _ = taken
    who = PEOPLE[19]
    own = "select count(*) from public.trained_models where user_id = %s"
    kept = look(url, own, who)
    with psycopg.connect(stack.local.admin_url(url), autocommit=True) as admin:
        admin.execute("delete from auth.users where id = %s", [who])
    assert (look(url, own, who), kept[0][0] > 40) == (kept, True)
    assert earlier.values(url) == before


def claims(db, who):
    db.execute("select set_config('request.jwt.claims', %s, true)", [json.dumps({"sub": who, "role": "authenticated"})])
    db.execute("set local role authenticated")


def ask(url, who, function, question):
    with psycopg.connect(url) as db:
        claims(db, who)
        return db.execute(f"select public.{function}(%s)", [json.dumps(question)]).fetchone()[0]


# ---- its client, before and after, over the API --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def project():
    """A project of its own, with the table of the earlier application in it, not yet taken over."""
    from supabase_fixtures import OUTSIDE, Project

    if OUTSIDE["URL"]:
        pytest.skip("only the stack on this machine may be made over")
    local = Stack(f"adopt-{os.getpid()}")
    local.up(old_grants=True, keeper=os.getpid())
    try:
        told = local.env()
        earlier.make(told["DATABASE_URL"], told["ADMIN_DATABASE_URL"], Variant(strict=True, time="timestamptz"), PEOPLE)
        yield Project(
            told["SUPABASE_URL"], told["SUPABASE_KEY"], told["SERVICE_KEY"], told["DATABASE_URL"], told["JWT_SECRET"], local
        )
    finally:
        local.leave(os.getpid())


def sign_up(project):
    body = {"email": f"{uuid.uuid4().hex}@example.org", "password": uuid.uuid4().hex}
    answer = httpx.post(f"{project.url}/auth/v1/signup", json=body, headers={"apikey": project.key}, timeout=30)
    return answer.raise_for_status().json()


class Users:
    """Clients of the earlier application, closed at the end."""

    def __init__(self, project):
        self.project, self.opened = project, []

    def client(self, session=None):
        """Return the client of somebody who signs up, or has done so."""
        import supabase

        session = session or sign_up(self.project)
        http = httpx.Client(timeout=60)
        self.opened.append(http)
        headers = {"Authorization": f"Bearer {session['access_token']}"}
        options = supabase.ClientOptions(httpx_client=http, headers=headers, auto_refresh_token=False, persist_session=False)
        return earlier.Client(supabase.create_client(self.project.url, self.project.key, options), session["user"]["id"])

    def close(self):
        for http in self.opened:
            http.close()


class Writer(threading.Thread):
    """The earlier application's client at work: saves, lists, describes, downloads, deletes, until it is told to stop."""

    def __init__(self, client, stop):
        super().__init__()
        self.client, self.stop = client, stop
        self.kept, self.errors, self.calls = {}, [], 0

    def run(self):
        turn = 0
        while not self.stop.is_set():
            turn += 1
            try:
                row = self.client.save(f"model {turn}", b"%d" % turn, description=f"number {turn}")
                self.kept[row["id"]] = row["model_name"]
                assert row["id"] in {listed["id"] for listed in self.client.list()}
                self.client.update(row, description="described", tags=["a"])
                assert httpx.get(self.client.link(row)).content == b"%d" % turn
                if turn % 5 == 0:
                    self.client.delete(row)
                    del self.kept[row["id"]]
                assert len(self.client.stats()) <= 30
                self.calls += 6
            except Exception as error:  # noqa: BLE001 (whatever a user would see)
                self.errors.append(repr(error))


@pytest.fixture(scope="module")
def users(project):
    users = Users(project)
    yield users
    users.close()


@pytest.fixture(scope="module")
def adopted(project, users):
    """The project, taken over while four people worked: Ada, who kept three models before, and the four."""
    ada = users.client()
    before = {name: ada.save(name, name.encode()) for name in ("churn", "sales", "gone")}
    everything = earlier.values(project.database_url)
    stop = threading.Event()
    writers = [Writer(users.client(), stop) for _ in range(4)]
    for writer in writers:
        writer.start()
    go_on(writers)
    at_work = sum(writer.calls for writer in writers)
    done = init(project.database_url, "--adopt", "--yes")
    at_end = sum(writer.calls for writer in writers)
    go_on(writers)
    stop.set()
    for writer in writers:
        writer.join()
    assert done.returncode == 0, done.stderr
    return {"ada": ada, "before": before, "everything": everything, "writers": writers, "calls": (at_work, at_end)}


def go_on(writers):
    """Wait until each has come round once more, or has failed."""
    before = [(writer.calls, len(writer.errors)) for writer in writers]
    deadline = time.monotonic() + 120
    while any((writer.calls, len(writer.errors)) == was for writer, was in zip(writers, before, strict=True)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def refused(call):
    """Return the code of a refusal; an answer is None."""
    from postgrest.exceptions import APIError
    from storage3.exceptions import StorageApiError

    try:
        call()
    except APIError as error:
        return error.code
    except StorageApiError as error:
        return str(error.status)
    return None


class TestItsClient:
    """Each line of the table in docs/database.md."""

    def test_four_writers_saw_no_error_and_lost_nothing(self, adopted, project):
        writers, (at_work, at_end) = adopted["writers"], adopted["calls"]
        assert [error for writer in writers for error in writer.errors] == []
        assert at_work > 0
        assert sum(writer.calls for writer in writers) > at_end
        kept = "select id::text, model_name from public.trained_models where user_id = %s and status <> 'purged'"
        for writer in writers:
            assert dict(look(project.database_url, kept, writer.client.user_id)) == writer.kept
        after = earlier.values(project.database_url)
        assert {id_: after[id_] for id_ in adopted["everything"]} == adopted["everything"]

    def test_it_lists(self, adopted):
        rows = adopted["ada"].list()
        assert {row["model_name"] for row in rows} >= {"churn", "sales"}
        old = adopted["before"]["churn"]
        now = next(row for row in rows if row["model_name"] == "churn")
        assert {name: now[name] for name in COLUMNS if name not in {"last_downloaded_at", "description", "tags"}} == {
            name: old[name] for name in COLUMNS if name not in {"last_downloaded_at", "description", "tags"}
        } | {"updated_at": now["updated_at"]}

    def test_it_inserts_and_the_row_gets_its_version(self, adopted):
        row = adopted["ada"].save("inserted", b"12345", model_file_size=-7)
        assert (row["version"], row["origin"], row["model_file_size"], row["save_id"]) == (1, "legacy", 5, None)
        again = {"user_id": row["user_id"], "model_name": "INSERTED", "model_type": "other", "status": "ready"}
        second = adopted["ada"].supabase.table("trained_models").insert(again).execute().data[0]
        assert (second["version"], second["model_name"]) == (2, "INSERTED")

    def test_it_downloads(self, adopted):
        row = adopted["before"]["sales"]
        assert httpx.get(adopted["ada"].link(row)).content == b"sales"
        listed = next(listed for listed in adopted["ada"].list() if listed["id"] == row["id"])
        assert listed["last_downloaded_at"].startswith("2026-01-01")

    def test_it_describes(self, adopted):
        row = adopted["before"]["sales"]
        (now,) = adopted["ada"].update(row, description="by hand", tags=["x"])
        assert (now["description"], now["tags"], now["metrics"]) == ("by hand", ["x"], row["metrics"])

    def test_it_deletes_the_row_and_the_file_stays_until_it_is_removed(self, adopted, project):
        ada, row = adopted["ada"], adopted["before"]["gone"]
        assert [gone["id"] for gone in ada.delete(row)] == [row["id"]]
        assert row["id"] not in {listed["id"] for listed in ada.list()}
        path = row["model_file_path"]
        there = "select count(*) from storage.objects where name = %s"
        assert look(project.database_url, there, path) == [(1,)]
        left = ada.supabase.rpc("modelstore_purged", {"q": {}}).execute().data["left"]
        assert {"path": path, "bytes": 4} in left
        assert [gone["name"] for gone in ada.remove_file(path)] == [path]
        assert look(project.database_url, there, path) == [(0,)]
        tomb = "select status, version from public.trained_models where id = %s"
        assert look(project.database_url, tomb, row["id"]) == [("purged", 1)]

    def test_it_sees_statistics_of_its_user_and_no_others(self, adopted, users):
        (own,) = adopted["ada"].stats()
        assert own["user_id"] == adopted["ada"].user_id
        assert own["total_models"] == len(adopted["ada"].list())
        assert users.client().stats() == []

    def test_it_no_longer_overwrites(self, adopted):
        row = adopted["before"]["churn"]
        assert refused(lambda: adopted["ada"].overwrite(row, b"other")) in {"400", "403", "409"}
        assert httpx.get(adopted["ada"].link(row)).content == b"churn"

    def test_it_no_longer_removes_a_file_that_a_row_names(self, adopted):
        assert adopted["ada"].remove_file(adopted["before"]["churn"]["model_file_path"]) == []

    @pytest.mark.parametrize(
        "columns",
        [
            {"status": "failed"},
            {"metrics": {"R2": 1}},
            {"model_name": "x"},
            {"model_file_path": "x"},
            {"updated_at": "2020-01-01"},
        ],
    )
    def test_it_no_longer_changes(self, adopted, columns):
        row = adopted["before"]["churn"]
        assert refused(lambda: adopted["ada"].update(row, **columns)) == "42501"

    def test_it_no_longer_upserts_by_name(self, adopted):
        assert refused(lambda: adopted["ada"].upsert(model_name="churn", model_type="other")) == "42P10"

    def test_others_see_and_change_nothing(self, adopted, users):
        ben, row = users.client(), adopted["before"]["churn"]
        assert ben.supabase.table("trained_models").select("*").execute().data == []
        assert ben.update(row, description="mine") == []
        assert ben.supabase.table("trained_models").delete().eq("id", row["id"]).execute().data == []
        assert ben.remove_file(row["model_file_path"]) == []
        assert refused(lambda: ben.save("x", b"x", user_id=row["user_id"])) == "42501"
        assert refused(lambda: ben.save("y", b"y", model_file_path=row["model_file_path"])) == "42501"
        assert refused(lambda: ben.supabase.storage.from_("model-files").download(row["model_file_path"])) in {"400", "404"}

    def test_the_new_functions_know_the_old_rows(self, adopted):
        def call(function, **q):
            return adopted["ada"].supabase.rpc(f"modelstore_{function}", {"q": q}).execute().data

        record = call("find", name="churn")
        assert (record["id"], record["version"], record["origin"]) == (adopted["before"]["churn"]["id"], 1, "legacy")
        assert call("set_alias", id=record["id"], alias="champion")["aliases"] == ["champion"]
        assert refused(lambda: call("share", id=record["id"], who=str(uuid.uuid4()))) == "PT409"
        assert call("remove_alias", name="churn", alias="champion")["version"] is None
        assert call("delete", ids=[record["id"]])["records"][0]["deleted_at"]
        assert call("find", name="churn") is None
        assert call("restore", ids=[record["id"]])[0]["deleted_at"] is None


# ---- a table that has more than the application's -------------------------------------------------------------------

ADDED = """
alter table public.trained_models add column number bigint generated always as identity,
  add column samples bigint generated always as (training_samples::bigint + test_samples) stored,
  add column "a""b'; --" text not null default 'given';
create rule elsewhere as on insert to public.trained_models where new.status = 'ready' do instead nothing;
create view public.overview as select * from public.trained_models;
create view public."over ""it" as select model_name from public.overview;
create materialized view public.kept as select * from public.trained_models;
grant select on public.overview, public."over ""it", public.kept to anon, authenticated;
"""


@pytest.fixture
def added(stack, new_database):
    """A database whose table had columns, a rule and views of somebody's own; taken over."""
    url = new_database()
    earlier.make(url, stack.local.admin_url(url), Variant(strict=False, time="timestamptz"), PEOPLE)
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(ADDED)
    done = init(url, "--adopt", "--yes")
    assert done.returncode == 0, done.stderr
    assert [word for word in ("rule elsewhere", "view overview", "view kept") if word not in done.stdout] == []
    return url


def test_other_columns_and_rules_do_not_stop_a_save(stack, added):
    session = Session(stack.local.admin_url(added))
    try:
        session.save(PEOPLE[0], "new")
    finally:
        session.close()
    question = """select number is not null, "a""b'; --" from public.trained_models where model_name = 'new'"""
    assert look(added, question) == [(True, "given")]


def test_other_views_ask_as_their_reader(stack, added):
    own = len(
        look(added, "select 1 from public.trained_models where user_id = %s and status is distinct from 'purged'", PEOPLE[0])
    )
    assert own
    with psycopg.connect(stack.local.admin_url(added), autocommit=True) as db:
        for view in ("public.overview", 'public."over ""it"'):
            with acting.as_rest(db, {"sub": PEOPLE[0], "role": "authenticated"}):
                assert db.execute(f"select count(*) from {view}").fetchone() == (own,)
        for view, role in [("public.overview", "anon"), ("public.kept", "anon"), ("public.kept", "authenticated")]:
            with (
                pytest.raises(psycopg.errors.InsufficientPrivilege),
                acting.as_rest(db, {"sub": PEOPLE[0], "role": role}),
            ):
                db.execute(f"select count(*) from {view}")
    assert init(added, "--check").returncode == 0
