"""A project's files and lists beside the same requests made bare: what our client adds. On a stack of its own."""

from __future__ import annotations

import argparse
import base64
import os
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import httpx
import psycopg
from _turns import TIMES, Candidate, Row, Turns
from run import table
from save import _peak, _reset_peak
from stack import Stack

from jupyter_modelstore.backends.supabase import Objects
from jupyter_modelstore.identity import EmailSession, signed_client
from jupyter_modelstore.record import Query
from jupyter_modelstore.registry import Registry
from jupyter_modelstore.sql import Database

PIECE = 6 * 1024 * 1024
MODELS = 10_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", type=int, default=1000, help="megabytes for the measurement of memory; 0: none")
    options = parser.parse_args()
    stack = Stack(f"bench-{uuid.uuid4().hex[:8]}")
    stack.up(keeper=os.getpid())
    try:
        told = stack.env()
        Database(told["DATABASE_URL"]).apply()
        os.environ["SUPABASE_KEY"] = told["SUPABASE_KEY"]
        with tempfile.TemporaryDirectory(dir=Path(__file__).parent.parent / ".cache") as work:
            rows = [*files(told, Path(work), options), *lists(told, Path(work))]
        print(table(rows))
    finally:
        stack.leave(os.getpid())


def sign_up(told: dict[str, str], home: Path) -> EmailSession:
    session = EmailSession(home, told["SUPABASE_URL"], told["SUPABASE_KEY"])
    session.sign_up(f"{uuid.uuid4().hex}@example.org", uuid.uuid4().hex)
    return session


# ---- files ---------------------------------------------------------------------------------------------------------------


def files(told: dict[str, str], work: Path, options: argparse.Namespace) -> list[Row]:
    session = sign_up(told, work / "home")
    data = work / "data"
    size = options.megabytes * 1_000_000
    with data.open("wb") as file:
        for _ in range(options.megabytes):
            file.write(os.urandom(1_000_000))
    user, url = session.token().user_id, told["SUPABASE_URL"]
    headers = {"apikey": told["SUPABASE_KEY"], "authorization": f"Bearer {session.token().value}"}
    with httpx.Client(headers=headers, timeout=60) as bare, signed_client(session, url, told["SUPABASE_KEY"]) as http:
        objects = Objects(http, url)

        def key() -> str:
            return f"{user}/{uuid.uuid4()}.pkl"

        def ours() -> str:
            with data.open("rb") as file:
                objects.send(path := key(), file, size)
            return path

        sends = [
            Candidate("here", ours, lambda path: objects.remove([path])),
            Candidate("bare httpx", lambda: bare_send(bare, url, key(), data, size), lambda path: objects.remove([path])),
        ]
        up = Turns.take(sends, options.rounds)
        there, part = ours(), work / "part"
        fetches = [
            Candidate("here", lambda: objects.fetch(there, part, size), lambda _: part.unlink()),
            Candidate("bare httpx", lambda: bare_fetch(bare, url, there, part), lambda _: part.unlink()),
        ]
        down = Turns.take(fetches, options.rounds)
    found = [row(f"{options.megabytes} MB {way}", turns) for way, turns in (("sent", up), ("fetched", down))]
    if options.memory:
        found.append(memory(told, work, options.memory))
    return found


def row(what: str, turns: Turns) -> Row:
    ratio = turns.ratio("here", "bare httpx")
    return Row(
        what,
        f"≤ {TIMES}1.2 of bare httpx",
        f"{TIMES}{ratio:.2f}",
        ratio <= 1.2,
        turns.shown("here"),
        [f"bare httpx {turns.shown('bare httpx')}"],
    )


def bare_send(http: httpx.Client, url: str, path: str, data: Path, size: int) -> str:
    parts = {"bucketName": "model-files", "objectName": path, "contentType": "application/octet-stream", "cacheControl": "0"}
    metadata = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in parts.items())
    tus = {"Tus-Resumable": "1.0.0"}
    begun = http.post(
        f"{url}/storage/v1/upload/resumable", headers=tus | {"Upload-Length": str(size), "Upload-Metadata": metadata}
    )
    begun.raise_for_status()
    address, offset = f"{url}/storage/v1/upload/resumable/{begun.headers['location'].rpartition('/')[2]}", 0
    with data.open("rb") as file:
        while piece := file.read(PIECE):
            more = tus | {"Upload-Offset": str(offset), "content-type": "application/offset+octet-stream"}
            http.patch(address, content=piece, headers=more).raise_for_status()
            offset += len(piece)
    return path


def bare_fetch(http: httpx.Client, url: str, path: str, part: Path) -> None:
    with http.stream("GET", f"{url}/storage/v1/object/authenticated/model-files/{path}") as answer, part.open("wb") as file:
        answer.raise_for_status()
        for piece in answer.iter_raw(1 << 20):
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())


def memory(told: dict[str, str], work: Path, megabytes: int) -> Row:
    """Return by how much a fresh process grows at most while it sends and fetches a large file, after ``import supabase``."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
        extra = fresh.submit(_grown, told, str(work), megabytes).result()
    return Row(f"extra memory, {megabytes} MB both ways", "< 40 MB", f"{extra:.1f} MB", extra < 40, "")


def _grown(told: dict[str, str], work: str, megabytes: int) -> float:
    import supabase  # noqa: F401 (counted as there already)

    session = sign_up(told, Path(work) / "home2")
    data, part, size = Path(work) / "large", Path(work) / "large.part", megabytes * 1_000_000
    piece = os.urandom(1_000_000)
    with data.open("wb") as file:
        for _ in range(megabytes):
            file.write(piece)
    with signed_client(session, told["SUPABASE_URL"], told["SUPABASE_KEY"]) as http:
        objects = Objects(http, told["SUPABASE_URL"])
        path = f"{session.token().user_id}/{uuid.uuid4()}.pkl"
        objects.size(path)
        before = _reset_peak()
        with data.open("rb") as file:
            objects.send(path, file, size)
        objects.fetch(path, part, size)
        grown = _peak() - before
        objects.remove([path])
    data.unlink()
    part.unlink()
    return grown / 1e6


# ---- lists ---------------------------------------------------------------------------------------------------------------


NEWEST = """
create view public.bench_newest with (security_invoker = true) as
  select distinct on (space_id, name_key) * from public.trained_models
  where deleted_at is null and state in ('ready', 'missing') order by space_id, name_key, state desc, version desc;
grant select on public.bench_newest to authenticated;
notify pgrst, 'reload schema'
"""
"""What a list asks for, the newest version of each name, as somebody would write it; asked under the same policies."""


def lists(told: dict[str, str], work: Path) -> list[Row]:
    """Time four questions of 10,000 models, beside the same question in plain SQL through PostgREST."""
    import jupyter_modelstore as jms

    session = sign_up(told, work / "lists")
    fill(told["ADMIN_DATABASE_URL"], session.token().user_id)
    store = jms.connect(told["SUPABASE_URL"], home=work / "lists")
    headers = {"apikey": told["SUPABASE_KEY"], "authorization": f"Bearer {session.token().value}"}
    with httpx.Client(headers=headers, base_url=f"{told['SUPABASE_URL']}/rest/v1/", timeout=60) as bare:
        while bare.get("bench_newest?limit=1").status_code == 404:
            time.sleep(0.1)
        return [beside(what, here, there) for what, (here, there) in questions(store, bare).items()]


def questions(store: Registry, bare: httpx.Client) -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    def plain(query: str, **more: str) -> object:
        answer = bare.get(query, headers=more)
        answer.raise_for_status()
        return answer.json()

    page = "bench_newest?select=*&order=created_at.desc&limit=48"
    return {
        "first page": (lambda: store.page(Query(), limit=48), lambda: plain(page, Prefer="count=exact")),
        "search": (
            lambda: store.page(Query(words="needle"), limit=48),
            lambda: plain(f"{page}&search=like.*needle*", Prefer="count=exact"),
        ),
        "one by name": (lambda: store.get("model 05000"), lambda: plain("bench_newest?name_key=eq.model%2005000&limit=1")),
        "statistics": (store.stats, lambda: plain("user_model_stats")),
    }


def beside(what: str, here: Callable[[], object], there: Callable[[], object]) -> Row:
    turns = Turns.take([Candidate("here", here), Candidate("plain SQL", there)], 20)
    ratio = turns.ratio("here", "plain SQL")
    shown = f"plain SQL through PostgREST {turns.shown('plain SQL')}"
    goal = f"≤ {TIMES}2 of plain SQL"
    return Row(f"{MODELS:,} models: {what}", goal, f"{TIMES}{ratio:.2f}", ratio <= 2, turns.shown("here"), [shown])


def fill(url: str, user: str) -> None:
    statement = """
      insert into public.trained_models (user_id, space_id, model_name, version, save_id, sha256, origin, status, model_type,
        algorithm, metrics, training_config, tags, description, model_file_path, model_file_size, format, format_version,
        created_at, updated_at)
      select u, u, 'model ' || to_char(n, 'FM00000'), 1, s, md5(n::text) || md5(n::text), 'fitted', 'ready', 'classification',
        'LogisticRegression', jsonb_build_object('auc', random()), jsonb_build_object('params', jsonb_build_object('C', 1)),
        array['telecom'], case when n %% 100 = 0 then 'a needle' else 'hay' end, u || '/' || s || '.pkl', 1000, 'pickle', 0,
        now() - n * interval '1 minute', now()
      from (select n, gen_random_uuid() as s, %(user)s::uuid as u from generate_series(1, %(count)s) n) g"""
    with psycopg.connect(url, autocommit=True) as database:
        database.execute(statement, {"user": user, "count": MODELS})
        database.execute("analyze public.trained_models")
        database.execute(NEWEST)


if __name__ == "__main__":
    began = time.perf_counter()
    main()
    print(f"{time.perf_counter() - began:.0f} s", file=sys.stderr)
