"""Settings, from the environment, from traitlets, and by hand."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from traitlets.config import Config

import jupyter_modelstore as jms
from jupyter_modelstore import errors
from jupyter_modelstore.config import ModelStore, home_from, url_from
from jupyter_modelstore.errors import InvalidValue, ModelStoreError, NotConfigured, NotSignedIn

pytest_plugins = ("doors_fixtures",)


def test_with_no_setting_models_rest_on_this_machine():
    assert url_from({}) == "local:"
    assert url_from({"MODELSTORE_URL": "  "}) == "local:"


def test_an_address_is_read_anew_with_its_key_unless_it_was_set_here(monkeypatch):
    for name in ("one", "two"):
        monkeypatch.setenv("SUPABASE_URL", f"https://{name}.supabase.co")
        monkeypatch.setenv("SUPABASE_KEY", f"sb_publishable_{name}")
        if name == "one":
            followed, fixed = ModelStore(), ModelStore(url="https://fixed.supabase.co")
            assert followed.project().url == "https://one.supabase.co"
    project = followed.project()
    assert (project.url, project.key) == ("https://two.supabase.co", "sb_publishable_two")
    assert fixed.project().url == "https://fixed.supabase.co"


@pytest.mark.parametrize("name", ["MODELSTORE_HOME", "MODELSTORE_ACCESS_TOKEN_FILE", "MODELSTORE_PASSWORD_FILE"])
def test_a_path_below_nobodys_directory_is_told(monkeypatch, name):
    key = "sb_publishable_x"
    for setting, value in {"SUPABASE_URL": "https://x.supabase.co", "SUPABASE_KEY": key, name: "~no-such-user/t"}.items():
        monkeypatch.setenv(setting, value)
    if name == "MODELSTORE_PASSWORD_FILE":
        monkeypatch.setenv("MODELSTORE_EMAIL", "ada@example.org")
    with pytest.raises(InvalidValue, match="'~no-such-user/t' is in nobody's directory"):
        jms.connect()


def test_the_url_wins_over_supabase_settings():
    assert url_from({"MODELSTORE_URL": "local:x", "SUPABASE_URL": "https://x.supabase.co", "SUPABASE_KEY": "k"}) == "local:x"


@pytest.mark.parametrize(("given", "missing"), [("SUPABASE_URL", "SUPABASE_KEY"), ("SUPABASE_KEY", "SUPABASE_URL")])
def test_half_a_supabase_setting_names_the_other_half_and_no_value(given, missing):
    with pytest.raises(NotConfigured, match="Supabase not configured") as caught:
        url_from({given: "secret-value", missing: " "})
    assert missing in caught.value.message
    assert "MODELSTORE_URL=local:" in caught.value.hint
    assert "secret-value" not in str(caught.value)


def test_both_supabase_settings_name_the_project():
    assert url_from({"SUPABASE_URL": "https://x.supabase.co", "SUPABASE_KEY": "k"}) == "https://x.supabase.co"


@pytest.mark.parametrize(
    ("url", "key", "said"),
    [
        ("https://x.supabase.co", "", "SUPABASE_KEY is missing"),
        ("https://x.supabase.co", "sb_secret_canary", "secret key"),
        ("http://x.supabase.co", "sb_publishable_x", "begins with http://"),
        ("https://x.supabase.co/evil?", "sb_publishable_x", "no address"),
        ("https://user:canary@x.supabase.co", "sb_publishable_x", "no address"),
    ],
)
def test_a_project_needs_an_address_and_a_key_that_a_kernel_may_hold(monkeypatch, url, key, said):
    monkeypatch.setenv("SUPABASE_KEY", key)
    with pytest.raises(NotConfigured, match=said) as caught:
        jms.connect(url)
    assert "sb_secret_canary" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:99999",
        "http://127.0.0.1:0",
        "https://a..supabase.co",
        "https://.",
        f"https://{'a' * 64}.supabase.co",
        "https://xn--a.co",
    ],
)
def test_an_address_that_there_cannot_be_is_none(url):
    with pytest.raises(NotConfigured, match="The store's address is no address of a Supabase project"):
        jms.connect(url, key="sb_publishable_x")


@pytest.mark.parametrize("setting", ["SUPABASE_URL", "MODELSTORE_URL", None])
def test_http_off_this_machine_is_refused_with_the_reason_and_where_it_is_set(monkeypatch, setting):
    url = "http://10.0.0.5:8123"
    monkeypatch.setenv("SUPABASE_KEY", "sb_publishable_x")
    if setting is not None:
        monkeypatch.setenv(setting, url)
    with pytest.raises(NotConfigured, match=f"^{setting or 'The store.s address'} begins with http://") as caught:
        jms.connect(None if setting else url)
    assert "readable" in caught.value.message
    assert "TLS" in caught.value.hint
    assert "ssh -L 8000:127.0.0.1:8123 " in caught.value.hint


def test_an_address_may_be_written_in_capitals():
    assert jms.connect("HTTPS://ABC.supabase.co/", key="sb_publishable_x").location == "https://abc.supabase.co"


def jwt(claims):
    return f"a.{base64.urlsafe_b64encode(claims).decode()}.c"


@pytest.mark.parametrize("key", ["sb_publish\nable", "sb_ü", "sb_\ud800", "sb_ x", "a\0b", jwt(b'{"role": []}')])
def test_a_key_that_no_key_looks_like_is_named(key):
    with pytest.raises(NotConfigured, match="SUPABASE_KEY"):
        jms.connect("http://127.0.0.1:9", key=key)


def test_a_key_and_a_token_that_are_nested_deeply_are_only_wrong(tmp_path, monkeypatch):
    deep = jwt(b"[" * 100_000)
    jms.connect("http://127.0.0.1:9", key=deep)
    (tmp_path / "token").write_text(deep)
    monkeypatch.setenv("MODELSTORE_ACCESS_TOKEN_FILE", str(tmp_path / "token"))
    with pytest.raises(NotSignedIn, match="no access token"):
        jms.connect("http://127.0.0.1:9", key="sb_publishable_x").names()


@pytest.mark.parametrize("space", ["\ud800", "a\0b", "\x1b[2J"])
def test_a_space_that_cannot_be_written_is_named(space):
    with pytest.raises(NotConfigured, match="MODELSTORE_SPACE"):
        jms.connect("http://127.0.0.1:9", key="sb_publishable_x", space=space)


@pytest.mark.parametrize("name", ["h\0", "h" * 300])
def test_a_home_that_there_cannot_be_is_named(tmp_path, name):
    with pytest.raises(NotConfigured, match="cannot be read") as caught:
        jms.connect("http://127.0.0.1:9", key="sb_publishable_x", home=tmp_path / name)
    assert "MODELSTORE_HOME" in caught.value.hint


def test_a_home_that_cannot_be_looked_into_is_told(tmp_path, monkeypatch):
    real = os.stat

    def refuse(path, *given, **more):
        if str(path).startswith(str(tmp_path / "h")):
            raise PermissionError(13, "Permission denied")
        return real(path, *given, **more)

    monkeypatch.setattr(os, "stat", refuse)  # for root, chmod is no obstacle
    monkeypatch.setattr(Path, "read_text", lambda path, **_: refuse(path))
    with pytest.raises(NotConfigured, match="Permission denied"):
        jms.connect(home=tmp_path / "h")


def test_a_project_is_opened_without_asking_it(monkeypatch):
    monkeypatch.setenv("SUPABASE_URL", "http://127.0.0.1:9/")
    monkeypatch.setenv("SUPABASE_KEY", "sb_publishable_x")
    store = jms.connect()
    assert store.location == "http://127.0.0.1:9"
    assert store.where == "in 127.0.0.1:9; nobody is signed in"
    with pytest.raises(NotSignedIn, match="Nobody is signed in"):
        store.names()


def test_home_comes_from_the_environment_or_jupyters_data_directory(tmp_path):
    assert home_from({"MODELSTORE_HOME": "~/m"}) == Path.home() / "m"
    assert home_from({}) == Path(os.environ["JUPYTER_DATA_DIR"]) / "modelstore"


def test_connect_takes_what_the_environment_says(monkeypatch, tmp_path):
    assert jms.connect().location == os.environ["MODELSTORE_HOME"]
    monkeypatch.setenv("MODELSTORE_URL", f"local:{tmp_path}/shared")
    assert jms.connect().location == str(tmp_path / "shared")
    assert jms.connect("local:").location == os.environ["MODELSTORE_HOME"]
    assert jms.connect("local:~/mine").location == str(Path.home() / "mine")
    assert jms.connect("local:", home=tmp_path / "h").location == str(tmp_path / "h")


def test_a_relative_directory_stays_where_it_was(monkeypatch, tmp_path, clf):
    monkeypatch.chdir(tmp_path)
    store = jms.connect("local:models", home="home of mine")
    store.save(clf, "churn")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert store.get("churn").version == 1
    assert store.location == str(tmp_path / "models")
    store.load("churn")
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("url", ["ftp://x", "models", "local", "\x1b[31m:"])
def test_an_address_that_means_nothing_is_refused(url):
    with pytest.raises(NotConfigured, match="no address") as caught:
        jms.connect(url)
    assert "local:" in caught.value.hint
    assert "\x1b" not in str(caught.value)


def test_connecting_writes_nothing_but_the_users_id(tmp_path):
    jms.connect(home=tmp_path / "h")
    assert [path.name for path in (tmp_path / "h").iterdir()] == ["user"]
    assert (tmp_path / "h" / "user").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "h").stat().st_mode & 0o777 == 0o700


def test_traitlets_configure_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(errors, "debug", False)
    config = Config()
    config.ModelStore.url = f"local:{tmp_path}/a"
    config.ModelStore.home = str(tmp_path / "h")
    config.ModelStore.debug = True
    assert ModelStore(config=config).registry().location == str(tmp_path / "a")
    assert (tmp_path / "h" / "user").exists()
    assert errors.debug
    assert ModelStore().registry().location == os.environ["MODELSTORE_HOME"]


def test_eight_processes_at_once_become_one_user(tmp_path):
    code = f"import jupyter_modelstore as jms; print(jms.connect(home={str(tmp_path / 'h')!r})._backend.user_id)"

    def run(_):
        return subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
        ).stdout.strip()

    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(run, range(8)))
    assert len(ids) == 1
    uuid.UUID(ids.pop())
    assert [path.name for path in (tmp_path / "h").iterdir()] == ["user"]


def test_threads_at_once_become_one_user_without_hard_links(tmp_path, monkeypatch):
    def refuse(self, target):
        raise OSError(1, "no hard links on this file system")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    first = jms.connect(home=tmp_path / "h")._backend.user_id
    assert jms.connect(home=tmp_path / "h")._backend.user_id == first


@pytest.mark.parametrize("content", [b"", b"nobody\n", b"\xff\xfe"])
def test_a_damaged_user_file_is_told_and_not_replaced(tmp_path, content):
    (tmp_path / "user").write_bytes(content)
    with pytest.raises(NotConfigured, match="cannot be read"):
        jms.connect(home=tmp_path)
    assert (tmp_path / "user").read_bytes() == content


def test_a_home_that_cannot_be_written_reads_what_is_elsewhere(tmp_path, clf):
    jms.connect(f"local:{tmp_path}/shared", home=tmp_path / "h").save(clf, "churn")
    home = Path("/proc/nobody-can-write-here")  # for root, chmod is no obstacle
    if not Path("/proc/self").exists():
        pytest.skip("no /proc here")
    store = jms.connect(f"local:{tmp_path}/shared", home=home)
    assert [record.ref for record in store.list()] == ["churn:1"]
    with pytest.raises(PermissionError, match="not loaded"):
        store.load("churn")
    with pytest.raises(ModelStoreError):
        jms.connect("local:", home=home).save(clf, "churn")
