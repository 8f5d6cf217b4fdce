"""Storage answers as 1.70.6 was measured: what it refuses, in which words, and what it lets happen."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest
from answers import expired, refusal

pytest_plugins = ("supabase_fixtures",)
pytestmark = pytest.mark.supabase

BINARY = {"Content-Type": "application/octet-stream"}
NO_OBJECT = (400, "404", "not_found", "Object not found")
NO_BUCKET = (400, "404", "Bucket not found", "Bucket not found")
NOT_YOURS = (400, "403", "Unauthorized", "new row violates row-level security policy")
TAKEN = (400, "409", "Duplicate", "The resource already exists")
TOO_LARGE = (400, "413", "Payload too large", "The object exceeded the maximum allowed size")
WATCH = """
create table public.{0} (seen jsonb);
create function public.{0}() returns trigger language plpgsql security definer as $$
begin
  insert into public.{0} values (jsonb_build_object(
    'operation', storage.operation(), 'role', auth.role(), 'uid', auth.uid(),
    'may', current_setting('storage.allow_delete_query', true)));
  return null;
end $$;
create trigger {0} after insert or update or delete on storage.objects for each row execute function public.{0}();
"""
EXPIRED = (400, "403", "Unauthorized", '"exp" claim timestamp check failed')
GARBAGE = (400, "403", "Unauthorized", "Invalid Compact JWS")


@pytest.fixture
def kept(storage, bucket, people):
    """An object of Ada's."""
    ada, _ = people
    name = f"{ada.id}/churn.pkl"
    storage("POST", f"object/{bucket}/{name}", ada, content=b"a model", headers=BINARY).raise_for_status()
    return name


class TestSupabasePy:
    """The client that the product uses."""

    def test_a_round_trip(self, client, people, bucket, tmp_path):
        ada, _ = people
        file = tmp_path / "model.pkl"
        file.write_bytes(os.urandom(100_000))
        box, name = client(ada).storage.from_(bucket), f"{ada.id}/model.pkl"
        options = {"content-type": "application/octet-stream", "metadata": {"sha256": "abc"}}
        assert box.upload(name, file, options).path == name
        assert box.download(name) == file.read_bytes()
        told = box.info(name)
        assert told["metadata"] == {"sha256": "abc"}
        assert told["size"] == 100_000
        assert told["etag"] == f'"{hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()}"'
        assert box.exists(name)
        assert not box.exists(f"{ada.id}/none.pkl")
        assert [row["name"] for row in box.list(ada.id)] == ["model.pkl"]
        assert [row["id"] for row in box.list("")] == [None]
        assert [row.name for row in box.list_v2({"prefix": ada.id}).objects] == [name]
        assert box.copy(name, f"{ada.id}/copy.pkl")
        assert box.move(f"{ada.id}/copy.pkl", f"{ada.id}/moved.pkl")
        assert box.download(f"{ada.id}/moved.pkl") == file.read_bytes()
        assert httpx.get(box.create_signed_url(name, 60)["signedURL"]).content == file.read_bytes()
        assert {row["name"] for row in box.remove([name, f"{ada.id}/moved.pkl"])} == {name, f"{ada.id}/moved.pkl"}
        assert box.list(ada.id) == []

    def test_its_exceptions(self, client, people, bucket, kept):
        from storage3.exceptions import StorageApiError

        ada, ben = people
        box = client(ada).storage.from_(bucket)
        with pytest.raises(StorageApiError) as caught:
            box.upload(kept, b"again", {"content-type": "application/octet-stream"})
        assert (str(caught.value.status), caught.value.code) == ("409", "Duplicate")
        with pytest.raises(StorageApiError) as caught:
            client(ben).storage.from_(bucket).download(kept)
        assert (str(caught.value.status), caught.value.code) == ("404", "not_found")

    def test_an_upsert_and_an_update(self, client, people, bucket, kept):
        box = client(people[0]).storage.from_(bucket)
        box.upload(kept, b"second", {"content-type": "application/octet-stream", "upsert": "true"})
        assert box.download(kept) == b"second"
        box.update(kept, b"third", {"content-type": "application/octet-stream"})
        assert box.download(kept) == b"third"

    def test_a_signed_upload_serves_once_and_nobody_needs_to_sign_in(self, client, people, bucket):
        from storage3.exceptions import StorageApiError

        ada, _ = people
        name = f"{ada.id}/signed.pkl"
        token = client(ada).storage.from_(bucket).create_signed_upload_url(name)["token"]
        stranger = client().storage.from_(bucket)
        stranger.upload_to_signed_url(name, token, b"bytes", {"content-type": "application/octet-stream"})
        with pytest.raises(StorageApiError) as caught:
            stranger.upload_to_signed_url(name, token, b"more", {"content-type": "application/octet-stream"})
        assert str(caught.value.status) == "409"
        assert client(ada).storage.from_(bucket).download(name) == b"bytes"


class TestSomebodyElses:
    """Ben, and who has no account, get no further than Ada's bucket lets them."""

    @pytest.fixture(params=["ben", "anon"])
    def other(self, request, people, stack):
        return people[1] if request.param == "ben" else stack.local.env()["ANON_KEY"] if stack.local else stack.key

    def test_reading(self, storage, bucket, kept, other):
        for path in ("object", "object/authenticated", "object/info", "object/info/authenticated"):
            assert refusal(storage("GET", f"{path}/{bucket}/{kept}", other)) == NO_OBJECT
        assert storage("HEAD", f"object/{bucket}/{kept}", other).status_code == 400
        assert refusal(storage("POST", f"object/sign/{bucket}/{kept}", other, json={"expiresIn": 60})) == NO_OBJECT

    def test_signing_many(self, storage, bucket, kept, other):
        items = storage("POST", f"object/sign/{bucket}", other, json={"expiresIn": 60, "paths": [kept]}).json()
        assert [(item["signedURL"], bool(item["error"])) for item in items] == [(None, True)]

    def test_listing(self, storage, bucket, kept, other):
        folder = kept.partition("/")[0]
        assert storage("POST", f"object/list/{bucket}", other, json={"prefix": folder}).json() == []
        assert storage("POST", f"object/list-v2/{bucket}", other, json={"prefix": folder}).json()["objects"] == []

    def test_writing(self, storage, bucket, kept, other):
        path = kept.replace("churn", "new")
        for verb, headers in (("POST", {}), ("POST", {"x-upsert": "true"}), ("PUT", {})):
            answer = storage(verb, f"object/{bucket}/{path}", other, content=b"x", headers=BINARY | headers)
            assert refusal(answer) == NOT_YOURS, (verb, headers)
        assert refusal(storage("PUT", f"object/{bucket}/{kept}", other, content=b"x", headers=BINARY)) == NOT_YOURS
        assert refusal(storage("POST", f"object/upload/sign/{bucket}/{path}", other)) == NOT_YOURS

    def test_copying_and_moving(self, storage, bucket, kept, other, people):
        body = {"bucketId": bucket, "sourceKey": kept, "destinationKey": f"{people[1].id}/mine.pkl"}
        assert refusal(storage("POST", "object/copy", other, json=body)) == NO_OBJECT
        assert refusal(storage("POST", "object/move", other, json=body)) == NO_OBJECT

    def test_removing(self, storage, bucket, kept, other, people):
        answer = storage("DELETE", f"object/{bucket}", other, json={"prefixes": [kept]})
        assert (answer.status_code, answer.json()) == (200, [])
        assert storage("DELETE", f"object/{bucket}/{kept}", other).status_code == 400
        assert storage("GET", f"object/{bucket}/{kept}", people[0]).content == b"a model"

    def test_a_row_that_postgrest_never_shows(self, stack, kept, other):
        """The schema ``storage`` is not exposed."""
        headers = {"apikey": stack.key, "Accept-Profile": "storage"}
        assert httpx.get(f"{stack.url}/rest/v1/objects", headers=headers).status_code == 406


def test_copying_into_somebody_elses_folder(storage, bucket, kept, people):
    body = {"bucketId": bucket, "sourceKey": kept, "destinationKey": f"{people[1].id}/churn.pkl"}
    assert refusal(storage("POST", "object/copy", people[0], json=body)) == NOT_YOURS
    assert refusal(storage("POST", "object/move", people[0], json=body)) == NOT_YOURS


def test_what_is_missing(storage, bucket, people):
    ada, _ = people
    missing = f"{ada.id}/none.pkl"
    assert refusal(storage("GET", f"object/{bucket}/{missing}", ada)) == NO_OBJECT
    assert refusal(storage("GET", f"object/nowhere/{missing}", ada)) == NO_BUCKET
    assert refusal(storage("POST", f"object/nowhere/{missing}", ada, content=b"x", headers=BINARY)) == NO_BUCKET
    assert storage("POST", "object/list/nowhere", ada, json={"prefix": ada.id}).json() == []
    assert storage("DELETE", f"object/{bucket}", ada, json={"prefixes": [missing]}).json() == []
    assert storage("DELETE", f"object/{bucket}", ada, json={"prefixes": []}).status_code == 400
    assert refusal(storage("GET", f"object/public/{bucket}/{missing}")) == NO_BUCKET


class TestTokens:
    """No tolerance; and a bad token is no bucket where none is needed."""

    @pytest.mark.parametrize("kind", ["expired", "garbage"])
    def test_where_none_is_needed(self, storage, stack, bucket, kept, people, kind):
        token = expired(stack, people[0]) if kind == "expired" else "garbage"
        for path in ("object", "object/info"):
            assert refusal(storage("GET", f"{path}/{bucket}/{kept}", token)) == NO_BUCKET
        assert storage("HEAD", f"object/{bucket}/{kept}", token).status_code == 400

    @pytest.mark.parametrize("kind", ["expired", "garbage"])
    def test_where_one_is_needed(self, storage, stack, bucket, kept, people, kind):
        token, words = (expired(stack, people[0]), EXPIRED) if kind == "expired" else ("garbage", GARBAGE)
        requests = [
            ("GET", f"object/authenticated/{bucket}/{kept}", {}),
            ("POST", f"object/{bucket}/{kept}", {"content": b"x", "headers": BINARY}),
            ("POST", f"object/list/{bucket}", {"json": {"prefix": ""}}),
            ("DELETE", f"object/{bucket}", {"json": {"prefixes": [kept]}}),
            ("POST", f"object/sign/{bucket}/{kept}", {"json": {"expiresIn": 60}}),
            ("GET", "bucket", {}),
        ]
        for method, path, more in requests:
            assert refusal(storage(method, path, token, **more)) == words, (method, path)

    def test_odd_claims(self, storage, stack, bucket, kept):
        def status(**claims):
            answer = storage("GET", f"object/{bucket}/{kept}", stack.mint(**claims))
            return answer.status_code, answer.json()["statusCode"]

        assert status(role="nobody") == (500, "500")
        assert status(role="postgres") == (400, "403")
        assert status(sub="ada") == (400, "400")
        assert status(sub=None) == (400, "404")
        assert status(role=None) == (400, "404")

    def test_without_exp_a_token_counts_for_ever(self, storage, stack, bucket, kept, people):
        assert storage("GET", f"object/{bucket}/{kept}", stack.mint(sub=people[0].id, exp=None, iat=9**10)).status_code == 200


def test_people_see_no_buckets(storage, bucket, people):
    assert storage("GET", "bucket", people[0]).json() == []
    assert refusal(storage("GET", f"bucket/{bucket}", people[0])) == NO_BUCKET
    assert refusal(storage("POST", "bucket", people[0], json={"name": "mine"})) == NOT_YOURS


def test_a_bucket_goes_when_it_is_empty(storage, stack, bucket, kept):
    assert refusal(storage("DELETE", f"bucket/{bucket}", stack.service_key))[1] == "409"
    assert storage("PUT", f"bucket/{bucket}", stack.service_key, json={"file_size_limit": 10}).status_code == 200
    assert storage("GET", f"bucket/{bucket}", stack.service_key).json()["file_size_limit"] == 10


class TestRules:
    @pytest.mark.parametrize("name", ["é", "a%23b", "a~b", "a[1]", "{a}", "a%22b", "a%5Cb", "模型", "a%25b"])
    def test_keys_are_ascii(self, storage, bucket, people, name):
        answer = storage("POST", f"object/{bucket}/{people[0].id}/{name}", people[0], content=b"x", headers=BINARY)
        assert refusal(answer)[1:3] == ("400", "InvalidKey")

    @pytest.mark.parametrize("name", ["a b.pkl", "a!.*'()&$@=;:+,-_b", "a?b"])
    def test_keys_that_are_good(self, client, people, bucket, name):
        box = client(people[0]).storage.from_(bucket)
        box.upload(f"{people[0].id}/{name}", b"x", {"content-type": "application/octet-stream"})
        assert [row["name"] for row in box.list(people[0].id)] == [name]

    def test_types(self, storage, bucket, people):
        path = f"object/{bucket}/{people[0].id}/page"
        answer = storage("POST", path, people[0], content=b"x", headers={"Content-Type": "image/png"})
        assert refusal(answer) == (400, "415", "invalid_mime_type", "mime type image/png is not supported")
        assert storage("POST", path, people[0], content=b"x", headers={"Content-Type": "text/plain"}).status_code == 200

    def test_sizes(self, storage, bucket, people):
        path, much = f"object/{bucket}/{people[0].id}/much", b"x" * (20 * 2**20 + 1)
        assert refusal(storage("POST", path, people[0], content=much, headers=BINARY)) == TOO_LARGE
        chunked = storage("POST", path, people[0], content=iter([much[: 2**20]] * 21), headers=BINARY)
        assert refusal(chunked) == TOO_LARGE
        form = storage("POST", path, people[0], files={"file": ("much", much, "application/octet-stream")})
        assert refusal(form) == TOO_LARGE
        assert refusal(storage("GET", path, people[0])) == NO_OBJECT
        assert storage("POST", path, people[0], content=much[:-1], headers=BINARY).status_code == 200

    def test_lists(self, storage, bucket, people):
        ada, _ = people
        for name in ("b/1", "b/2", "a", "c"):
            storage("POST", f"object/{bucket}/{ada.id}/{name}", ada, content=b"x", headers=BINARY).raise_for_status()
        rows = storage("POST", f"object/list/{bucket}", ada, json={"prefix": ada.id, "limit": 2, "offset": 1}).json()
        assert [(row["name"], row["id"] is None) for row in rows] == [("a", False), ("c", False)]
        body = {"prefix": f"{ada.id}/", "limit": 2}
        first = storage("POST", f"object/list-v2/{bucket}", ada, json=body).json()
        second = storage("POST", f"object/list-v2/{bucket}", ada, json={**body, "cursor": first["nextCursor"]}).json()
        names = [row["name"].partition("/")[2] for page in (first, second) for row in page["objects"]]
        assert (names, first["hasNext"], second["hasNext"]) == (["a", "b/1", "b/2", "c"], True, False)
        folded = storage("POST", f"object/list-v2/{bucket}", ada, json={**body, "limit": 9, "with_delimiter": True}).json()
        assert [row["name"] for row in folded["folders"]] == [f"{ada.id}/b/"]
        assert [row["name"].partition("/")[2] for row in folded["objects"]] == ["a", "c"]


class TestSignedUrls:
    @pytest.fixture
    def sign(self, storage, bucket, kept, people):
        def url(seconds=60):
            return storage("POST", f"object/sign/{bucket}/{kept}", people[0], json={"expiresIn": seconds})

        return url

    @pytest.fixture
    def fetch(self, stack):
        return lambda path, **more: httpx.get(f"{stack.url}/storage/v1{path}", **more)

    def test_ranges(self, sign, fetch):
        url = sign().json()["signedURL"]
        part = fetch(url, headers={"Range": "bytes=2-4"})
        assert (part.status_code, part.content, part.headers["Content-Range"]) == (206, b"mod", "bytes 2-4/7")
        assert fetch(url, headers={"Range": "bytes=5-"}).content == b"el"
        assert fetch(url, headers={"Range": "bytes=-2"}).content == b"el"
        assert fetch(url, headers={"Range": "bytes=99-"}).status_code == 400
        assert fetch(f"{url}&download=my model").headers["Content-Disposition"].startswith("attachment; filename=my%20model")

    def test_refusals(self, sign, fetch, storage, bucket, kept, people, stack):
        url = sign().json()["signedURL"]
        path, _, token = url.partition("?token=")
        late = stack.mint({"url": f"{bucket}/{kept}", "scope": "download", "exp": 1})
        assert refusal(fetch(f"{path}?token={late}"))[2:] == ("InvalidJWT", '"exp" claim timestamp check failed')
        assert refusal(fetch(f"{path}?token={token[:-4]}AAAA"))[2:] == ("InvalidJWT", "signature verification failed")
        assert refusal(fetch(f"{path}x?token={token}"))[2] == "InvalidSignature"
        assert refusal(fetch(path))[3] == "querystring must have required property 'token'"
        assert sign(0).status_code == sign(1.5).status_code == 400
        storage("DELETE", f"object/{bucket}/{kept}", people[0]).raise_for_status()
        assert refusal(fetch(url)) == NO_OBJECT

    def test_a_signature_to_read_does_not_write(self, sign, stack, bucket, kept):
        token = sign().json()["signedURL"].partition("?token=")[2]
        answer = httpx.put(
            f"{stack.url}/storage/v1/object/upload/sign/{bucket}/{kept}?token={token}", content=b"x", headers=BINARY
        )
        assert refusal(answer)[2] == "InvalidSignature"


class TestUnderTheHood:
    def test_policies_learn_what_is_done(self, storage, database, bucket, kept, people):
        """Each verb tells its operation, the caller's claims and role; and who removes, may."""
        ada, _ = people
        log = f"log{uuid.uuid4().hex}"
        database.execute(WATCH.format(log))
        try:
            storage("PUT", f"object/{bucket}/{kept}", ada, content=b"x", headers=BINARY).raise_for_status()
            storage("DELETE", f"object/{bucket}", ada, json={"prefixes": [kept]}).raise_for_status()
            rows = [row for (row,) in database.execute(f"select seen from public.{log}")]
        finally:
            database.execute(f"drop trigger {log} on storage.objects; drop function public.{log}(); drop table public.{log}")
        assert rows == [
            {"operation": "storage.object.upload_update", "role": "service_role", "uid": None, "may": "true"},
            {"operation": "storage.object.delete_many", "role": "authenticated", "uid": ada.id, "may": "true"},
        ]

    def test_rows_are_not_deleted_by_sql(self, database, bucket, kept):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="Direct deletion from storage tables is not allowed"):
            database.execute("delete from storage.objects where name = %s", [kept])

    def test_the_row(self, database, bucket, kept, people):
        query = "select owner::text, owner_id, metadata, version, path_tokens from storage.objects where name = %s"
        owner, owner_id, metadata, version, tokens = database.execute(query, [kept]).fetchone()
        assert owner == owner_id == people[0].id
        assert (metadata["size"], metadata["contentLength"], metadata["mimetype"]) == (7, 7, "application/octet-stream")
        assert metadata["eTag"] == f'"{hashlib.md5(b"a model", usedforsecurity=False).hexdigest()}"'
        assert uuid.UUID(version)
        assert tokens == kept.split("/")

    def test_no_bytes_are_left(self, stack, storage, bucket, kept, people):
        if stack.local is None:
            pytest.skip("only the stack on this machine shows its files")

        def versions():
            return {path.name for path in (stack.local.directory / "objects").iterdir()}

        with psycopg.connect(stack.database_url) as connection:
            query = "select version from storage.objects where name = %s"
            (first,) = connection.execute(query, [kept]).fetchone()
            storage("PUT", f"object/{bucket}/{kept}", people[0], content=b"y", headers=BINARY).raise_for_status()
            (second,) = connection.execute(query, [kept]).fetchone()
        assert first not in versions()
        assert second in versions()
        storage("DELETE", f"object/{bucket}", people[0], json={"prefixes": [kept]}).raise_for_status()
        assert second not in versions()

    def test_uploads_of_one_key_are_not_atomic(self, stack, storage, bucket, people):
        """Whoever asks before the first has ended, is let in; the last one wins."""
        ada, _ = people
        path, begun = f"object/{bucket}/{ada.id}/race", threading.Barrier(3)

        def body(letter):
            yield letter * 2**20
            begun.wait(20)
            yield letter * 2**20

        def upload(letter):
            url = f"{stack.url}/storage/v1/{path}"
            headers = BINARY | {"Authorization": f"Bearer {ada.access_token}"}
            return httpx.post(url, content=body(letter), headers=headers, timeout=60).status_code

        with ThreadPoolExecutor(3) as pool:
            assert list(pool.map(upload, (b"a", b"b", b"c"))) == [200, 200, 200]
        content = storage("GET", path, ada).content
        assert content in (b"a" * 2**21, b"b" * 2**21, b"c" * 2**21)
        assert refusal(storage("POST", path, ada, content=b"late", headers=BINARY)) == TAKEN

    def test_an_upload_that_breaks_off_leaves_nothing(self, stack, storage, bucket, people):
        ada, _ = people
        path = f"object/{bucket}/{ada.id}/cut"

        def body():
            yield b"x" * 2**20
            raise InterruptedError

        with pytest.raises(InterruptedError):
            storage("POST", path, ada, content=body(), headers=BINARY)
        assert refusal(storage("GET", path, ada)) == NO_OBJECT

    def test_refused_uploads_answer_each_time(self, storage, bucket, people):
        """A body that was not read must not meet the next request of the connection."""
        ada, ben = people
        for _ in range(5):
            answer = storage("POST", f"object/{bucket}/{ben.id}/x", ada, content=b"x" * 8 * 2**20, headers=BINARY)
            assert refusal(answer) == NOT_YOURS
            assert storage("POST", f"object/list/{bucket}", ada, json={"prefix": ada.id}).json() == []

    def test_a_trigger_that_refuses_a_second_upload_is_a_conflict(self, storage, database, bucket, kept, people):
        once = f"once{uuid.uuid4().hex}"
        database.execute(
            f"create function public.{once}() returns trigger language plpgsql as"
            " $$ begin raise exception 'taken' using errcode = '23505'; end $$;"
            f" create trigger {once} before update on storage.objects for each row execute function public.{once}()"
        )
        try:
            answer = storage("PUT", f"object/{bucket}/{kept}", people[0], content=b"x", headers=BINARY)
        finally:
            database.execute(f"drop trigger {once} on storage.objects; drop function public.{once}()")
        assert refusal(answer) == TAKEN
        assert storage("GET", f"object/{bucket}/{kept}", people[0]).content == b"a model"


def test_large_objects_pass_in_pieces(stack, storage, database, people, tmp_path):
    """200 MB up and down: neither Storage nor the gateway holds them in memory."""
    import psutil

    if stack.local is None:
        pytest.skip("only the stack on this machine shows its processes")
    servers = [psutil.Process(stack.local.state["processes"][name]["pid"]) for name in ("storage", "gateway")]
    before = [server.memory_info().rss for server in servers]
    name, file = f"large{uuid.uuid4().hex}", tmp_path / "large"
    with file.open("wb") as target:
        for _ in range(200):
            target.write(os.urandom(2**20))
    storage("POST", "bucket", stack.service_key, json={"name": name}).raise_for_status()
    try:
        with file.open("rb") as source:
            storage("POST", f"object/{name}/large", stack.service_key, content=source, headers=BINARY).raise_for_status()
        url, headers = f"{stack.url}/storage/v1/object/{name}/large", {"Authorization": f"Bearer {stack.service_key}"}
        with httpx.stream("GET", url, headers=headers, timeout=60) as answer:
            digest = hashlib.sha256()
            for piece in answer.iter_bytes():
                digest.update(piece)
        grown = [server.memory_info().rss - rss for server, rss in zip(servers, before, strict=True)]
    finally:
        storage("POST", f"bucket/{name}/empty", stack.service_key).raise_for_status()
        storage("DELETE", f"bucket/{name}", stack.service_key).raise_for_status()
    with file.open("rb") as source:
        wanted = hashlib.sha256()
        for piece in iter(lambda: source.read(2**20), b""):
            wanted.update(piece)
    assert digest.digest() == wanted.digest()
    assert max(grown) < 60 * 2**20


def test_a_form_brings_metadata(storage, bucket, people):
    ada, _ = people
    data = {"cacheControl": "60", "metadata": json.dumps({"sha256": "abc"})}
    files = {"file": ("m", b"x", "application/octet-stream")}
    storage("POST", f"object/{bucket}/{ada.id}/m", ada, data=data, files=files).raise_for_status()
    told = storage("GET", f"object/info/{bucket}/{ada.id}/m", ada).json()
    assert (told["metadata"], told["cache_control"]) == ({"sha256": "abc"}, "max-age=60")


@pytest.mark.parametrize("missing", ["read", "change"])
def test_an_upsert_needs_three_policies(storage, database, bucket, people, missing):
    """Also for a key that is new; a plain upload needs one."""
    ada, _ = people
    database.execute(f'alter policy "{bucket} {missing}" on storage.objects to service_role')
    path = f"object/{bucket}/{ada.id}/x"
    answer = storage("POST", path, ada, content=b"x", headers=BINARY | {"x-upsert": "true"})
    assert refusal(answer) == NOT_YOURS
    assert refusal(storage("PUT", path, ada, content=b"x", headers=BINARY)) == NOT_YOURS
    assert storage("POST", path, ada, content=b"x", headers=BINARY).status_code == 200
