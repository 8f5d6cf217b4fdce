"""What a database exposes, read from its catalog: doors are made from this, so a new table or function has doors at once."""

from __future__ import annotations

import re
from dataclasses import dataclass

import psycopg

COLUMNS = """
select c.relname, c.relkind::text, a.attname, format_type(a.atttypid, a.atttypmod)
from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v', 'm', 'p', 'f') order by c.relname, a.attnum
"""
FUNCTIONS = """
select n.nspname || '.' || p.proname,
  coalesce(array_agg(format_type(a.type, null) order by a.n) filter (where a.type is not null), '{}'),
  p.prorettype = 'trigger'::regtype, p.prosrc
from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  left join unnest(p.proargtypes) with ordinality as a(type, n) on true
where n.nspname in ('public', 'modelstore_private') group by n.nspname, p.oid order by 1
"""
FIELDS = re.compile(r"(?:\bq|\bdraft|\$2) ->>? '(\w+)'|\((?:q|draft), '(\w+)'")
"""How a function's text reads a field of its JSON argument."""


@dataclass(frozen=True)
class Function:
    """A function by its name, with the types of its arguments and the fields that it reads of a JSON one."""

    name: str
    types: tuple[str, ...]
    is_trigger: bool
    fields: frozenset[str]

    @property
    def public(self) -> bool:
        return self.name.startswith("public.")

    @property
    def signature(self) -> str:
        return f"{self.name.removeprefix('public.')}({', '.join(self.types)})"


@dataclass(frozen=True)
class Catalog:
    """Relations of ``public`` with their columns and types; functions of ``public`` and ``modelstore_private``."""

    relations: dict[str, dict[str, str]]
    views: frozenset[str]
    functions: tuple[Function, ...]

    @classmethod
    def read(cls, connection: psycopg.Connection) -> Catalog:
        relations: dict[str, dict[str, str]] = {}
        views = set()
        for relation, kind, column, type_ in connection.execute(COLUMNS).fetchall():
            relations.setdefault(relation, {})[column] = type_
            if kind in "vm":
                views.add(relation)
        functions = [
            Function(name, tuple(types), trigger, frozenset(a or b for a, b in FIELDS.findall(text)))
            for name, types, trigger, text in connection.execute(FUNCTIONS).fetchall()
        ]
        return cls(relations, frozenset(views), tuple(functions))
