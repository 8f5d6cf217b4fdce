"""What is asked every day is found by an index, whoever else keeps however many models."""

from __future__ import annotations

import psycopg
import pytest
from many import PEOPLE, QUESTIONS, fill, plans

from jupyter_modelstore.sql import Database

pytest_plugins = ("supabase_fixtures",)
pytestmark = pytest.mark.supabase


@pytest.fixture(scope="module")
def admin(stack):
    """The superuser's way into a database of 50 people with 20,000 models."""
    if stack.local is None:
        pytest.skip("only the stack on this machine makes databases")
    url = stack.local.new_database()
    Database(url).apply()
    fill(url, rows=20_000, people=50, shares=200)
    yield stack.local.admin_url(url)
    stack.local.drop_database(url)


@pytest.mark.parametrize("what", QUESTIONS)
def test_no_question_reads_the_whole_table(admin, what):
    function, question = QUESTIONS[what]
    try:
        found = plans(admin, PEOPLE[49 if function == "shared" else 1], function, question)
    except psycopg.errors.UndefinedFile:
        pytest.skip("this server has no auto_explain")
    assert found
    assert [plan for plan in found if "Seq Scan on trained_models" in plan] == []


def test_a_plan_without_an_index_would_be_seen(admin):
    with psycopg.connect(admin, autocommit=True) as db:
        seen = db.execute("explain select from public.trained_models where description like '%second%'").fetchall()
    assert any("Seq Scan on trained_models" in line for (line,) in seen)
