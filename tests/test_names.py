"""Names, aliases, tags, texts, metrics and references: what is accepted has one form, the rest is refused with its reason."""

# ruff: noqa: RUF001, PT017 (look-alikes are what is tested; some texts are accepted, others refused)
from __future__ import annotations

import math
import unicodedata

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jupyter_modelstore import names
from jupyter_modelstore._files import safe_file_name
from jupyter_modelstore.errors import InvalidName, InvalidReference, InvalidValue, ModelStoreError
from jupyter_modelstore.names import clean_alias, clean_metrics, clean_name, clean_tags, clean_text, key_of, visible
from jupyter_modelstore.record import Reference

ODD = [
    "",
    " ",
    "\0",
    "a\0b",
    "a\nb",
    "a\tb",
    "\x1b[31mred",
    "\u202egnp.exe",
    "a\u2066b",
    "zero\u200bwidth",
    "\ufeffbom",
    "\ud800",
    "a\ud800",
    "../../etc/passwd",
    "..",
    ".",
    "/",
    "\\",
    "a/b",
    "a\\b",
    "C:\\x",
    "~",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "'; DROP TABLE models; --",
    '"',
    "`rm -rf`",
    "$(x)",
    "${x}",
    "%s",
    "%00",
    "a%2fb",
    "latest",
    "LATEST",
    "v3",
    "V3",
    "a:3",
    "a@b",
    "id:12345678",
    "models:/a/1",
    "हिन्दी",
    "मॉडल",
    "العربية",
    "日本語",
    "e\u0301",
    "\u0301",
    "\u093f",
    "👩\u200d🔬",
    "🎉",
    "ＡＢＣ",
    "ﬁ",
    "ß",
    "İ",
    "ı",
    "ſ",
    "Å",
    "K",
    "²",
    "½",
    "Ⅷ",
    "٣",
    "a" * 100,
    "a" * 101,
    "é" * 100,
    "e\u0301" * 100,
    "a" * 10_000_000,
    "\u0301" * 1_000_000,
    " a",
    "a ",
    "-a",
    ".a",
    "_a",
    "a.",
    "con",
    "NUL.pkl",
    "COM1",
    *(None, 3, b"bytes", ("tuple",), float("nan")),
]
CLEANERS = (clean_name, clean_alias, clean_tags, clean_text, lambda text: clean_metrics({text: 1}), Reference.parse)
GOOD_NAMES = [
    "churn",
    "Churn v2 (final), A&B + x_1.0-rc",
    "हिन्दी",
    "मॉडल 3",
    "العربية",
    "日本語",
    "é" * 100,
    "ＡＢＣ",
    "İstanbul",
    "ß",
    "3",
    "latest",
    "v3",
    "a.",
    "con",
    "½",
]
texts = st.text() | st.text(st.characters(codec="utf-8")) | st.text("aZé3 ._-+()&,:@/v", max_size=30)


@pytest.mark.parametrize("text", ODD, ids=lambda text: ascii(text)[:30])
def test_odd_texts_are_accepted_or_refused_but_nothing_else(text):
    for clean in CLEANERS:
        try:
            clean(text)
        except ModelStoreError as error:
            assert len(str(error)) < 2000
            assert not any(
                unicodedata.category(char) in {"Cc", "Cf", "Cs"} for char in error.message if char not in "\u200c\u200d\n"
            )


@pytest.mark.parametrize("name", GOOD_NAMES)
def test_good_names(name):
    assert clean_name(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        " a",
        "a ",
        "-a",
        ".a",
        "..",
        "a/b",
        "a\\b",
        "a:b",
        "a@b",
        "a\nb",
        "a\0",
        "a\u202e",
        "a\u200d",
        "<b>",
        "a'b",
        "🎉",
        "\u0301a",
        "a" * 101,
    ],
)
def test_bad_names(name):
    with pytest.raises(InvalidName) as info:
        clean_name(name)
    assert "1 to 100 characters" in info.value.hint
    with pytest.raises(ValueError, match=r".*"):
        clean_name(name)


@pytest.mark.parametrize("alias", ["champion", "A-b_3", "é", "प्रथम", "x" * 50, "value", "v", "v3a", "latest2"])
def test_good_aliases(alias):
    assert clean_alias(alias) == alias


@pytest.mark.parametrize("alias", ["", "latest", "Latest", "v3", "V10", "3", "_a", "a b", "a.b", "a" * 51, "ﬀ\u0000", "v٣"])
def test_bad_aliases(alias):
    with pytest.raises(InvalidName):
        clean_alias(alias)


@given(texts)
@example("İ")
@example("ß" * 100)
def test_a_clean_name_stays_as_it_is_and_is_harmless_everywhere(text):
    try:
        name = clean_name(text)
    except InvalidName:
        return
    assert clean_name(name) == name
    assert 1 <= len(name) <= 100
    assert not set(name) & set("/\\:@\"'`<>|*?$%#\n\r\t\0")
    assert key_of(key_of(name)) == key_of(name)
    assert key_of(name.swapcase().swapcase()) == key_of(key_of(name.swapcase().swapcase()))
    assert visible(name) == name


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Churn", "cHURN", True),
        ("straße", "STRASSE", True),
        ("É", "e\u0301", True),
        ("ſ", "s", True),
        ("\u212a", "k", True),
        ("ＡＢＣ", "abc", False),
        ("ı", "i", False),
        ("a b", "ab", False),
    ],
)
def test_names_are_the_same_without_regard_to_case(one, other, same):
    assert (key_of(one) == key_of(other)) is same


@given(st.lists(texts, max_size=60))
def test_tags_are_clean_or_refused(tags):
    try:
        clean = clean_tags(tags)
    except InvalidValue:
        return
    assert clean_tags(clean) == clean
    assert len({key_of(tag) for tag in clean}) == len(clean) <= 50
    assert all(tag == tag.strip() and 1 <= len(tag) <= 50 for tag in clean)


def test_a_string_is_one_tag_and_doubles_fall_out():
    assert clean_tags("two words") == ("two words",)
    assert clean_tags(["A", "a", " b ", "Straße", "STRASSE"]) == ("A", "b", "Straße")
    assert clean_tags(["👩\u200d🔬", "50% off <b>"]) == ("👩\u200d🔬", "50% off <b>")
    with pytest.raises(InvalidValue):
        clean_tags(f"t{n}" for n in range(51))


@given(texts)
def test_texts_are_clean_or_refused(text):
    try:
        clean = clean_text(text)
    except InvalidValue:
        return
    assert clean_text(clean) == clean
    clean.encode()


@pytest.mark.parametrize(
    "text",
    ["a\0b", "\x1b[2J", "\ud800", "x" * 10_001, 3, None],
    ids=lambda text: ascii(text)[:20],
)
def test_bad_texts(text):
    with pytest.raises(InvalidValue):
        clean_text(text)


def test_texts_keep_lines_and_html_as_they_are():
    assert clean_text(" <b>x</b>\r\n\ty \u202e") == "<b>x</b>\n\ty \u202e"
    assert clean_text("") == ""


# ---- metrics ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, 1),
        (0.5, 0.5),
        (np.float32(0.5), 0.5),
        (np.float64(0.25), 0.25),
        (np.int64(7), 7),
        (np.array(0.5), 0.5),
        (2**53 - 1, 2**53 - 1),
        (2**60, float(2**60)),
        (np.uint64(2**63), float(2**63)),
        (math.inf, math.inf),
        (np.float64("-inf"), -math.inf),
    ],
)
def test_numbers_of_any_kind_become_plain_numbers(value, expected):
    (clean,) = clean_metrics({"x": value}).values()
    assert clean == expected
    assert type(clean) is type(expected)


def test_nan_stays_nan():
    assert math.isnan(clean_metrics({"x": np.float32("nan")})["x"])


@pytest.mark.parametrize(
    "value",
    [
        *(True, "0.5", b"1", None, [1], np.array([1.0]), np.array("x"), 1j, {}, np.bool_(1)),
        10**400,
    ],
)
def test_what_is_no_number_is_no_metric(value):
    with pytest.raises(InvalidValue, match="metric 'x'"):
        clean_metrics({"x": value})


@pytest.mark.parametrize("key", ["", " ", "$float", "a\nb", "\u202e", "x" * 101])
def test_bad_names_of_metrics(key):
    with pytest.raises(InvalidValue):
        clean_metrics({key: 1})


def test_metrics_are_a_mapping_of_bounded_size():
    for bad in ([1], "x", None, {f"m{n}": n for n in range(1001)}):
        with pytest.raises(InvalidValue):
            clean_metrics(bad)
    assert clean_metrics({3: 1}) == {"3": 1}


def test_a_value_that_raises_is_refused():
    class Bad:
        def __float__(self):
            raise ValueError("no")

    with pytest.raises(InvalidValue):
        clean_metrics({"x": Bad()})


# ---- what is shown ---------------------------------------------------------------------------------------------------


@given(texts)
def test_what_is_shown_holds_nothing_invisible(text):
    shown = visible(text)
    assert not [char for char in shown if unicodedata.category(char)[0] == "C" and char not in "\u200c\u200d"]
    assert len(shown) <= 200 * 10 + 1


def test_escapes_are_those_of_python():
    assert visible("a\u202eb\n\0\U000e0001") == "a\\u202eb\\u000a\\u0000\\U000e0001"
    assert visible("x" * 201) == "x" * 200 + "…"


@given(texts)
@example("con")
@example("..")
@example("é" * 100)
@example("CON.txt")
def test_file_names_are_safe_everywhere(text):
    name = safe_file_name(text)
    assert name == safe_file_name(name)
    assert 1 <= len(name.encode()) <= 181
    assert not set(name) & set('/\\:*?"<>|\0\n')
    assert name.strip(" .") == name
    assert name.split(".")[0].casefold() not in {"con", "nul", "com1", "prn", "aux", "lpt9"}


# ---- references ------------------------------------------------------------------------------------------------------

good_names = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=30).map(
    lambda t: unicodedata.normalize("NFC", t)
)
good_aliases = good_names.filter(lambda text: _accepts(clean_alias, text))


def _accepts(clean, text):
    try:
        clean(text)
    except ModelStoreError:
        return False
    return True


good_names = good_names.filter(lambda text: _accepts(clean_name, text))


@st.composite
def references(draw):
    if draw(st.booleans()) and draw(st.booleans()):
        return Reference(id=draw(st.text("0123456789abcdef", min_size=8, max_size=32)))
    what = draw(st.sampled_from(("name", "version", "alias")))
    return Reference(
        name=draw(good_names),
        space=draw(st.none() | good_names),
        version=draw(st.integers(1, 2**31 - 1)) if what == "version" else None,
        alias=draw(good_aliases) if what == "alias" else None,
    )


@given(references())
def test_what_is_printed_is_read_as_the_same(ref):
    assert Reference.parse(str(ref)) == ref
    assert Reference.parse(f"  {ref} ") == ref
    assert Reference.parse(ref) is ref


@given(texts | st.from_regex(r"(models:/)?[a-z/]{0,9}[:@/]?[v0-9a-z]{0,12}", fullmatch=True))
def test_any_text_is_a_reference_or_refused(text):
    try:
        ref = Reference.parse(text)
    except (InvalidReference, InvalidName):
        return
    assert Reference.parse(str(ref)) == ref


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("churn", Reference(name="churn")),
        ("churn:3", Reference(name="churn", version=3)),
        ("churn:v3", Reference(name="churn", version=3)),
        ("churn:V03", Reference(name="churn", version=3)),
        ("churn:latest", Reference(name="churn")),
        ("churn@champion", Reference(name="churn", alias="champion")),
        ("team/churn:3", Reference(name="churn", version=3, space="team")),
        ("models:/churn/3", Reference(name="churn", version=3)),
        ("models:/churn/latest", Reference(name="churn")),
        ("models:/churn@champion", Reference(name="churn", alias="champion")),
        ("models:/churn", Reference(name="churn")),
        ("id:1F3A9C2E", Reference(id="1f3a9c2e")),
        ("id:1f3a9c2e-0000-4000-8000-000000000000", Reference(id="1f3a9c2e000040008000000000000000")),
        ("3", Reference(name="3")),
        ("latest", Reference(name="latest")),
    ],
)
def test_references_that_are_understood(text, expected):
    assert Reference.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ":",
        "@",
        "/",
        ":3",
        "@a",
        "/churn",
        "churn:",
        "churn@",
        "churn:0",
        "churn:-1",
        "churn:1.0",
        "churn:3:4",
        "churn@a:3",
        "churn@latest",
        "churn@v3",
        "churn:99999999999",
        "churn:2147483648",
        "id:",
        "id:1f3",
        "id:xyzxyzxyz",
        "id:--------",
        "a/b/c",
        "../churn",
        "churn:٣",
        None,
        3,
    ],
)
def test_references_that_are_refused(text):
    with pytest.raises((InvalidReference, InvalidName)):
        Reference.parse(text)


def test_the_rules_are_quoted_with_their_numbers():
    assert str(names.MAX_NAME) in names._NAME_RULE
    assert str(names.MAX_ALIAS) in names._ALIAS_RULE
