"""Names, tags and searches in every script, and signs that mean something to SQL, URLs or JSON: both backends find the same."""

from __future__ import annotations

import unicodedata
import uuid

import pytest
from back_doors import Somebody
from conformance.backend import keep, listed
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from jupyter_modelstore.backends.local import LocalBackend
from jupyter_modelstore.backends.supabase import Functions, Objects, SupabaseBackend
from jupyter_modelstore.cache import Cache
from jupyter_modelstore.errors import InvalidName
from jupyter_modelstore.identity import signed_client
from jupyter_modelstore.names import clean_name
from jupyter_modelstore.spool import Spool

pytest_plugins = ("supabase_fixtures",)
pytestmark = [pytest.mark.supabase, pytest.mark.slow]

SIGNS = " ,().%_*\"\\'`;:/?&=#@{}[]|<>+-$^~"
LETTERS = st.characters(categories=["L", "M", "N"], max_codepoint=0x2FFFF)
NAMES = st.text(st.one_of(LETTERS, st.sampled_from(" .,_-+()&")), min_size=1, max_size=20)
WORDS = st.text(st.one_of(LETTERS, st.sampled_from(SIGNS)), min_size=1, max_size=12).map(
    lambda text: unicodedata.normalize("NFC", text)  # as whatever a user types is, before a store sees it
)
SETTINGS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def both(project, person, tmp_path):
    """A store on this machine and one in a project, both of the same person."""
    source = Somebody(person)
    with signed_client(source, project.url, project.key) as http:
        functions, objects = Functions(http, project.url, source), Objects(http, project.url)
        rooms = {"source": source, "cache": Cache(tmp_path / "cache"), "spool": Spool(tmp_path / "spool"), "url": project.url}
        yield LocalBackend(tmp_path / "store", person.id), SupabaseBackend(functions, objects, **rooms)


def answers(both, **terms):
    """Return what each of the two finds."""
    local, remote = both
    return listed(local, sort="created_at", **terms), listed(remote, sort="created_at", **terms)


@SETTINGS
@given(name=NAMES, tag=WORDS, description=WORDS, start=st.integers(0, 10), length=st.integers(1, 6))
def test_both_find_the_same(both, name, tag, description, start, length):
    try:
        name = clean_name(name)
    except InvalidName:
        assume(False)
    data = uuid.uuid4().bytes
    what = {"tags": tuple(filter(None, [tag.strip()])), "description": description}
    refs = [keep(backend, name, data, **what).record.ref for backend in both]
    assert refs[0] == refs[1]
    whole = f"{name} {tag} {description}"
    for terms in (
        {"name": name},
        {"name": name.upper()},
        {"words": description},
        {"words": whole[start : start + length]},
        {"words": whole.swapcase()[start : start + length]},
        {"tags": what["tags"]},
        {"words": tag, "all_versions": True},
    ):
        local, remote = answers(both, **terms)
        assert local == remote, terms
    assert answers(both, name=name)[1] == refs[1:], "what was saved is found by its name"


@pytest.mark.parametrize("sign", SIGNS)
def test_a_sign_is_only_a_sign(both, sign):
    text = f"a{sign}b"
    for name, described in (("with", text), ("without", "a b")):
        for backend in both:
            keep(backend, name, name.encode(), tags=(described,), description=described)
    for terms in ({"words": text}, {"words": sign}, {"tags": (text,)}, {"words": f"{sign}{sign}"}):
        local, remote = answers(both, **terms)
        assert local == remote, terms
    assert "with:1" in answers(both, words=text)[1]
