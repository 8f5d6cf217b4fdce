"""Resumable uploads as they were measured: real statuses, plain text, and what has arrived stays."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import os
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from answers import expired, refusal

pytest_plugins = ("supabase_fixtures",)
pytestmark = pytest.mark.supabase

PIECE = 6 * 2**20
TUS = {"Tus-Resumable": "1.0.0"}
BODY = {"Content-Type": "application/offset+octet-stream"}


def pairs(**values):
    """Return an Upload-Metadata header."""
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in values.items())


class Resumable:
    """The protocol's verbs, as somebody."""

    def __init__(self, storage, stack, bucket):
        self.storage, self.stack, self.bucket = storage, stack, bucket

    def create(self, who, name, length, **more):
        told = {"bucketName": self.bucket, "objectName": name, "contentType": "application/octet-stream", **more}
        headers = TUS | {"Upload-Length": str(length), "Upload-Metadata": pairs(**told)}
        return self.storage("POST", "upload/resumable", who, headers=headers)

    def path(self, answer):
        """Return a new upload's path; its URL must lead through the gateway."""
        assert answer.status_code == 201, answer.text
        assert answer.headers["Location"].startswith(f"{self.stack.url}/storage/v1/upload/resumable/")
        return answer.headers["Location"].removeprefix(f"{self.stack.url}/storage/v1/")

    def patch(self, who, path, offset, content, **headers):
        return self.storage("PATCH", path, who, content=content, headers=TUS | BODY | {"Upload-Offset": str(offset)} | headers)

    def head(self, who, path):
        return self.storage("HEAD", path, who, headers=TUS)


@pytest.fixture
def tus(storage, stack, bucket):
    return Resumable(storage, stack, bucket)


def said(answer):
    return answer.status_code, answer.text


def test_in_pieces(tus, storage, bucket, people):
    ada, _ = people
    name, content = f"{ada.id}/large.pkl", os.urandom(2 * PIECE + 12345)
    path = tus.path(tus.create(ada, name, len(content), metadata=json.dumps({"sha256": "abc"}), cacheControl="60"))
    for offset in range(0, len(content), PIECE):
        assert storage("GET", f"object/{bucket}/{name}", ada).status_code == 400
        answer = tus.patch(ada, path, offset, content[offset : offset + PIECE])
        assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, str(min(offset + PIECE, len(content))))
    assert answer.headers["Tus-Complete"] == "1"
    assert storage("GET", f"object/{bucket}/{name}", ada).content == content
    told = storage("GET", f"object/info/{bucket}/{name}", ada).json()
    assert (told["metadata"], told["size"], told["cache_control"]) == ({"sha256": "abc"}, len(content), "max-age=60")
    assert told["etag"] == f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
    head = tus.head(ada, path)
    assert (head.status_code, head.headers["Upload-Offset"], head.headers["Upload-Length"]) == (200, *[str(len(content))] * 2)


def test_what_arrived_of_a_piece_that_was_cut_stays(tus, stack, people):
    ada, _ = people
    path = tus.path(tus.create(ada, f"{ada.id}/cut.pkl", PIECE))
    address = urlsplit(stack.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
    connection.putrequest("PATCH", f"/storage/v1/{path}")
    headers = TUS | BODY | {"Upload-Offset": "0", "Content-Length": str(PIECE), "Authorization": f"Bearer {ada.access_token}"}
    for header, value in headers.items():
        connection.putheader(header, value)
    connection.endheaders()
    connection.send(b"x" * 2 * 2**20)
    connection.close()
    for _ in range(200):
        offset = int(tus.head(ada, path).headers["Upload-Offset"])
        if offset == 2 * 2**20:
            break
    assert offset == 2 * 2**20
    answer = tus.patch(ada, path, offset, b"x" * (PIECE - offset))
    assert (answer.status_code, answer.headers["Tus-Complete"]) == (204, "1")


def test_refusals_at_the_start(tus, storage, bucket, people, stack):
    ada, ben = people
    name = f"{ada.id}/x"
    assert said(tus.create(ada, f"{ben.id}/x", 5)) == (403, "new row violates row-level security policy")
    assert said(tus.create(ada, name, 5, bucketName="nowhere")) == (404, "Bucket not found")
    assert said(tus.create(ada, name, 20 * 2**20 + 1)) == (413, "Maximum size exceeded\n")
    assert tus.create(ada, name, 5, contentType="image/png").status_code == 415
    assert said(tus.create(ada, f"{ada.id}/é", 5)) == (400, f"Invalid key: {ada.id}/é")
    storage("POST", f"object/{bucket}/{name}", ada, content=b"x", headers={"Content-Type": "text/plain"}).raise_for_status()
    assert said(tus.create(ada, name, 5)) == (409, "The resource already exists")
    words = (400, "403", "Unauthorized", '"exp" claim timestamp check failed')
    assert refusal(tus.create(expired(stack, ada), f"{ada.id}/y", 5)) == words
    assert storage("POST", "upload/resumable", ada, headers={"Upload-Length": "5"}).status_code == 412


def test_refusals_on_the_way(tus, people, stack):
    ada, ben = people
    path = tus.path(tus.create(ada, f"{ada.id}/x", 10))
    assert tus.patch(ada, path, 0, b"12345").status_code == 204
    assert said(tus.patch(ada, path, 0, b"12345")) == (409, "Upload-Offset conflict\n")
    assert said(tus.patch(ben, path, 5, b"67890")) == (403, "new row violates row-level security policy")
    assert refusal(tus.patch(expired(stack, ada), path, 5, b"67890"))[1] == "403"
    assert tus.patch(ada, path, 5, b"67890 and more").status_code == 413
    assert tus.head(ben, path).headers["Upload-Offset"] == "5"
    assert tus.head("garbage", path).status_code == 400
    assert tus.patch(ada, "upload/resumable/bm93aGVyZQ", 0, b"x").status_code == 404
    assert tus.patch(ada, path, 5, b"67890").headers["Tus-Complete"] == "1"


def test_after_the_object_is_gone_so_is_the_upload(tus, storage, bucket, people):
    ada, _ = people
    path = tus.path(tus.create(ada, f"{ada.id}/x", 2))
    assert tus.patch(ada, path, 0, b"xy").headers["Tus-Complete"] == "1"
    assert tus.head(ada, path).status_code == 200
    storage("DELETE", f"object/{bucket}", ada, json={"prefixes": [f"{ada.id}/x"]}).raise_for_status()
    assert tus.head(ada, path).status_code == 410


def test_terminated(tus, storage, people):
    ada, ben = people
    path = tus.path(tus.create(ada, f"{ada.id}/x", 2))
    assert storage("DELETE", path, ben, headers=TUS).status_code == 403
    assert storage("DELETE", path, ada, headers=TUS).status_code == 204
    assert tus.head(ada, path).status_code == 404


def test_two_who_write_one_upload(tus, people):
    ada, _ = people
    path = tus.path(tus.create(ada, f"{ada.id}/x", PIECE))
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda letter: tus.patch(ada, path, 0, letter * PIECE), (b"a", b"b")))
    assert sorted(answer.status_code for answer in answers) == [204, 409]


def test_the_second_of_two_uploads_of_one_key_is_refused_at_its_next_piece(tus, people):
    ada, _ = people
    first, second = (tus.path(tus.create(ada, f"{ada.id}/x", 2)) for _ in range(2))
    assert tus.patch(ada, first, 0, b"xy").status_code == 204
    assert said(tus.patch(ada, second, 0, b"ab")) == (409, "The resource already exists")


def test_over_an_object_that_is_there(tus, storage, bucket, people):
    ada, _ = people
    storage(
        "POST", f"object/{bucket}/{ada.id}/x", ada, content=b"old", headers={"Content-Type": "text/plain"}
    ).raise_for_status()
    told = {"bucketName": bucket, "objectName": f"{ada.id}/x"}
    headers = TUS | {"Upload-Length": "3", "Upload-Metadata": pairs(**told), "x-upsert": "true"}
    path = tus.path(storage("POST", "upload/resumable", ada, headers=headers))
    assert tus.patch(ada, path, 0, b"new", **{"x-upsert": "true"}).status_code == 204
    assert storage("GET", f"object/{bucket}/{ada.id}/x", ada).content == b"new"


def test_bytes_with_the_first_request(tus, storage, bucket, people):
    ada, _ = people
    told = {"bucketName": bucket, "objectName": f"{ada.id}/x"}
    headers = TUS | BODY | {"Upload-Length": "3", "Upload-Metadata": pairs(**told)}
    answer = storage("POST", "upload/resumable", ada, headers=headers, content=b"all")
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, "3")
    assert storage("GET", f"object/{bucket}/{ada.id}/x", ada).content == b"all"


def test_by_a_signature(tus, storage, bucket, people):
    ada, _ = people
    name = f"{ada.id}/x"
    token = storage("POST", f"object/upload/sign/{bucket}/{name}", ada).json()["token"]
    headers = TUS | {"Upload-Length": "3", "Upload-Metadata": pairs(bucketName=bucket, objectName=name), "x-signature": token}
    path = tus.path(storage("POST", "upload/resumable/sign", headers=headers))
    assert storage("PATCH", path, headers=TUS | BODY | {"Upload-Offset": "0"}, content=b"all").status_code == 400
    assert tus.patch(None, path, 0, b"all", **{"x-signature": token}).status_code == 204
    assert storage("GET", f"object/{bucket}/{name}", ada).content == b"all"


def test_what_the_server_can(storage):
    answer = storage("OPTIONS", "upload/resumable")
    assert (answer.status_code, answer.headers["Tus-Version"]) == (204, "1.0.0")
    assert "termination" in answer.headers["Tus-Extension"]
