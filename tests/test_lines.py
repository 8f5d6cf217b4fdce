"""A magic's line as words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_modelstore._lines import as_word, open_word, split_line
from jupyter_modelstore.errors import UsageError

words = st.text(min_size=1).filter(lambda text: not text.isspace())


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", []),
        ("   \t ", []),
        ("clf churn", ["clf", "churn"]),
        ('clf "my model"', ["clf", "my model"]),
        ("clf 'my model'", ["clf", "my model"]),
        ("clf churn # a comment", ["clf", "churn"]),
        ("# only a comment", []),
        ('clf "churn # no comment"', ["clf", "churn # no comment"]),
        ("clf a#b", ["clf", "a#b"]),
        ("clf don't", ["clf", "don't"]),
        ("clf \"it's Ada's\"", ["clf", "it's Ada's"]),
        ("clf 'it's Ada's'", ["clf", "it's Ada's"]),
        (r'clf "say \"yes\" now"', ["clf", 'say "yes" now']),
        (r'"C:\models\a"', [r"C:\models\a"]),
        (r'"a\\b"', [r"a\b"]),
        ('-m name="two words"', ["-m", "name=two words"]),
        ("models['rf'] churn", ["models['rf']", "churn"]),
        ('models["rf"] churn', ['models["rf"]', "churn"]),
        ('""', [""]),
        ("a\u3000b", ["a", "b"]),
    ],
)
def test_words_are_what_people_mean(line, expected):
    assert split_line(line) == expected


def test_a_word_knows_whether_it_was_quoted():
    assert [word.quoted for word in split_line('clf "churn" a="b c"')] == [False, True, False]


@pytest.mark.parametrize("line", ['"churn', "'churn", 'clf "a" "b', '"a"b'])
def test_an_open_quote_is_refused(line):
    with pytest.raises(UsageError, match="not closed"):
        split_line(line)


@given(words)
def test_a_text_typed_as_a_word_is_read_as_that_word(text):
    if '"' in text or "\\" in text:
        text = text.replace('"', "'").replace("\\", "/")
    (word,) = split_line(as_word(text))
    assert word == text


@given(st.lists(st.text(alphabet="ab\\\"' ", min_size=1)))
def test_quoting_survives_backslashes_and_quotes(texts):
    assert split_line(" ".join(map(as_word, texts))) == texts


@given(st.text())
def test_any_line_is_words_or_a_usage_error(line):
    try:
        found = split_line(line)
    except UsageError:
        return
    assert all(isinstance(word, str) for word in found)


@given(st.text())
def test_the_word_being_typed_is_found_in_any_line(line):
    whole, typed, _ = open_word(line)
    assert isinstance(typed, str)
    assert len("".join(whole)) + len(typed) <= len(line)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", ([], "", False)),
        ("ch", ([], "ch", False)),
        ("clf ", (["clf"], "", False)),
        ("clf -t te", (["clf", "-t"], "te", False)),
        ('"my mo', ([], "my mo", True)),
        ('clf "my model"', (["clf", "my model"], "", False)),
    ],
)
def test_what_is_whole_and_what_is_being_typed(line, expected):
    assert open_word(line) == expected
