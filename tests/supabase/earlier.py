"""The earlier application as far as it matters here: its table, its rules, 1,000 rows of 20 people, and its client's calls."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass

import psycopg

TABLE = """
create table public.files (
  id uuid primary key default gen_random_uuid(), user_id uuid references auth.users (id) on delete cascade, file_name text);
create table public.trained_models (
  id uuid primary key default gen_random_uuid(),
  user_id uuid {not_null} {users},
  file_id uuid references public.files (id) on delete set null,
  model_name text {not_null},
  model_type text {model_types},
  algorithm text {not_null},
  metrics jsonb default '{{}}',
  training_config jsonb default '{{}}',
  model_file_path text {not_null},
  model_file_size bigint,
  feature_columns text[],
  target_column text,
  training_time_seconds numeric,
  training_samples integer,
  test_samples integer,
  status text default 'ready' {statuses},
  description text,
  tags text[] default '{{}}',
  created_at {time} default now(),
  updated_at {time} default now(),
  last_downloaded_at {time}
  {unique}
);
create index idx_trained_models_user_id on public.trained_models (user_id);
create index idx_trained_models_created_at on public.trained_models (created_at desc);
create index idx_trained_models_status on public.trained_models (status);
alter table public.trained_models enable row level security;
create policy "Users can view own models" on public.trained_models for select using (auth.uid() = user_id);
create policy "Users can insert own models" on public.trained_models for insert with check (auth.uid() = user_id);
create policy "Users can update own models" on public.trained_models for update using (auth.uid() = user_id);
create policy "Users can delete own models" on public.trained_models for delete using (auth.uid() = user_id);
grant select, insert, update, delete on public.trained_models, public.files to authenticated;

insert into storage.buckets (id, name, public) values ('model-files', 'model-files', false), ('avatars', 'avatars', true);
create policy "Users can upload own model files" on storage.objects for insert
  with check (bucket_id = 'model-files' and auth.uid()::text = (storage.foldername(name))[1]);
create policy "Users can view own model files" on storage.objects for select
  using (bucket_id = 'model-files' and auth.uid()::text = (storage.foldername(name))[1]);
create policy "Users can update own model files" on storage.objects for update
  using (bucket_id = 'model-files' and auth.uid()::text = (storage.foldername(name))[1]);
create policy "Users can delete own model files" on storage.objects for delete
  using (bucket_id = 'model-files' and auth.uid()::text = (storage.foldername(name))[1]);
create policy "Faces are everybody's" on storage.objects for select using (bucket_id = 'avatars');
create policy "Both" on storage.objects for select to authenticated using (bucket_id = 'model-files' or bucket_id = 'avatars');

create view public.user_model_stats as
  select user_id, count(*) as total_models, count(*) filter (where status = 'ready') as ready_models,
    coalesce(sum(model_file_size), 0) as total_storage_bytes, avg(training_time_seconds) as avg_training_time,
    max(created_at) as last_model_created
  from public.trained_models group by user_id;
grant select on public.user_model_stats to authenticated;

create function public.update_updated_at_column() returns trigger language plpgsql as $$
begin
  new.updated_at = now();
  return new;
end $$;
create trigger update_trained_models_updated_at before update on public.trained_models
  for each row execute function public.update_updated_at_column();
"""
STRICT = {
    "users": "references auth.users (id) on delete cascade",
    "not_null": "not null",
    "model_types": "not null check (model_type in ('classification', 'regression'))",
    "statuses": "not null check (status in ('training', 'ready', 'failed', 'archived'))",
    "unique": ", unique (user_id, model_name)",
}
LOOSE = dict.fromkeys(STRICT, "")
COLUMNS = (
    "id", "user_id", "file_id", "model_name", "model_type", "algorithm", "metrics", "training_config", "model_file_path",
    "model_file_size", "feature_columns", "target_column", "training_time_seconds", "training_samples", "test_samples",
    "status", "description", "tags", "created_at", "updated_at", "last_downloaded_at",
)  # fmt: skip
NAMES = (
    "", " ", "x" * 300, "ж" * 300, "tab\tnew\nline\x01\x1f\x7f", "\u202ereversed\u202c", "\u2066isolated",
    "e\u0301 and \u00e9", "मॉडल", "模型", "نموذج", "דגם", "модель", "μοντέλο", "მოდელი", "모델", "โมเดล", "மாதிரி", "မော်ဒယ်",
    "ሞዴል", "\U0001f680 \U0001f469\u200d\U0001f52c", "\u0130stanbul \u0131", "Straße STRASSE", "ΣΟΦΟΣ σοφος", "../../etc/passwd",
    "'; drop table trained_models; --", '%_,().*"\\', ".hidden", "null", "latest", "v3", "churn:3", "churn@champion",
    "\ufeffbom", "\\u0000", "a\u0300\u0301\u0302" * 30,
)  # fmt: skip
STATUSES = ["ready", "training", "failed", "archived"]
ODD_STATUSES = [None, "", "READY", "purged", "missing", "pending", "завершено", "x" * 1000]
ODD_METRICS = [
    None,
    {},
    [],
    "text",
    3,
    {"auc": None},
    {"auc": "0.9"},
    {"R2": 0.95, "nested": {"a": [1]}},
    {"": 1},
    {"a'b": 1e308},
]


@dataclass(frozen=True)
class Variant:
    """One way in which the table may have been made."""

    strict: bool
    time: str

    @property
    def setup(self) -> str:
        """The SQL that made it."""
        return TABLE.format(**(STRICT if self.strict else LOOSE), time=self.time)


def rows(variant: Variant, people: list[str], count: int = 1000) -> list[tuple]:
    """Return rows as the earlier application may have left them, in the order of COLUMNS; the same ones each time."""
    return [_row(variant, people[n % len(people)], n) for n in range(count)]


def _row(variant: Variant, who: str, n: int) -> tuple:
    odd = not variant.strict
    name = NAMES[n // 20 % len(NAMES)] + (f" {n}" if variant.strict else "")
    path = (f"{who}/{name or 'model'}.pkl", f"{who}/model {n}.pkl", f"{who}/deep/er/{n}.pkl")[n % 3]
    return (
        str(uuid.UUID(int=n + 1)),
        str(uuid.UUID(int=(1 << 127) + n)) if odd and n % 50 == 7 else None if odd and n % 50 == 8 else who,
        None,
        None if odd and n % 40 == 3 else name,
        ("classification", "regression")[n % 2]
        if variant.strict
        else (None, "classification", "clustering", "Regression", "?")[n % 5],
        None if odd and n % 9 == 1 else ("RandomForest", "SVC", "XGBRegressor")[n % 3],
        json.dumps(ODD_METRICS[n % len(ODD_METRICS)]) if n % 11 else None,
        json.dumps({"params": {"C": n}}) if n % 4 else None,
        (None, "", path)[n % 3] if odd and n % 7 == 1 else path,
        (None, -1, 0, 2**40, n)[n % 5],
        [f"x{n}", None, 'µ,{}"\\'] if n % 6 == 1 else None,
        "target" if n % 3 else None,
        ("NaN", "1e-9", "12.5", None)[n % 4],
        (-1, None, n)[n % 3],
        (None, 2**31 - 1)[n % 2],
        (STATUSES if variant.strict else [*STATUSES, *ODD_STATUSES])[n % (4 if variant.strict else 12)],
        ("line\nline\x1b[31m", None, "\u202eevil", "")[n % 4],
        [["a", "ä"], None, [], ["", None, "x" * 200, "a,b"]][n % 4],
        _time(odd, n),
        _time(odd, n // 2),
        None if n % 5 else _time(False, n),
    )


def _time(odd: bool, n: int) -> str | None:
    """Return a time; several rows have the same one, and in a table without rules some have none."""
    if odd and n % 33 == 5:
        return None
    if odd and n % 200 == 11:
        return "infinity"
    return f"2024-{1 + n % 12:02}-{1 + n // 3 % 28:02} 10:{n % 60:02}:00.{n // 7:06}"


def make(url: str, admin: str, variant: Variant, people: list[str]) -> None:
    """Make the table with its rows; every second path has an object, and there are some that no row names."""
    with psycopg.connect(admin) as auth:
        auth.execute("insert into auth.users (id, email) select p, p || '@example.org' from unnest(%s::uuid[]) p", [people])
    with psycopg.connect(url) as db, db.cursor() as cursor:
        db.execute(variant.setup)
        db.execute("alter table public.trained_models disable trigger user")
        marks = ", ".join(["%s"] * len(COLUMNS))
        made = rows(variant, people)
        cursor.executemany(f"insert into public.trained_models ({', '.join(COLUMNS)}) values ({marks})", made)
        db.execute("alter table public.trained_models enable trigger user")
        objects = {row[8]: row[1] for row in made[::2] if row[8]}
        add = (
            "insert into storage.objects (bucket_id, name, owner_id, metadata) values ('model-files', %s, %s, '{\"size\": 12}')"
        )
        cursor.executemany(add, [*objects.items(), *((f"{who}/stray.pkl", who) for who in people)])


def values(url: str) -> dict[str, tuple]:
    """Return every value of the old columns, by id; a moment is a number, however it is stored."""
    times = ("created_at", "updated_at", "last_downloaded_at")
    said = ", ".join(f"extract(epoch from {name})::text" if name in times else f"{name}::text" for name in COLUMNS)
    with psycopg.connect(url) as db:
        return {row[0]: row for row in db.execute(f"select {said} from public.trained_models").fetchall()}


@dataclass(frozen=True)
class Client:
    """What the application's server does for a signed-in user, with their token."""

    supabase: object
    user_id: str

    @property
    def _files(self) -> object:
        return self.supabase.storage.from_("model-files")

    @property
    def _table(self) -> object:
        return self.supabase.table("trained_models")

    def save(self, name: str, data: bytes, **columns: object) -> dict:
        """POST /models/save: the file, then the row."""
        path = f"{self.user_id}/{name}.pkl"
        self._files.upload(path, data, {"content-type": "application/octet-stream"})
        row = {"user_id": self.user_id, "model_name": name, "model_type": "regression", "algorithm": "RandomForest"}
        row |= {"model_file_path": path, "model_file_size": len(data), "metrics": {"R2": 0.95}, "status": "ready", **columns}
        return self._table.insert(row).execute().data[0]

    def list(self) -> list[dict]:
        """GET /models/list."""
        return self._table.select("*").eq("user_id", self.user_id).order("created_at", desc=True).execute().data

    def link(self, row: dict) -> str:
        """GET /models/download/{id}: a link of an hour, and when it was asked for."""
        self.update(row, last_downloaded_at="2026-01-01T00:00:00+00:00")
        return self._files.create_signed_url(row["model_file_path"], 3600)["signedURL"]

    def update(self, row: dict, **columns: object) -> list[dict]:
        """Change a row."""
        return self._table.update(columns).eq("id", row["id"]).execute().data

    def overwrite(self, row: dict, data: bytes) -> object:
        """Put another file in the place of a model's."""
        return self._files.upload(row["model_file_path"], data, {"upsert": "true"})

    def upsert(self, **columns: object) -> list[dict]:
        """Insert, or change the row of that name."""
        return self._table.upsert({"user_id": self.user_id, **columns}, on_conflict="user_id,model_name").execute().data

    def delete(self, row: dict) -> list[dict]:
        """DELETE /models/delete/{id}: the file, then the row."""
        self._files.remove([row["model_file_path"]])
        return self._table.delete().eq("id", row["id"]).execute().data

    def remove_file(self, path: str) -> list[dict]:
        """Remove a file by itself."""
        return self._files.remove([path])

    def stats(self) -> list[dict]:
        """GET /models/stats."""
        return self.supabase.table("user_model_stats").select("*").execute().data
