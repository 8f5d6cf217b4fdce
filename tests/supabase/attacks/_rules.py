"""What must hold besides who may what: numbers, quota, tombstones, the ends of shares, and which steps wait for which."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator

import psycopg

from ._actors import claims_of
from ._doors import draft
from ._storage import BUCKET
from ._world import SIZE, Space, World, literal

WAIT = "150ms"


@contextlib.contextmanager
def acting(connection: psycopg.Connection, world: World, name: str, operation: str = "") -> Iterator[psycopg.Connection]:
    """Be somebody until the end of a transaction, which is undone."""
    with connection.transaction(force_rollback=True):
        become(connection, world, name, operation)
        yield connection


def become(connection: psycopg.Connection, world: World, name: str, operation: str = "") -> None:
    """Be somebody for the rest of the transaction; ``superuser`` is who we are."""
    connection.execute("reset role")
    if name == "superuser":
        return
    claims = {"role": "service_role"} if name == "service" else claims_of(world, name)
    connection.execute(
        "select set_config('request.jwt.claims', %s, true), set_config('storage.operation', %s, true),"
        " set_config('storage.allow_delete_query', 'true', true), set_config('lock_timeout', %s, true)",
        [json.dumps(claims), operation, WAIT],
    )
    connection.execute(f"set local role {'service_role' if name == 'service' else 'authenticated'}")


def call(name: str, q: dict) -> str:
    return f"select public.modelstore_{name}({literal(json.dumps(q))}::jsonb)"


def commit(s: Space, **more: object) -> str:
    return call("commit", draft(s, s.stray, space=s.id, **more))


def _delete(path: str) -> str:
    return f"delete from storage.objects where bucket_id = '{BUCKET}' and name = '{path}'"


def _insert(path: str) -> str:
    return (
        "insert into storage.objects (bucket_id, name, version, metadata)"
        f" values ('{BUCKET}', '{path}', '1', '{{\"size\": {SIZE}}}')"
    )


# ---- one after the other ------------------------------------------------------------------------------------------------


class Story:
    """Steps of several people in one transaction, and questions that a superuser answers."""

    def __init__(self, connection: psycopg.Connection, world: World) -> None:
        self._connection, self._world = connection, world
        self.ada, self.people = world.spaces["ada"], world.people

    def does(self, name: str, *statements: str, operation: str = "") -> object:
        """Do it as somebody, and return the first value of the last; or the error's code, with the step undone."""
        with contextlib.suppress(psycopg.Error):
            self._connection.execute("reset role")
        try:
            with self._connection.transaction():
                become(self._connection, self._world, name, operation)
                for statement in statements:
                    done = self._connection.execute(statement)
                return (done.fetchone() or [None])[0] if done.description else done.rowcount
        except psycopg.Error as error:
            return error.sqlstate
        finally:
            self._connection.execute("reset role")

    def asks(self, question: str) -> object:
        self._connection.execute("reset role")
        return (self._connection.execute(question).fetchone() or [None])[0]


def numbers_are_not_used_again(story: Story) -> bool:
    model = story.ada.main
    story.does("ada", call("delete", {"ids": [model.id], "force": True}), call("purge", {"ids": [model.id]}))
    told = story.does("ada", commit(story.ada, model_name=model.name))
    return isinstance(told, dict) and told["record"]["version"] == 2


def the_trash_counts(story: Story) -> bool:
    used = story.asks(
        f"select sum(model_file_size) from public.trained_models where space_id = '{story.ada.id}' and status <> 'purged'"
    )
    story.asks(f"update modelstore_private.settings set person_quota = {used} returning 1")
    return story.does("ada", commit(story.ada)) == "PT413"


def uploads_count(story: Story) -> bool:
    story.asks("update modelstore_private.settings set person_quota = 60 returning 1")
    key = f"{story.ada.id}/00000000-0000-4000-8000-00000000abcd.pkl"
    insert = (
        f"insert into storage.objects (bucket_id, name, metadata) values ('{BUCKET}', '{key}', '{{\"contentLength\": 50}}')"
    )
    return story.does("ada", insert, operation="storage.object.upload") == "42501"


def uploads_count_when_they_have_come(story: Story) -> bool:
    """Several at once were each told that there is room; and a request need not say how long it is."""
    there = f"select sum((metadata ->> 'size')::bigint) + 40 from storage.objects where name ~ '^{story.ada.id}/'"
    story.asks(f"update modelstore_private.settings set person_quota = ({there}) returning 1")
    insert = f"insert into storage.objects (bucket_id, name, metadata) values ('{BUCKET}', '{story.ada.id}/"
    come = (
        f"{insert}{key}', '{{\"size\": 25}}')"
        for key in ("00000000-0000-4000-8000-00000000abcd.pkl", "00000000-0000-4000-8000-00000000abce.pkl")
    )
    return [story.does("service", statement) for statement in come] == [1, "42501"]


def sizes_are_not_negative(story: Story) -> bool:
    row = f"insert into public.trained_models (user_id, model_name, model_file_size) values ('{story.ada.id}', 'n', -9)"
    story.does("ada", row)
    return story.asks("select model_file_size from public.trained_models where model_name = 'n'") == 0


def words_of_ours_are_not_taken(story: Story) -> bool:
    row = f"insert into public.trained_models (user_id, model_name, status) values ('{story.ada.id}', 'n', 'purged')"
    story.does("ada", row)
    return story.asks("select status from public.trained_models where model_name = 'n'") == "ready"


def what_is_purged_stays_so(story: Story) -> bool:
    model = story.ada.trash
    story.does("ada", call("purge", {"ids": [model.id]}), call("restore", {"ids": [model.id]}))
    row = story.asks(
        f"select state || coalesce(description, '') || (deleted_at is null) from public.trained_models where id = '{model.id}'"
    )
    return row == "purgedfalse"


def a_deleted_row_leaves_a_tombstone(story: Story) -> bool:
    model = story.ada.shared
    story.does("ada", f"delete from public.trained_models where id = '{model.id}'")
    return story.asks(f"select state from public.trained_models where id = '{model.id}'") == "purged"


def a_deleted_row_leaves_no_alias(story: Story) -> bool:
    story.does("ada", f"delete from public.trained_models where id = '{story.ada.shared.id}'")
    return story.asks(f"select count(*) from public.modelstore_aliases where alias = '{story.ada.shared.alias}'") == 0


def a_trashed_model_ends_its_shares(story: Story) -> bool:
    model = story.ada.shared
    story.does("ada", call("delete", {"ids": [model.id], "force": True}), call("restore", {"ids": [model.id]}))
    told = story.does("recipient", call("shared", {"id": model.id}))
    return isinstance(told, dict) and told["total"] == 0


def aliases_have_a_history(story: Story) -> bool:
    story.does("ada", call("set_alias", {"id": story.ada.main.id, "alias": "champion", "why": "best"}))
    return story.asks("select why from public.modelstore_alias_history where alias = 'champion'") == "best"


def an_alias_stays_where_it_was_put_since(story: Story) -> bool:
    model = story.ada.main
    story.does("ada", call("set_alias", {"id": model.id, "alias": "moved", "only_from": model.version + 1}))
    return story.asks("select count(*) from public.modelstore_aliases where alias = 'moved'") == 0


def a_save_is_one_row(story: Story) -> bool:
    story.does("ada", commit(story.ada))
    story.does("ada", commit(story.ada))
    return story.asks(f"select count(*) from public.trained_models where save_id = '{story.ada.stray}'") == 1


def a_save_has_its_bytes(story: Story) -> bool:
    story.does("service", _delete(story.ada.stray_path))
    return story.does("ada", commit(story.ada)) == "PT409"


def a_file_with_a_row_stays(story: Story) -> bool:
    story.does("service", _delete(story.ada.main.path), _delete(story.ada.main.probe))
    return story.asks(f"select count(*) from storage.objects where name ~ '{story.ada.main.save}'") == 2


def a_file_is_not_overwritten(story: Story) -> bool:
    change = f"update storage.objects set version = 'late' where name = '{story.ada.main.path}'"
    return story.does("service", change) == "23505"


def a_purged_key_is_not_used_again(story: Story) -> bool:
    path = story.ada.purged.path
    story.does("service", _delete(path))
    return story.does("service", _insert(path)) == "23505"


def the_bucket_is_private(story: Story) -> bool:
    return story.asks(f"select public from storage.buckets where id = '{BUCKET}'") is False


def downloads_do_not_flood_the_log(story: Story) -> bool:
    for _ in range(3):
        story.does("recipient", call("record_download", {"id": story.ada.shared.id}))
    return story.asks(f"select count(*) from public.modelstore_events where actor = '{story.people['recipient']}'") == 1


def a_search_is_short(story: Story) -> bool:
    """Each word is a condition of a statement: two hundred thousand took all of a server's memory."""
    many = {str(n): [0, 1] for n in range(51)}
    long = ({"words": "a " * 101}, {"words": "a" * 1001}, {"tags": ["a"] * 51}, {"metrics": many})
    asked = [story.does("ada", call(name, q)) for name in ("list", "facets") for q in long]
    return all(answer == "PT400" for answer in (*asked, story.does("ada", call("shared", long[1]))))


def one_number_does_not_stop_a_list(story: Story) -> bool:
    """An earlier application's rows hold what they like."""
    story.asks(
        'update public.trained_models set metrics = \'{"m": 1e400, "n": -1e400, "o": 1e-400}\''
        f" where id = '{story.ada.main.id}' returning 1"
    )
    told = [story.does("ada", call("list", {"sort": f"-metrics.{name}"})) for name in "mno"]
    told.append(story.does("ada", call("list", {"metrics": {"m": [1, None]}, "sort": "metrics.m"})))
    return all(isinstance(answer, dict) and answer["records"][0]["id"] == story.ada.main.id for answer in told)


def what_a_save_says_can_be_read_by_others(story: Story) -> bool:
    deep: list = []
    for _ in range(200):
        deep = [deep]
    odd = (
        {"metrics": {"m": 10**400}}, {"metrics": {"m": [{"n": -(10**400)}]}}, {"environment": {"a": deep}},
        {"extra": {"a": [0] * 500_000}}, {"training_config": [1]}, {"feature_columns": [1]}, {"feature_columns": [None]},
        {"feature_columns": ["f" * 1_000_001]}, {"tags": [None]}, {"tags": [["a"]]}, {"training_time_seconds": "NaN"},
        {"training_time_seconds": -1}, {"training_time_seconds": 10**300},
    )  # fmt: skip
    return all(story.does("ada", commit(story.ada, **each)) == "PT400" for each in odd)


def no_edit_outgrows_what_a_save_may_be(story: Story) -> bool:
    edits = [call("edit", {"id": story.ada.main.id, "add_metrics": {f"m{n}": "x" * 600_000}}) for n in range(2)]
    return isinstance(story.does("ada", edits[0]), dict) and story.does("ada", edits[1]) == "PT400"


def words_of_a_save_are_clean_by_any_door(story: Story) -> bool:
    """A save can be shared: what stands in it is read by others."""
    odd = ("tags = array['a', null]", "tags = '{{a,b},{c,d}}'", "tags = array[' a']", "description = repeat('x', 10001)",
           "description = E'\\x1b[2J'")  # fmt: skip
    where = f"where id = '{story.ada.main.id}'"
    told = {story.does("ada", f"update public.trained_models set {each} {where}") for each in odd}
    return told == {"PT400"} and story.does("ada", f"update public.trained_models set tags = array['a'] {where}") == 1


def numbers_go_on_after_a_wanted_one(story: Story) -> bool:
    model = story.ada.main
    return story.does("ada", commit(story.ada, model_name=model.name, version=2**31 - 2)) == "PT400" and isinstance(
        story.does("ada", commit(story.ada, model_name=model.name, version=2 * 10**9)), dict
    )


RULES: tuple[Callable[[Story], bool], ...] = (
    numbers_are_not_used_again, the_trash_counts, uploads_count,
    uploads_count_when_they_have_come, sizes_are_not_negative, words_of_ours_are_not_taken,
    what_is_purged_stays_so, a_deleted_row_leaves_a_tombstone, a_deleted_row_leaves_no_alias, a_trashed_model_ends_its_shares,
    aliases_have_a_history, an_alias_stays_where_it_was_put_since, a_save_is_one_row, a_save_has_its_bytes,
    a_file_with_a_row_stays, a_file_is_not_overwritten,
    a_purged_key_is_not_used_again, the_bucket_is_private, downloads_do_not_flood_the_log, a_search_is_short,
    one_number_does_not_stop_a_list, what_a_save_says_can_be_read_by_others, no_edit_outgrows_what_a_save_may_be,
    words_of_a_save_are_clean_by_any_door, numbers_go_on_after_a_wanted_one,
)  # fmt: skip


def broken_rules(connection: psycopg.Connection, world: World) -> list[str]:
    """Return the rules that do not hold in a database."""
    broken = []
    for rule in RULES:
        with connection.transaction(force_rollback=True):
            if not rule(Story(connection, world)):
                broken.append(rule.__name__)
    return broken


# ---- at the same time -------------------------------------------------------------------------------------------------------

WAITS, NOTHING = "waits", "does nothing"


def pairs(world: World) -> list[tuple[str, tuple, tuple, str]]:
    """Return two steps each, of which the first is not committed yet, and what must become of the second."""
    ada, team = world.spaces["ada"], world.spaces["team"]
    main, save = {"id": ada.main.id}, ("ada", commit(ada))
    legacy = (
        f"insert into public.trained_models (user_id, model_name, model_file_path) values ('{ada.id}', 'l', '{ada.id}/l.pkl')"
    )
    second = {
        "a save": commit(ada), "an edit": call("edit", {**main, "description": "d"}),
        "an alias": call("set_alias", {**main, "alias": "champion"}),
        "no alias": call("remove_alias", {"name": ada.main.name, "alias": ada.main.alias}),
        "a rename": call("rename", {"name": ada.main.name, "new": "other"}), "a check": call("check", {}),
        "a deletion": call("delete", {"ids": [ada.main.id], "force": True}),
        "a return": call("restore", {"ids": [ada.trash.id]}), "a purge": call("purge", {"ids": [ada.trash.id]}),
        "a share": call("share", {**main, "who": world.people["ben"]}), "an old client's row": legacy,
        "an old client's deletion": f"delete from public.trained_models where id = '{ada.main.id}'",
    }  # fmt: skip
    return [
        *((f"a save, then {name}", save, ("ada", statement), WAITS) for name, statement in second.items()),
        ("a save for the team, then one of one's own", ("editor", commit(team)),
         ("editor", call("commit", {**draft(team, team.stray), "space": None})), WAITS),
        ("a save, then its file goes", save, ("ada", _delete(ada.stray_path)), NOTHING),
        ("a save, then the service removes its file", save, ("service", _delete(ada.stray_path)), NOTHING),
        ("a file goes, then its save", ("ada", _delete(ada.stray_path)), save, WAITS),
        ("the service removes a file, then its save", ("service", _delete(ada.stray_path)), save, WAITS),
        ("an old client's row, then its file goes", ("ada", legacy), ("ada", _delete(f"{ada.id}/l.pkl")), NOTHING),
        ("an upload, then its save", ("service", _insert(f"{ada.id}/00000000-0000-4000-8000-00000000abcd.pkl")),
         ("ada", call("commit", draft(ada, "00000000-0000-4000-8000-00000000abcd"))), WAITS),
    ]  # fmt: skip


def lost_races(url: str, world: World, at: str = "") -> Iterator[str]:
    """Yield the pairs that come out wrong; of an object without a row, one is put there for them."""
    with psycopg.connect(url, autocommit=True) as one, psycopg.connect(url, autocommit=True) as other:
        one.execute(_insert(f"{world.people['ada']}/l.pkl") + " on conflict do nothing")
        for name, first, second, wanted in (pair for pair in pairs(world) if re.search(at, pair[0])):
            with acting(one, world, first[0], "storage.x"):
                one.execute(first[1])
                came = _outcome(other, world, *second)
            if came != wanted:
                yield f"{name}: {came}, not {wanted}"


def _outcome(connection: psycopg.Connection, world: World, name: str, statement: str) -> str:
    try:
        with acting(connection, world, name, "storage.x"):
            done = connection.execute(statement)
            return NOTHING if done.rowcount == 0 else "goes on"
    except psycopg.errors.LockNotAvailable:
        return WAITS
    except psycopg.Error as error:
        return f"is refused: {error}"
