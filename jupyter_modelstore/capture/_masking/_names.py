"""Which names say that a secret follows, and which values can be one.

``password`` and ``api_key`` are never anything else. ``token`` and ``key`` are daily words of whoever works with data: there
the value decides too. So a name gives a degree of suspicion, and the higher it is, the less is asked of the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import IntEnum
from functools import lru_cache


class Says(IntEnum):
    """What a name says of its value, and what that takes to be masked."""

    NOTHING = 0
    RANDOM = 1  # ``…_key``, ``salt``: something long and random
    UNUSUAL = 2  # ``token``, ``auth``: not a word, a sentence, a path or a marker such as ``[PAD]``
    NO_PATH = 3  # ``pwd``: anything but a path
    SURE = 4  # ``password``, ``api_key``: anything at all


def words(text: str) -> frozenset[str]:
    """Return the words of a text as a set."""
    return frozenset(text.split())


_ENDS = (
    "password passwd passphrase passcode passwort kennwort wachtwoord senha contraseña contrasena motdepasse secret "
    "apikey secretkey accesskey authkey privatekey authtoken accesstoken apitoken clientsecret authorization"
)
_SURE_ENDS = tuple(_ENDS.split())
_SURE = words(_ENDS) | {"psw", "pw"}
# What a key may be called for it to be a secret for sure, and for it to be none; others are keys of tables and dictionaries.
_SECRET_KEYS = words(
    "api access secret auth encryption encrypt decryption signing master subscription aes hmac fernet consumer sas "
    "openai anthropic stripe twilio sendgrid mistral cohere gemini groq tavily serpapi"
)
_UNUSUAL_KEYS = words(
    "private ssh rsa service account client shared license licence deploy session app application admin root storage bot"
)
# Whose pass is a password; other passes are runs and filters.
_PASSES = words(
    "db database user smtp ftp mail email my sql mysql pg postgres mongo redis root admin login ssh proxy wifi server http"
)
_OTHER_KEYS = words(
    "public pub publishable primary foreign partition sort cache dict join object s row column group idempotency"
)
# What goes before ``token`` where it is a word of a text.
_ORDINARY = words(
    "pad unk eos bos mask sep cls oov stop special start end next prev previous first last blank begin image word sub "
    "subword input output prompt new added extra n num max min total text query source target context label raw all "
    "per unique rare non top known unknown current this other lemma str generated predicted pred true low high band "
    "one two single multi forward backward by second fim eot bot think draft speech audio video instance initializer "
    "placeholder trigger modifier identity concept delimiter separator"
)
_UNUSUAL = words("auth oauth credential cred dsn jwt bearer cookie")
_RANDOM = words("key salt pepper nonce signature sig hmac webhook session sessionid license licence pat sas certificate seed")
# After these the name tells about a secret, or of where it is kept.
_ABOUT = words(
    "length len size count num number n min max pattern re regex regexp field fields col cols column columns name "
    "names file filename path paths dir folder url uri endpoint host type types kind strength policy label labels "
    "hint prompt placeholder id ids uid uuid input form format method mode env envvar var variable header headers "
    "prefix suffix expiry expires expiration ttl age manager provider version df data dataset frame series feature "
    "features score scores entropy algorithm algo model vector vectors embedding embeddings idx index indices "
    "position pos start end freq frequency tokenizer encoder vocab required enabled valid ok error message msg title "
    "description desc help doc docs note limit budget usage rate price cost class cls func function callback handler "
    "validator checker generator factory store scope scopes service client arn ref reference alias tag target group "
    "role username email owner domain realm issuer source location region counter counts classification accuracy loss"
)
# Before these the secret itself is named.
_TAILS = words(
    "value val str string text plain raw b base bytes hex encoded enc prod production dev development staging stage "
    "test testing live sandbox old new default current admin root main primary secondary backup local remote tmp temp"
)
# Names of what is long and random, and no secret.
_IDENTIFIES = words(
    "hash hashes sha md digest checksum crc commit revision rev git uuid guid etag fingerprint id ids version url uri "
    "path file filename image img run experiment sheet drive model checkpoint integrity name known doi hex public"
)
_CAMEL = re.compile(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W\d_]+")


@lru_cache(maxsize=4096)
def words_of(name: str) -> tuple[str, ...]:
    """Return the words of ``dbPassword``, ``DB_PASSWORD2`` or ``X-Api-Key``, in small letters."""
    return tuple(_WORD.findall(_CAMEL.sub("_", name[-100:]).lower()))


@lru_cache(maxsize=4096)
def says(name: str) -> Says:
    """Return how much a name says that its value is a secret."""
    parts = list(words_of(name))
    while len(parts) > 1 and parts[-1] in _TAILS:
        parts.pop()
    *before, last = [_singular(part) for part in parts] or [""]
    prior = before[-1] if before else ""
    if last == "id" and prior == "key" and not {"access", "private", "secret"}.isdisjoint(before):
        return Says.SURE
    if last in _ABOUT:
        return Says.NOTHING
    if last in _SURE or last.endswith(_SURE_ENDS) or (last == "pwd" and prior):
        return Says.SURE
    if last in _BY_PRIOR:
        return _BY_PRIOR[last](prior, name)
    if last in _UNUSUAL or not _SURE.isdisjoint(before):
        return Says.UNUSUAL
    return Says.RANDOM if last in _RANDOM else Says.NOTHING


def _singular(word: str) -> str:
    one = word.removesuffix("s")
    return one if one in _SURE or one in _UNUSUAL or one in _RANDOM or one in _BY_PRIOR else word


def _token(prior: str, name: str) -> Says:
    return Says.UNUSUAL if prior in _ORDINARY or not (prior or name.isupper()) else Says.NO_PATH


def _pass(prior: str, _name: str) -> Says:
    return Says.SURE if prior in _PASSES else Says.UNUSUAL


def _key(prior: str, _name: str) -> Says:
    if prior in _UNUSUAL_KEYS:
        return Says.UNUSUAL
    if prior in _OTHER_KEYS:
        return Says.NOTHING
    return Says.NO_PATH if prior in _SECRET_KEYS else Says.RANDOM


_BY_PRIOR: dict[str, Callable[[str, str], Says]] = {
    "token": _token,
    "pass": _pass,
    "key": _key,
    "pwd": lambda _prior, _name: Says.NO_PATH,
}


# What stands for a secret: nothing, stars, a variable of the shell, a field, a word in angle brackets.
_STANDS_FOR = re.compile(
    r"[*•.…\s]*|\$[A-Z_][A-Z\d_]*|\$\{\w+\}|\$\([^()]*\)|\{[^{}]*\}|\{\{[^{}]*\}\}|<[A-Za-z][\w .-]*>|%\(\w+\)[sd]|%[sdr]|%\w+%"
    r"|None|null|nil|undefined|[A-Za-z]{0,8}[_-]?(?:[a-z]{1,8}[_-])?(?:\.{3,}|…)"
)
_SCHEME = re.compile(r"(?i)(?:bearer|basic|token|digest|apikey|negotiate)(?:\s+|\Z)")
_NAME_OF_ONE = re.compile(r"[A-Z][A-Z\d]*(?:_[A-Z\d]+)+")
_PATH = re.compile(
    r"(?:~|\.{1,2}|[A-Za-z]:)?(?:[\\/]{1,2}[\w. -]+)+[\\/]?"
    r"|[\w. /\\-]+\.(?:json|ya?ml|toml|txt|pem|key|csv|ini|cfg|env|p12|pfx|crt|cer|pub|db)"
)
_WORD_OR_TWO = r"(?:[A-Z]?[a-z]{1,20}(?:[A-Z][a-z]{2,20}){0,4}|[A-Z]{1,20})"
_PLAIN = re.compile(rf"[\s_.,:;/!?'@#-]*{_WORD_OR_TWO}(?:[\s_.,:;/!?'-]+{_WORD_OR_TWO})*[\s_.:!?-]*")
_MARKER = re.compile(r"[<\[({|].*[>\])}|]|#+\w*|@@?\w*", re.DOTALL)
_SIGN_OF_LIFE = re.compile(r"[^\W_]")
_BRACKETS = re.compile(r"[()\[\]{}<>]")
_RANDOM_CHARS = re.compile(r"[\w+/=.~:-]+", re.ASCII)
_SIGNS = re.compile(r"[^A-Za-z0-9]+")
_TURN = re.compile(r"[a-z](?=[A-Z0-9])|[A-Z](?=[a-z0-9])|[0-9](?=[A-Za-z])")
_CAPITAL = re.compile(r"[A-Z](?=[a-z]{2})")
_MOST_SIGNS = 0.15  # base64 has 2 in 64
_KINDS = (re.compile(r"[a-z]"), re.compile(r"[A-Z]"), re.compile(r"[0-9]"))
_HEX = re.compile(r"[0-9a-f]{32,512}|[0-9A-F]{32,512}")
_BASE64 = re.compile(r"(?!sha\d)[A-Za-z0-9+/_-]{32,512}={0,2}")
_UNUSUAL_LENGTH = 8  # "oauth2" is none
_MIXED_LENGTH = 6
_RANDOM_LENGTH = 16


def is_secret(name: str, value: str) -> bool:
    """Tell whether a value that goes by a name is to be masked."""
    return suits(says(name), value) or hides(name, value)


def hides(name: str, value: str) -> bool:
    """Tell whether a value is long and drawn, and its name does not say that it only identifies something."""
    return is_opaque(value) and not identifies(name)


def identifies(name: str) -> bool:
    """Tell whether a name is that of a hash, a number, a file."""
    return "." in name or not _IDENTIFIES.isdisjoint(words_of(name))


def suits(level: Says, value: str) -> bool:
    """Tell whether a value is what a name says."""
    value = value[:10_000].strip()
    scheme = _SCHEME.match(value)
    bare = value[scheme.end() :] if scheme else value
    if level is Says.NOTHING or stands_for(bare) or (len(bare) < _MIXED_LENGTH and not _SIGN_OF_LIFE.search(bare)):
        return False
    if level >= Says.NO_PATH and _NAME_OF_ONE.fullmatch(bare) and says(bare) >= Says.UNUSUAL:
        return False
    if level is Says.SURE:
        return True
    if level is Says.RANDOM:
        return is_random(bare)
    return is_unusual(bare) if level is Says.UNUSUAL else not is_path(bare)


def stands_for(value: str) -> bool:
    """Tell whether a value is a mask, a variable or a field."""
    return _STANDS_FOR.fullmatch(value) is not None


def is_plain(value: str) -> bool:
    """Tell whether a value is made of words."""
    return _PLAIN.fullmatch(value) is not None


def is_path(value: str) -> bool:
    """Tell whether a value is a path or a file's name; what was drawn may hold slashes too."""
    return _PATH.fullmatch(value) is not None and not is_random(value)


def is_unusual(value: str) -> bool:
    """Tell whether a value is no word, sentence, path, address or marker."""
    if len(value) < _UNUSUAL_LENGTH or "://" in value or len(value.split()) > 1:
        return False
    return not (is_plain(value) or is_path(value) or _MARKER.fullmatch(value))


def is_mixed(value: str) -> bool:
    """Tell whether a value that no quotes set apart looks like no word and no code."""
    letters, digits = any(map(str.isalpha, value)), any(map(str.isdigit, value))
    if not (letters and digits) or len(value) < _MIXED_LENGTH or _BRACKETS.search(value) or "://" in value:
        return False
    return not (is_plain(value) or is_path(value))


def is_random(value: str) -> bool:
    """Tell whether a value looks drawn, not written: in words, letters and digits keep together."""
    if len(value) < _RANDOM_LENGTH or not _RANDOM_CHARS.fullmatch(value) or value.isalpha():
        return False
    digits = _SIGNS.sub("", value)
    if len(value) - len(digits) > _MOST_SIGNS * len(value):
        return False
    turns = _TURN.findall(_CAPITAL.sub("a", value))
    return len(turns) >= (0.2 if len(value) >= 32 else 0.25) * len(digits)  # noqa: PLR2004 (drawn ones turn at 0.4, words at 0.1)


def is_drawn(value: str) -> bool:
    """Tell the same of a value that begins as a token does: there it is enough that it is not all words."""
    digits = _SIGNS.sub("", value)
    return len(digits) >= 20 and len(_TURN.findall(digits)) >= 0.12 * len(digits)  # noqa: PLR2004 (see is_random)


def is_opaque(value: str) -> bool:
    """Tell whether a value is long hexadecimal or base64 of many different characters, whatever its name."""
    value = value.strip()
    if _HEX.fullmatch(value):
        return len(set(value)) >= 10 and not value.isdecimal()  # noqa: PLR2004 (32 drawn ones have 14)
    return is_opaque_base64(value)


def is_opaque_base64(value: str) -> bool:
    """Tell whether a value is long and mixes capitals, small letters and digits as only chance does."""
    if not _BASE64.fullmatch(value):
        return False
    value = value.rstrip("=")
    digits = _SIGNS.sub("", value)
    if len(value) - len(digits) > _MOST_SIGNS * len(value):
        return False
    mixed = all(len(kind.findall(digits)) > 1 for kind in _KINDS)
    # Counted with the signs: what they set apart does not turn.
    return mixed and len(_TURN.findall(value)) >= 0.35 * len(digits)
