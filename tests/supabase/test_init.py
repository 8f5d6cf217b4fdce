"""``jupyter modelstore init`` on fresh databases: installs, finds what was changed, puts it back, and never half of it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time

import psycopg
import pytest
from init_command import init

from jupyter_modelstore._sizes import size
from jupyter_modelstore.sql import Database, migrations

pytest_plugins = ("supabase_fixtures",)
pytestmark = pytest.mark.supabase

UP_TO_DATE = "up to date, and as it was left"
DRIFT = {
    "a policy dropped": "drop policy modelstore_select on public.trained_models",
    "a policy of storage dropped": "drop policy modelstore_send_only on storage.objects",
    "a policy widened": "alter policy modelstore_select on public.trained_models using (true)",
    "a policy added": "create policy mine on public.trained_models to authenticated using (true)",
    "row security off": "alter table public.modelstore_shares disable row level security",
    "a grant added": "grant select on public.modelstore_shares to authenticated",
    "a grant to anon": "grant insert on public.trained_models to anon",
    "a column granted": "grant update (status) on public.trained_models to authenticated",
    "a column of members granted": "grant update (role) on public.modelstore_members to authenticated",
    "a function granted": "grant execute on function public.modelstore_list(jsonb) to anon",
    "the private schema opened": "grant usage on schema modelstore_private to authenticated",
    "a function edited": (
        "create or replace function modelstore_private.groups() returns text[] language sql stable as 'select array[''all'']'"
    ),
    "a trigger disabled": "alter table public.trained_models disable trigger modelstore_take_in",
    "a trigger of storage dropped": "drop trigger modelstore_once on storage.objects",
    "a check dropped": "alter table public.trained_models drop constraint modelstore_saved_row",
    "an index dropped": "drop index public.modelstore_version",
    "the view asks as its owner": "alter view public.user_model_stats set (security_invoker = false)",
    "the bucket made public": "update storage.buckets set public = true where id = 'model-files'",
}
WHAT = {
    "a policy dropped": "policy modelstore_select on public.trained_models (removed)",
    "a policy of storage dropped": "policy modelstore_send_only on storage.objects (removed)",
    "a policy widened": "policy modelstore_select on public.trained_models (changed)",
    "a policy added": "policy mine on public.trained_models (added)",
    "row security off": "table public.modelstore_shares (changed)",
    "a grant added": "table public.modelstore_shares (changed)",
    "a grant to anon": "table public.trained_models (changed)",
    "a column granted": "column status of public.trained_models (changed)",
    "a column of members granted": "column role of public.modelstore_members (added)",
    "a function granted": "function public.modelstore_list(jsonb) (changed)",
    "the private schema opened": "schema modelstore_private (changed)",
    "a function edited": "function modelstore_private.groups() (changed)",
    "a trigger disabled": "trigger modelstore_take_in on public.trained_models (changed)",
    "a trigger of storage dropped": "trigger modelstore_once on storage.objects (removed)",
    "a check dropped": "constraint modelstore_saved_row (removed)",
    "an index dropped": "index modelstore_version (removed)",
    "the view asks as its owner": "view public.user_model_stats (changed)",
    "the bucket made public": "bucket model-files (changed)",
}
"""What the check says of each."""
UNMENDED = {"a policy added": "drop policy mine on public.trained_models"}
"""What somebody added is theirs to take away."""


def run_with(code, url, *words):
    """Run the command in a process of its own, which is prepared by this code."""
    command = [sys.executable, "-c", code, "init", *words]
    told = {**os.environ, **({"DATABASE_URL": url} if url else {})}
    return subprocess.run(command, env=told, capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL)


@pytest.fixture
def url(new_database):
    return new_database()


@pytest.fixture(scope="module")
def installed(stack):
    """A database with the schema, for what is undone at the end of a test."""
    if stack.local is None:
        pytest.skip("only the stack on this machine makes databases")
    url = stack.local.new_database()
    Database(url).apply()
    yield url
    stack.local.drop_database(url)


def run_sql(url, *statements):
    with psycopg.connect(url, autocommit=True) as db:
        for statement in statements:
            answer = db.execute(statement)
        return answer.fetchall() if answer.description else []


def catalog(url):
    """Return what there is, without our own reading of it: tables, columns, functions, policies, triggers."""
    return run_sql(
        url,
        "select md5(string_agg(line, ' ' order by line)) from ("
        " select format('%s %s %s', c.oid::regclass, c.relacl, c.reloptions) as line from pg_class c"
        " where relnamespace in (select oid from pg_namespace where nspname in ('public', 'modelstore_private', 'storage'))"
        " union all select format('%s %s %s %s', attrelid::regclass, attname, atttypid::regtype, attacl) from pg_attribute"
        " join pg_class c on c.oid = attrelid join pg_namespace n on n.oid = relnamespace"
        " where nspname in ('public', 'modelstore_private') and not attisdropped"
        " union all select pg_get_functiondef(p.oid) || coalesce(proacl::text, '') from pg_proc p"
        " join pg_namespace n on n.oid = pronamespace where nspname in ('public', 'modelstore_private')"
        " union all select pg_policies::text from pg_policies"
        " union all select pg_get_triggerdef(oid) || tgenabled::text from pg_trigger where not tgisinternal) found",
    )


def outcome(done):
    return done.returncode, done.stdout.strip(), done.stderr.strip()


def told(done):
    return done.stdout + done.stderr


# ---- what it does --------------------------------------------------------------------------------------------------------

BACK_DOORS = {
    "view public.overview": "create view public.overview as select model_name from public.trained_models;"
    " grant select on public.overview to authenticated",
    "view public.two": "create view public.one with (security_invoker = true) as select * from public.trained_models;"
    " create view public.two as select id from public.one; grant select (id) on public.two to anon",
    "view public.kept": "create materialized view public.kept as select * from public.modelstore_shares;"
    " grant select on public.kept to anon",
    "function public.everything()": "create function public.everything() returns bigint language sql security definer as"
    " 'select count(*) from public.trained_models'; grant execute on function public.everything() to anon",
}  # fmt: skip


@pytest.mark.parametrize("door", BACK_DOORS)
def test_check_tells_who_else_shows_rows(url, door):
    Database(url).apply()
    assert "as it was left" in init(url, "--check").stdout
    run_sql(url, BACK_DOORS[door])
    done = init(url, "--check")
    assert done.returncode == 1
    assert f"the {door} can show everybody's models" in done.stdout
    assert "public.one" not in done.stdout


def test_without_a_database_it_prints():
    done = init("")
    assert done.returncode == 0
    assert done.stdout.count("\nbegin;\n") == len(migrations()) + 1
    assert "DATABASE_URL" in done.stdout.splitlines()[1]
    assert done.stderr.startswith("Nothing was installed")
    printed = init("postgresql://nobody@127.0.0.1:1/none", "--print")
    assert (printed.stdout, printed.stderr) == (done.stdout, "")
    for words in (["--check"], ["--dry-run"]):
        assert (init("", *words).returncode, "Set DATABASE_URL" in init("", *words).stderr) == (2, True)


@pytest.mark.parametrize("old_grants", [False, True])
def test_it_applies_and_again_without_harm(new_database, old_grants):
    url = new_database(old_grants=old_grants)
    assert init(url, "--check").returncode == 1
    first = init(url)
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.split()[-2 * len(migrations()) :: 2] == [f"{one.number:03}" for one in migrations()]
    before = catalog(url)
    assert outcome(init(url)) == (0, "Nothing to do: the schema is up to date.", "")
    assert init(url, "--again").returncode == 0
    assert catalog(url) == before
    assert UP_TO_DATE in init(url, "--check").stdout


def test_the_printed_script_leaves_the_same(new_database, tmp_path):
    by_hand, by_tool = new_database(), new_database()
    (tmp_path / "script.sql").write_text(init("").stdout)
    for _ in range(2):
        command = ["psql", by_hand, "--no-psqlrc", "--quiet", "-v", "ON_ERROR_STOP=1", "-f", "script.sql"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    init(by_tool)
    recorded = "select number, name, sha256 from modelstore_private.migrations order by 1"
    assert run_sql(by_hand, recorded) == run_sql(by_tool, recorded)
    assert catalog(by_hand) == catalog(by_tool)
    assert UP_TO_DATE in init(by_hand, "--check").stdout


def test_a_dry_run_changes_nothing(url):
    before = catalog(url)
    done = init(url, "--dry-run")
    assert (done.returncode, "008 policies_of_storage" in done.stdout) == (0, True)
    assert catalog(url) == before
    init(url)
    assert "Nothing to do" in init(url, "--dry-run").stdout


def test_other_buckets_keep_their_rules(url):
    run_sql(
        url,
        "insert into storage.buckets (id, name, public) values ('avatars', 'avatars', true)",
        "create policy faces on storage.objects for all to authenticated using (bucket_id = 'avatars')",
        "create policy anything on storage.objects for select to anon using (true)",
    )
    seen = "select * from pg_policies where tablename = 'objects' and policyname in ('faces', 'anything') order by policyname"
    before = run_sql(url, seen)
    init(url)
    assert (len(before), run_sql(url, seen)) == (2, before)
    assert run_sql(url, "select public from storage.buckets where id = 'avatars'") == [(True,)]
    own, name = "6a2f41a3-c54c-4b01-9b1c-9cf2b4d9d7a0", "ada.png"
    with psycopg.connect(url) as db:
        db.execute("select set_config('request.jwt.claims', %s, true)", [f'{{"sub": "{own}", "role": "authenticated"}}'])
        db.execute("set local role authenticated")
        db.execute("insert into storage.objects (bucket_id, name) values ('avatars', %s)", [name])
        db.execute("update storage.objects set name = 'new' where name = %s", [name])
        assert db.execute("select name from storage.objects").fetchall() == [("new",)]
        db.execute("set local role anon")
        assert db.execute("select name from storage.objects").fetchall() == [("new",)]
        db.rollback()


# ---- what was changed by hand --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("drift", DRIFT)
def test_a_check_finds_what_was_changed_and_again_puts_it_back(installed, drift):
    database, before = Database(installed), catalog(installed)
    assert database.state().by_hand == ()
    run_sql(installed, DRIFT[drift])
    assert database.state().by_hand == (WHAT[drift],)
    if drift in UNMENDED:
        run_sql(installed, UNMENDED[drift])
    else:
        database.apply(again=True)
    state = database.state()
    assert (state.by_hand, state.pending, state.changed) == ((), [], [])
    assert catalog(installed) == before


def test_the_check_says_so_and_exits_with_1(url):
    init(url)
    run_sql(url, DRIFT["a policy dropped"])
    done = init(url, "--check")
    assert done.returncode == 1
    assert (
        "by hand: policy modelstore_select on public.trained_models (removed): jupyter modelstore init --again" in done.stdout
    )
    assert init(url, "--again").returncode == 0
    assert init(url, "--check").returncode == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("delete from modelstore_private.migrations where number = 3", "not applied: 003"),
        ("update modelstore_private.migrations set sha256 = repeat('0', 64) where number = 4", "another wording: 004"),
    ],
)
def test_a_missing_or_changed_migration_is_told_and_applied(installed, change, said):
    run_sql(installed, change)
    done = init(installed, "--check")
    assert (done.returncode, said in done.stdout) == (1, True)
    assert init(installed).returncode == 0
    assert UP_TO_DATE in init(installed, "--check").stdout


def test_the_database_writes_sizes_as_the_client_does(installed):
    counts = [0, 999, 1000, 1234, 9_949, 9_960, 67_000_000, 999_499, 999_600, 5 * 10**9, 123 * 10**12, 4 * 10**15]
    told = run_sql(installed, f"select modelstore_private.size_text(n) from unnest(array{counts}::numeric[]) n")
    assert [text for (text,) in told] == [size(count) for count in counts]


# ---- what it refuses -----------------------------------------------------------------------------------------------------


def test_a_newer_database_is_left_alone(url):
    init(url)
    run_sql(url, "insert into modelstore_private.migrations values (99, 'later', 'x')", DRIFT["a policy dropped"])
    before = catalog(url)
    for words in ([], ["--again"], ["--check"], ["--adopt", "--yes"]):
        done = init(url, *words)
        assert (done.returncode, "099" in done.stdout, "update this package" in done.stdout) == (1, True, True)
    assert catalog(url) == before


def test_a_superuser_and_a_role_that_policies_stop_are_refused(stack, url):
    role, password = f"clerk_{os.getpid()}", "k1tchen-sink"
    admin = stack.local.admin_url(url)
    clerk = url.replace(url.partition("://")[2].partition("@")[0], f"{role}:{password}")
    run_sql(admin, f"create role {role} login createdb password '{password}'", "create table public.trained_models (id uuid)")
    try:
        run_sql(admin, f"grant all on database {url.rpartition('/')[2]} to {role}", f"grant usage on schema public to {role}")
        before = catalog(admin)
        for who in (admin, clerk):
            for words in (["--yes"], ["--adopt", "--yes"]):
                done = init(who, *words)
                assert done.returncode == 1, told(done)
                if "--adopt" in words:
                    assert "BYPASSRLS" in done.stderr
        assert catalog(admin) == before
    finally:
        run_sql(admin, f"drop owned by {role}", f"drop role {role}")


def test_a_table_of_another_role_is_refused_by_name(stack, url):
    admin = stack.local.admin_url(url)
    run_sql(admin, "create table public.trained_models (id uuid primary key)", "create policy p on public.trained_models")
    before = catalog(admin)
    done = init(url, "--adopt", "--yes")
    assert (done.returncode, "belongs to the role supabase_admin" in done.stderr) == (1, True)
    assert catalog(admin) == before


def test_an_earlier_table_is_shown_and_left_alone(url):
    run_sql(url, "create table public.trained_models (id uuid primary key, user_id uuid)")
    before = catalog(url)
    done = init(url)
    assert (done.returncode, "init --adopt" in done.stdout) == (1, True)
    assert "Add --yes" in init(url, "--adopt").stderr
    assert init(url, "--adopt", "--dry-run").returncode == 0
    assert catalog(url) == before


@pytest.mark.parametrize(
    ("address", "secret"),
    [
        ("postgresql://postgres:se-cret@127.0.0.1:1/postgres", "se-cret"),
        ("postgresql://postgres:half/se-cret@127.0.0.1:1/postgres", "se-cret"),
        ("postgresql://postgres:half@se-cret@127.0.0.1:1/postgres", "se-cret"),
        ("postgresql://postgres:half:se-cret@127.0.0.1:1/postgres", "se-cret"),
        ("postgresql://postgres:half#se-cret@127.0.0.1:1/postgres", "se-cret"),
        ("postgresql://postgres:half?se-cret@127.0.0.1:1/postgres", "se-cret"),
        ("postgresql://postgres:50%se-cret@127.0.0.1:1/postgres", "se-cret"),
        ("postgresql://postgres:[se-cret]@127.0.0.1:1/postgres", "se-cret"),
        ("postgresql://postgres:se-cret@127.0.0.1:port/postgres", "se-cret"),
        ("postgresql://postgres:se-cret@no-such-host.invalid/postgres", "se-cret"),
        ("host=127.0.0.1 port=1 user=postgres password='half se-cret' dbname=postgres", "se-cret"),
        ("host=127.0.0.1 port=1 user=postgres password=half se-cret dbname=postgres", "se-cret"),
        ("postgres:se-cret", "se-cret"),
    ],
)
def test_a_wrong_address_fails_without_showing_it(address, secret):
    done = init(address, "--check")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "DATABASE_URL" in done.stderr
    assert secret not in told(done)


def test_a_wrong_password_is_not_shown(url):
    right = url.partition("://")[2].partition("@")[0].partition(":")[2]
    done = init(url.replace(right, "wr0ng-one"), "--check")
    assert (done.returncode, "password authentication failed" in done.stderr) == (1, True)
    assert "wr0ng-one" not in told(done)
    assert done.stderr.startswith("The database refused: ")  # and not that it did not answer
    assert '". Check DATABASE_URL: signs like @' in done.stderr


@pytest.mark.parametrize(
    ("address", "said", "hint"),
    [
        ("postgresql://postgres:x@127.0.0.1:1/postgres", "did not answer: .*Connection refused", "session pooler"),
        ("postgresql://postgres:x@no-such-host.invalid/postgres", "was not found: failed to resolve host", "signs like @"),
        ("postgresql://postgres:x@127.0.0.1:99999/postgres", "was not found: .*invalid port", "signs like @"),
        ("postgresql://postgres:x@127.0.0.1:port/postgres", "was not found: .*port", "signs like @"),
        ("postgres:x", "'s address cannot be read", "signs like @"),
    ],
)
def test_a_database_that_is_not_reached_says_why_and_what_fits(address, said, hint):
    told_there = init(address, "--check").stderr
    assert re.match(rf"The database ?{said}", told_there)
    assert hint in told_there
    assert re.search(r"\. Check (DATABASE_URL|host and port)", told_there)


def test_a_server_that_says_nothing_in_time_is_somewhere_else(monkeypatch):
    monkeypatch.setattr("jupyter_modelstore.sql._install._SECONDS", 2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        done = init(f"postgresql://postgres:x@127.0.0.1:{server.getsockname()[1]}/postgres", "--check")
    assert "The database did not answer: connection timeout expired. Check host and port" in done.stderr


def test_a_database_that_is_not_there_is_told_as_refused(url):
    done = init(url.rpartition("/")[0] + "/no_such_database", "--check")
    assert done.stderr.startswith("The database refused: ")
    assert "names the project's database" in done.stderr


def test_an_address_that_cannot_be_asked_for_is_an_error():
    assert "Set DATABASE_URL" in init("", "--ask").stderr


def test_without_psycopg_it_prints_and_says_what_to_install(url):
    hidden = "import sys; sys.modules['psycopg'] = None; from jupyter_modelstore.cli import main; sys.exit(main())"
    done = run_with(hidden, url, "--check")
    assert (done.returncode, "jupyter-modelstore[admin]" in done.stderr, "Traceback" in done.stderr) == (1, True, False)
    assert "create table" in run_with(hidden, "").stdout


# ---- what happens meanwhile ----------------------------------------------------------------------------------------------


def start(url, *words):
    command = [sys.executable, "-m", "jupyter_modelstore.cli", "init", *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "stdin": subprocess.DEVNULL}
    return subprocess.Popen(command, env={**os.environ, "DATABASE_URL": url}, **pipes)


@contextlib.contextmanager
def held(url, table):
    """Let a session hold a table, as a long transaction does."""
    with psycopg.connect(url) as db:
        db.execute(f"lock table {table} in share row exclusive mode")
        yield


def wait_until_it_waits(url):
    deadline = time.monotonic() + 30
    asked = "select from pg_stat_activity where application_name = 'modelstore init' and wait_event_type = 'Lock'"
    with psycopg.connect(url, autocommit=True) as db:
        while not db.execute(f"{asked} and datname = current_database()").fetchall():
            assert time.monotonic() < deadline, "init does not wait"
            time.sleep(0.01)


def test_two_at_once_are_as_one(url):
    both = [start(url), start(url)]
    done = [process.communicate(timeout=120) for process in both]
    assert [(process.returncode, err) for process, (_, err) in zip(both, done, strict=True)] == [(0, ""), (0, "")]
    state = Database(url).state()
    assert (state.by_hand, state.pending) == ((), [])


@pytest.mark.parametrize(("table", "undone"), [("storage.buckets", [6, 7, 8]), ("storage.objects", [8])])
def test_a_kill_leaves_a_migration_undone_and_the_next_run_finishes(url, new_database, table, undone):
    with held(url, table):
        process = start(url)
        wait_until_it_waits(url)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    state = Database(url).state()
    assert ([one.number for one in state.pending], state.by_hand) == (undone, ())
    assert init(url).returncode == 0
    other = new_database()
    init(other)
    assert catalog(url) == catalog(other)
    assert UP_TO_DATE in init(url, "--check").stdout


def test_a_table_that_somebody_holds_is_told_and_waited_for_5_seconds(url):
    with held(url, "storage.objects"):
        begun = time.monotonic()
        done = init(url)
        assert 5 < time.monotonic() - begun < 60
    assert done.returncode == 1
    assert "008 policies_of_storage was not applied: for 5 seconds another session held a table" in done.stderr
    assert init(url).stdout.split() == ["Applied:", "008", "policies_of_storage"]
