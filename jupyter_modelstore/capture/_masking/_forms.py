"""Secrets that are known by their form, whatever their name: tokens with a prefix, private keys, passwords in addresses.

Each kind has the words without which it cannot be there; a cell is searched only for kinds whose words it holds. No expression
can go back over more than a bounded stretch of text: what is searched may be a megabyte of anything.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from jupyter_modelstore.capture._masking import _names

Span = tuple[int, int]


class _Kind(NamedTuple):
    words: tuple[str, ...]
    pattern: re.Pattern[str]
    fits: Callable[[str], bool] | None = None  # a second look at what was found


# A token begins where no word goes on; the letter of ``\n`` and the digits of ``%20`` are no word.
_FRESH = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt])|(?<=%[0-9A-Fa-f]{2}))"


def _prefixed(body: str, prefixes: str, fits: Callable[[str], bool] | None = None) -> _Kind:
    words = tuple(prefixes.split())
    return _Kind(words, re.compile(f"{_FRESH}((?:{'|'.join(map(re.escape, words))}){body})"), fits)


def _of(words: str, pattern: str, fits: Callable[[str], bool] | None = None) -> _Kind:
    return _Kind(tuple(words.split()), re.compile(pattern), fits)


def _is_login(value: str) -> bool:
    """Tell whether base64 holds ``user:password``."""
    try:
        plain = base64.b64decode(value + "=" * (-len(value) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return False
    return ":" in plain and plain.isprintable()


def _is_bearer(value: str) -> bool:
    return _names.is_mixed(value) or _names.is_random(value)


def _is_given(value: str) -> bool:
    """Tell whether what stands behind ``?token=`` in an address is one, and not a word for it."""
    return not _names.stands_for(value) and _names.suits(_names.Says.NO_PATH, value)


_KINDS = (
    # GitHub, Stripe, Shopify, DigitalOcean, Linear, Docker and others.
    _prefixed(
        r"[A-Za-z0-9]{20,}[\w-]*(?:\.[\w-]{8,}){0,3}",
        "ghp_ gho_ ghu_ ghs_ ghr_ sk_live_ rk_live_ shpat_ shpca_ shppa_ shpss_ dop_v1_ doo_v1_ dor_v1_ lin_api_ "
        "lin_oauth_ KGAT_ wandb_v1_ glsa_ sntryu_ AGE-SECRET-KEY-1 whsec_ ATATT3 ATCTT3 xkeysib- rubygems_",
    ),
    # GitLab, Google, Supabase, Anthropic, OpenAI, Slack, Pinecone, LangSmith, Nvidia and others.
    _prefixed(
        r"[\w-]{16,}(?:\.[\w-]{2,}){0,3}",
        "github_pat_ glpat- gldt- glft- glrt- glcbt- glptt- glagent- glsoat- glimt- gloas- glffct- glwt- GOCSPX- "
        "sb_secret_ sk-ant- sk-proj- sk-svcacct- sk-admin- sk-or-v1- xoxa- xoxb- xoxc- xoxd- xoxe- xoxe.xoxb- "
        "xoxe.xoxp- xoxo- xoxp- xoxr- xoxs- xapp- pcsk_ lsv2_pt_ lsv2_sk_ nvapi- figd_ PMAK- dckr_pat_ dckr_oat_ "
        "pscale_tkn_ pscale_pw_ pscale_oauth_ sq0atp- sq0csp- fo1_ bedrock-api-key- ATBB AKCp",
    ),
    # Prefixes that may also begin a name of the user's: npm, Hugging Face, Groq, Replicate, Databricks, Stripe's test keys.
    _prefixed(
        r"[A-Za-z0-9]{16,}[\w-]*",
        "npm_ hf_ api_org_ gsk_ sk_test_ rk_test_ sk_prod_ ntn_ secret_ CLOJARS_ sbp_ sgp_ e2b_ tgp_v1_ r8_ fw_ pnu_ "
        "pnb_ dapi glc_ squ_ sqp_ sqa_ rdme_ jina_ vcp_ nfp_ rnd_ phx_ ops_ sk_ NRAK- LTAI AKID csk- pul- tvly- pplx- "
        "xai- key- CFPAT- HRKU- EAAA",
        _names.is_drawn,
    ),
    _prefixed(
        r"[\w-]{20,}(?:\.[\w-]{8,}){0,3}",
        "sk- pypi- ls__ hvs. hvb. hvr. ya29. AQ. 1//0 dp.pt. dp.st. dp.ct. dp.sa.",
        _names.is_drawn,
    ),
    _prefixed(r"[\w+/=-]{60,}", "sntrys_ fm1a_ fm1r_ fm2_ ABSK"),
    _of("AKIA ASIA ABIA ACCA", _FRESH + r"((?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16})(?![A-Za-z0-9])"),
    _of("AIza", r"(AIza[\w-]{30,})"),
    # JSON in base64 begins with eyJ: web tokens (three parts) and others.
    _of("eyJ", _FRESH + r"((?:[ps]k\.)?eyJ[\w+/-]{16,}(?:={1,2}|(?:\.[\w+/=-]+){1,4})?)"),
    _of("SG.", _FRESH + r"(SG\.[\w-]{10,}\.[\w-]{10,})"),
    _of("SK AC", _FRESH + r"((?:SK|AC)[0-9a-f]{32})(?![0-9A-Za-z])"),
    _of("Q~", r"([\w~.-]{3}\dQ~[\w~.-]{20,})"),
    _of("-us", r"(?<![0-9a-f])([0-9a-f]{32}-us\d{1,2})(?!\d)"),
    _of("atlasv1", r"(?<!\w)(\w{14}\.atlasv1\.[\w-]{20,})"),
    _of("pat", r"(pat\w{14}\.[0-9a-f]{40,})"),
    _of("sha256~", r"(sha256~[\w-]{30,})"),
    _of(":AA", _FRESH + r"(\d{7,12}:AA[\w-]{31,35})(?![\w-])"),  # Telegram
    _of("$", r"(\$(?:2[abxy]|[156y]|argon2\w{1,2}|pbkdf2\S{1,12})\$[\w./$+=,-]{20,})"),  # hashes of passwords
    _of("hooks.slack.com", r"hooks\.slack\.com/(?:services|workflows|triggers)/([\w/+-]{8,})"),
    _of("discord", r"discord(?:app)?\.com/api/webhooks/\d+/([\w-]{16,})"),
    _of("webhook.office.com", r"webhook\.office\.com/webhookb2/([\w@/-]{16,})"),
    _of("hooks.zapier.com", r"hooks\.zapier\.com/hooks/catch/([\w/]{8,})"),
    _of("AccountKey SharedAccessKey SharedSecretValue", r"(?:AccountKey|SharedAccessKey|SharedSecretValue)=([\w+/=%-]{16,})"),
    _of("sig=", r"(?<![A-Za-z])sig=([\w%+/=-]{16,})", lambda value: "%" in value or _names.is_random(value)),
    _of(
        "token= auth= jwt= password= passwd= secret=",
        r"://[^\s\"'`<>{}]{1,300}?[?&](?:auth[_-]?|access[_-]?|api[_-]?|user[_-]?)?(?:token|auth|jwt|password|passwd|secret)="
        r"([^\s&#\"'`<>{}\\]{6,400})",
        _is_given,
    ),
    _of("earer", r"(?<!\w)[Bb]earer[ \t]+([\w.~+/=:-]{8,400})", _is_bearer),
    _of("EARER", r"(?<!\w)BEARER[ \t]+([\w.~+/=:-]{8,400})", _is_bearer),
    _of("asic ASIC", r"(?<!\w)(?:[Bb]asic|BASIC)[ \t]+([A-Za-z0-9+/]{6,400}={0,2})", _is_login),
)
_ADDRESSES = (
    # Up to the last @ before the path; or, where that fails, over what should have been quoted in the password.
    re.compile(r"(?<=://)[^\s/?#@:\"'`<>\\]{0,100}:([^\s\"'`<>/?#]{1,200})@(?=[^\s@])"),
    re.compile(r"(?<=://)[^\s/?#@:\"'`<>\\]{0,100}:(?!\d{1,5}(?:[/?#]|(?!\S)))([^\s\"'`<>]{1,100})@(?=[\w\[{%$])"),
    re.compile(r"(?<=://)()([^\s/?#@:\"'`<>\\]{16,200})@(?=[\w\[{%$])"),
)
_ADDRESS_WITH_QUOTES = re.compile(r"(?<=://)[^\s/?#@:\"'`<>\\]{0,100}:([^\s/?#<>]{1,100})@(?=[\w\[{%$])")
_PRIVATE_KEY = re.compile(r"-----(BEGIN|END) [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_KEY_MATERIAL = re.compile(r"[A-Za-z0-9+/]{8}")


def known(text: str) -> Iterator[Span]:
    """Yield where secrets of a known form stand."""
    for words, pattern, fits in _KINDS:
        if any(map(text.__contains__, words)):
            for found in pattern.finditer(text):
                if fits is None or fits(found[1]):
                    yield found.span(1)
    if "://" in text and "@" in text:
        yield from _passwords(text)
    if "PRIVATE KEY-----" in text or "PRIVATE KEY BLOCK-----" in text:
        yield from _private_keys(text)


def _passwords(text: str) -> Iterator[Span]:
    """Yield the passwords of addresses, and user names that are tokens."""
    for pattern in _ADDRESSES:
        for found in pattern.finditer(text):
            group = found.lastindex or 1
            if group == 1 and _names.suits(_names.Says.SURE, found[1]):
                yield found.span(1)
            elif group > 1 and _names.is_random(found[2]):
                yield found.span(2)


def quoted_password(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield passwords with quotation marks in them; only the limits of a literal tell that these end nothing."""
    if "@" in text[start:end]:
        for found in _ADDRESS_WITH_QUOTES.finditer(text, start, end):
            if _names.suits(_names.Says.SURE, found[1]):
                yield found.span(1)


def _private_keys(text: str) -> Iterator[Span]:
    """Yield what stands between the first and the last line of a private key; all that follows, if the last is missing."""
    start = None
    for found in _PRIVATE_KEY.finditer(text):
        if found[1] == "BEGIN":
            start = found.end()
        elif start is not None:
            if _KEY_MATERIAL.search(text, start, found.start()):
                yield start, found.start()
            start = None
    if start is not None and _KEY_MATERIAL.search(text, start):
        yield start, len(text)
