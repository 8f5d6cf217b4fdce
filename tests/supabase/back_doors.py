"""Somebody who signed up, as a token source; and a way past everything: the superuser, and Storage with the service key."""

from __future__ import annotations

import json
import uuid

import psycopg
from psycopg.rows import dict_row

from jupyter_modelstore.protocols import AccessToken


class Somebody:
    """A token source of somebody who signed up."""

    def __init__(self, person):
        self.person = person

    def token(self, *, refused=None):
        return AccessToken(value=self.person.access_token, expires_at=0, user_id=self.person.id, handle=self.person.email)

    def known(self):
        return self.token()


class Door:
    """A way past the backend: the database as its superuser, Storage with the service key."""

    def __init__(self, stack, http, folder):
        self.stack, self.http, self.folder = stack, http, folder
        self.url = stack.local.env()["ADMIN_DATABASE_URL"]

    def sql(self, statement, values=()):
        with psycopg.connect(self.url, autocommit=True, row_factory=dict_row) as connection:
            connection.execute("set session_replication_role = replica; set storage.allow_delete_query = 'true'")
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def storage(self, method, path, **more):
        headers = {"apikey": self.stack.service_key, "Authorization": f"Bearer {self.stack.service_key}"}
        answer = self.http.request(method, f"/storage/v1/object/{path}", headers=headers, **more)
        assert answer.status_code == 200, answer.text
        return answer

    def peek(self, record):
        return self.storage("GET", f"authenticated/model-files/{record.model_file_path}").content

    def poke(self, record, data):
        self.sql("delete from storage.objects where name = %s", [record.model_file_path])
        if data is not None:
            self.storage("POST", f"model-files/{record.model_file_path}", content=data)

    def rows(self):
        found = self.sql("select * from public.trained_models where space_id = %s order by created_at", [self.folder])
        return [{name: str(value) if isinstance(value, uuid.UUID) else value for name, value in row.items()} for row in found]

    def set(self, record, **columns):
        values = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in columns.items()}
        names = ", ".join(f"{name} = %s" for name in values)
        if "status" in values:
            names, values = f"{names}, state = %s", [*values.values(), values["status"]]
        else:
            values = list(values.values())
        self.sql(f"update public.trained_models set {names} where id = %s", [*values, record.id])

    def objects(self):
        found = self.sql("select name from storage.objects where name like %s", [f"{self.folder}/%"])
        return {row["name"].partition("/")[2] for row in found}

    def leave(self, name, data, hours):
        self.storage("POST", f"model-files/{self.folder}/{name}", content=data)
        statement = "update storage.objects set created_at = now() - %s * interval '1 hour' where name = %s"
        self.sql(statement, [hours, f"{self.folder}/{name}"])
