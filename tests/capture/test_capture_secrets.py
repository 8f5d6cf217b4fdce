"""Secrets in cells are masked, ordinary code is not, and what is masked is still the cell that it was.

No secret stands here as a whole: each is drawn when the tests run, from parts, so that no scanner finds any in this repository.
"""

from __future__ import annotations

import ast
import base64
import json
import random
import string
import time
import warnings
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from jupyter_modelstore.capture._masking import _literals, _names
from jupyter_modelstore.capture._secrets import mask

ROOT = Path(__file__).parents[2]
LETTERS = string.ascii_letters
DIGITS = string.digits
LOWER = string.ascii_lowercase
ALNUM = LETTERS + DIGITS
URL_SAFE = ALNUM + "-_"
BASE64 = ALNUM + "+/"
CAPITALS = string.ascii_uppercase + DIGITS
HEX = DIGITS + "abcdef"


def generator(seed):
    return random.Random(seed)  # noqa: S311 (the same secrets in every run)


def drawn(rng, characters, count):
    return "".join(rng.choices(characters, k=count))


def uuid(rng):
    return "-".join(drawn(rng, HEX, count) for count in (8, 4, 4, 4, 12))


def jwt(rng, **claims):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return ".".join([part({"alg": "HS256", "typ": "JWT"}), part({"iss": "supabase", **claims}), drawn(rng, URL_SAFE, 43)])


# Known by their form; in any place, by any name.
FORMS = {
    "AWS access key id": lambda r: "AK" + "IA" + drawn(r, CAPITALS, 16),
    "AWS temporary key id": lambda r: "AS" + "IA" + drawn(r, CAPITALS, 16),
    "GitHub, classic": lambda r: "gh" + "p_" + drawn(r, ALNUM, 36),
    "GitHub, OAuth": lambda r: "gh" + "o_" + drawn(r, ALNUM, 36),
    "GitHub, app": lambda r: "gh" + "s_" + drawn(r, ALNUM, 36),
    "GitHub, fine-grained": lambda r: "github" + "_pat_" + drawn(r, ALNUM, 22) + "_" + drawn(r, ALNUM, 59),
    "GitLab": lambda r: "gl" + "pat-" + drawn(r, URL_SAFE, 20),
    "Slack, bot": lambda r: "xo" + "xb-" + drawn(r, DIGITS, 12) + "-" + drawn(r, DIGITS, 12) + "-" + drawn(r, ALNUM, 24),
    "Slack, user": lambda r: "xo" + "xp-" + drawn(r, DIGITS, 12) + "-" + drawn(r, DIGITS, 12) + "-" + drawn(r, HEX, 32),
    "Google API key": lambda r: "AI" + "za" + drawn(r, URL_SAFE, 35),
    "Google client secret": lambda r: "GOC" + "SPX-" + drawn(r, URL_SAFE, 28),
    "Google access token": lambda r: "ya" + "29." + drawn(r, URL_SAFE, 60),
    "web token": lambda r: jwt(r, sub=drawn(r, DIGITS, 10)),
    "Supabase service role": lambda r: jwt(r, role="service_role", ref=drawn(r, LOWER, 20)),
    "Supabase secret key": lambda r: "sb" + "_secret_" + drawn(r, URL_SAFE, 31),
    "OpenAI": lambda r: "s" + "k-" + drawn(r, ALNUM, 48),
    "OpenAI project": lambda r: "s" + "k-proj-" + drawn(r, URL_SAFE, 100),
    "Anthropic": lambda r: "s" + "k-ant-api03-" + drawn(r, URL_SAFE, 93) + "AA",
    "OpenRouter": lambda r: "s" + "k-or-v1-" + drawn(r, HEX, 64),
    "Hugging Face": lambda r: "h" + "f_" + drawn(r, LETTERS, 34),
    "Stripe": lambda r: "sk" + "_live_" + drawn(r, ALNUM, 24),
    "Stripe, restricted": lambda r: "rk" + "_live_" + drawn(r, ALNUM, 24),
    "Stripe, test": lambda r: "sk" + "_test_" + drawn(r, ALNUM, 24),
    "npm": lambda r: "np" + "m_" + drawn(r, ALNUM, 36),
    "PyPI": lambda r: "py" + "pi-AgEI" + drawn(r, URL_SAFE, 160),
    "SendGrid": lambda r: "S" + "G." + drawn(r, URL_SAFE, 22) + "." + drawn(r, URL_SAFE, 43),
    "Twilio key": lambda r: "S" + "K" + drawn(r, HEX, 32),
    "Twilio account": lambda r: "A" + "C" + drawn(r, HEX, 32),
    "Databricks": lambda r: "da" + "pi" + drawn(r, HEX, 32),
    "DigitalOcean": lambda r: "do" + "p_v1_" + drawn(r, HEX, 64),
    "Groq": lambda r: "gs" + "k_" + drawn(r, ALNUM, 52),
    "Replicate": lambda r: "r" + "8_" + drawn(r, ALNUM, 37),
    "Pinecone": lambda r: "pc" + "sk_" + drawn(r, ALNUM, 6) + "_" + drawn(r, ALNUM, 63),
    "Azure client secret": lambda r: drawn(r, ALNUM, 3) + "8" + "Q~" + drawn(r, ALNUM + "~.-_", 31) + "x",
    "Shopify": lambda r: "shp" + "at_" + drawn(r, HEX, 32),
    "Docker": lambda r: "dckr" + "_pat_" + drawn(r, URL_SAFE, 27),
    "Telegram": lambda r: drawn(r, "123456789", 10) + ":AA" + drawn(r, URL_SAFE, 33),
    "Mailchimp": lambda r: drawn(r, HEX, 32) + "-us" + "12",
    "Vault": lambda r: "hv" + "s." + drawn(r, URL_SAFE, 95),
    "Notion": lambda r: "nt" + "n_" + drawn(r, DIGITS, 11) + drawn(r, ALNUM, 35),
    "hash of a password": lambda r: "$2b$" + "12$" + drawn(r, ALNUM + "./", 53),
    "JSON in base64": lambda r: base64.b64encode(json.dumps({"api_url": "x", "key": drawn(r, ALNUM, 40)}).encode()).decode(),
}
ANYWHERE = {
    "argument": 'client = Client("{}")',
    "single quotes": "x = ['{}']",
    "environment": 'os.environ["X"] = "{}"',
    "bytes": 'x = b"{}"',
    "raw": 'x = r"{}"',
    "f-string": 'x = f"{{base}}/{}/{{name!r:>{{width}}}}"',
    "f-string in f-string": "x = f\"{{f'{}'}}\"",
    "comment": "x = 1  # {}",
    "triple quotes": 'x = """\n  a: 1\n  b: {}\n"""',
    "escapes around": 'x = "a\\n{}\\n"',
    "in JSON": 'x = json.loads(\'{{"a": "{}", "b": 2}}\')',
    "in an address": 'requests.get("https://example.com/a?b={}&c=1")',
    "header": 'h = {{"X-Custom": "{}"}}',
    "command": "!curl -s https://example.com/{}/a",
    "assigned command": "out = !echo {}",
    "magic": "%env SOMETHING={}",
    "cell magic": "%%bash\ncurl -H 'X-Custom: {}' https://example.com",
    "file": "%%writefile a.txt\n{}\n",
    "HTML": '%%html\n<a href="x" data-x="{}">x</a>',
    "timed": '%time run("{}")',
    "broken code": 'def f(:\n    x = "{}"\n',
    "beside umlauts": 'ä = "ö"; x = "ü{{}}".format("{}")',
    "after Windows lines": 'a = 1\r\nx = "{}"\r\n',
    "nothing else": "{}",
}


def halves(secret):
    middle = len(secret) // 2
    return secret[:middle], secret[middle:]


TORN = {
    "side by side": 'x = "{}" "{}"',
    "on lines": 'x = (\n    "{}"  # first\n    "{}"\n)',
    "added": "x = '{}' + \"{}\"",
    "continued": 'x = "{}\\\n{}"',
    "added in broken code": 'x = = "{}" + "{}"',
}

# Known by a name, by an address, by what goes before.
PASSWORDS = {
    "a good one": lambda r: drawn(r, ALNUM + "!%^*_+~|;:,.?", 20) + "x",
    "letters": lambda r: drawn(r, LOWER, 14),
    "digits": lambda r: drawn(r, "123456789", 12),
}
NAMED = {
    "variable": 'password = "{}"',
    "short name": "pwd = '{}'",
    "attribute": 'self.db_passwd = "{}"',
    "argument": 'psycopg2.connect(host="h", user="me", password="{}")',
    "key": 'config = {{"user": "me", "api_key": "{}"}}',
    "environment": 'os.environ["DB_PASSWORD"] = "{}"',
    "setdefault": 'os.environ.setdefault("DB_PASSWORD", "{}")',
    "default": 'password = os.getenv("DB_PASSWORD", "{}")',
    "parameter": 'def connect(host, *, client_secret="{}"):\n    pass',
    "annotated": 'class A:\n    secret: str = "{}"',
    "unpacked": 'user, password = "me", "{}"',
    "choice": 'password = "{}" if debug else None',
    "wrapped": 'password = SecretStr("{}")',
    "encoded": 'password = "{}".encode()',
    "triple quotes": 'password = """{}"""',
    "bytes": 'password = b"{}"',
    "compared": 'if password == "{}":\n    pass',
    "login": 'requests.get(url, auth=("me", "{}"))',
    "option in a list": 'subprocess.run(["tool", "--password", "{}"])',
    "option with a default": 'parser.add_argument("--password", default="{}")',
    "set": 'keyring.set_password("service", "me", "{}")',
    "JSON in a string": 'x = \'{{"password": "{}"}}\'',
    "JSON with escapes": 'x = "{{\\"password\\": \\"{}\\"}}"',
    "in an f-string's field": "x = f\"{{connect(password='{}')}}\"",
    "comment": '# password = "{}"',
    "broken code": 'password = "{}"\nfor',
    "broken code, argument": 'connect(password="{}"',
    "broken code, key": 'x = {{"password": "{}",,}}',
    "with a command": '!ls\npassword = "{}"',
    "with a magic on top": '%%time\npassword = "{}"',
    "timed": '%time connect(password="{}")',
}
SHELL = {
    "export": "!export AWS_SECRET_ACCESS_KEY={}",
    "before a command": "!PGPASSWORD='{}' psql -h host",
    "option": '!tool --password "{}" -v',
    "option with =": "!tool --api-key={} -v",
    "curl": "!curl -u 'me:{}' https://example.com",
    "env": "%env DB_PASSWORD={}",
    "env with a blank": "%env DB_PASSWORD {}",
    "set_env": "%set_env DB_PASSWORD={}",
    "bash": "%%bash\nexport DB_PASSWORD={}\ntool",
    "dotenv": "%%writefile .env\nA=1\nDB_PASSWORD={}\n",
    "YAML": "%%writefile a.yaml\ndb:\n  user: me\n  password: {}\n",
    "INI": "%%file a.ini\n[db]\npassword = {}\n",
    "Python in a file": "%%writefile a.py\nconnect(password='{}')\n",
    "SQL": "%%sql\nCREATE USER me WITH PASSWORD '{}'",
}
ADDRESSES = {
    "PostgreSQL": 'create_engine("postgresql+psycopg2://me:{}@db.example.com:5432/a?x=1")',
    "MongoDB": 'MongoClient("mongodb+srv://me:{}@cluster.example.net/?w=1")',
    "Redis": 'redis.from_url("redis://:{}@localhost:6379/0")',
    "git": "!git clone https://me:{}@example.com/a/b.git",
    "pip": "%pip install --index-url https://me:{}@pypi.example.com/simple a",
    "f-string": 'x = f"mysql://{{user}}:{}@{{host}}/a"',
    "comment": "# was: amqp://me:{}@host:5672//",
    "in YAML": '%%writefile a.yml\nurl: "ftp://me:{}@host"',
}
RANDOM = {
    "AWS secret key": ('aws_secret_access_key="{}"', lambda r: drawn(r, BASE64, 40)),
    "AWS secret key, of a client": ('boto3.client("s3", aws_secret_access_key="{}")', lambda r: drawn(r, BASE64, 40)),
    "AWS secret key, in a file": ("%%writefile c\naws_secret_access_key = {}\n", lambda r: drawn(r, BASE64, 40)),
    "Twilio token": ('auth_token = "{}"', lambda r: drawn(r, HEX, 32)),
    "token": ('Client(token="{}")', lambda r: drawn(r, ALNUM, 24)),
    "key": ('wandb.login(key="{}")', lambda r: drawn(r, HEX, 40)),
    "Kaggle": ('json.dump({{"username": "me", "key": "{}"}}, f)', lambda r: drawn(r, HEX, 32)),
    "Azure account key": (
        's = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey={}==;EndpointSuffix=x"',
        lambda r: drawn(r, BASE64, 86),
    ),
    "Azure signature": (
        'pd.read_csv("https://a.blob.core.windows.net/c/f.csv?sv=2022-11-02&sr=b&sig={}%3D")',
        lambda r: drawn(r, ALNUM, 43),
    ),
    "Azure connection": ('s = "Server=tcp:a,1433;User ID=me;Password={};Encrypt=yes"', lambda r: drawn(r, ALNUM + "!$", 16)),
    "ODBC": ('pyodbc.connect("DRIVER={{x}};SERVER=a;UID=me;PWD={}")', lambda r: drawn(r, ALNUM, 14)),
    "libpq": ('psycopg2.connect("host=a dbname=b user=me password={}")', lambda r: drawn(r, LOWER, 12)),
    "bearer": ('h = {{"Authorization": "Bearer {}"}}', lambda r: drawn(r, URL_SAFE, 40)),
    "bearer in a command": ('!curl -H "Authorization: Bearer {}" https://a', lambda r: drawn(r, URL_SAFE, 40)),
    "basic": (
        'h = {{"Authorization": "Basic {}"}}',
        lambda r: base64.b64encode(("me:" + drawn(r, ALNUM, 16)).encode()).decode(),
    ),
    "basic in a string": (
        'x = "-H Authorization: Basic {} x"',
        lambda r: base64.b64encode(("me:" + drawn(r, ALNUM, 16)).encode()).decode().rstrip("="),
    ),
    "header of one's own": ('h = {{"X-Api-Key": "{}"}}', uuid),
    "in an address": ('requests.get("https://a/b?api_key={}&c=1")', lambda r: drawn(r, ALNUM, 20)),
    "Slack hook": (
        'u = "https://hooks.slack.com/services/{}"',
        lambda r: f"T{drawn(r, CAPITALS, 9)}/B{drawn(r, CAPITALS, 9)}/{drawn(r, ALNUM, 24)}",
    ),
    "Discord hook": ('u = "https://discord.com/api/webhooks/123456789/{}"', lambda r: drawn(r, URL_SAFE, 60)),
    "unknown, base64": ('x = "{}"', lambda r: drawn(r, BASE64, 48)),
    "unknown, hexadecimal": ('thing = "{}"', lambda r: drawn(r, HEX, 48)),
    "Weights & Biases": ("!wandb login {}", lambda r: drawn(r, HEX, 40)),
    "ngrok": ("!ngrok config add-authtoken {}", lambda r: drawn(r, ALNUM, 27) + "_" + drawn(r, ALNUM, 21)),
    "AWS, configured": ("!aws configure set aws_secret_access_key {}", lambda r: drawn(r, BASE64, 40)),
    "Twilio client": ('client = Client("me", "{}")', lambda r: drawn(r, HEX, 32)),
    "Spark": ('spark.conf.set("fs.s3a.secret.key", "{}")', lambda r: drawn(r, BASE64, 40)),
    "Tweepy": ('tweepy.OAuthHandler("a", "{}")', lambda r: drawn(r, ALNUM, 50)),
    "Fernet": ('f = Fernet(b"{}=")', lambda r: drawn(r, URL_SAFE, 43)),
    "salt": ('SALT = "{}"', lambda r: drawn(r, ALNUM, 24)),
    "Sentry": ('sentry_sdk.init("https://{}@o1.ingest.sentry.io/2")', lambda r: drawn(r, HEX, 32)),
}


def assert_gone(secret, cell, environ=None):
    """Fail unless nothing of a secret, 12 characters or longer, is left, and the cell remains one."""
    masked, count = mask(cell, environ or {})
    pieces = {secret[start : start + 12] for start in range(max(len(secret) - 11, 1))}
    left = [piece for piece in pieces if piece in masked]
    assert not left, masked
    assert count >= 1
    assert_still_the_cell(cell, masked)


def assert_still_the_cell(cell, masked):
    assert len(f"{masked}.".splitlines()) == len(f"{cell}.".splitlines())
    if parses(cell):
        assert parses(masked), masked
    assert mask(masked, {}) == (masked, 0)


def parses(cell):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(cell)
    except (SyntaxError, ValueError):
        return False
    return True


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", FORMS)
def test_secrets_of_a_known_form_are_masked_wherever_they_stand(kind, seed):
    secret = FORMS[kind](generator(f"{kind}{seed}"))
    for context in ANYWHERE.values():
        assert_gone(secret, context.format(secret))
    for context in TORN.values():
        first, second = halves(secret)
        cell = context.format(first, second)
        masked, count = mask(cell, {})
        assert first[:12] not in masked
        assert second[-12:] not in masked
        assert count >= 1
        assert_still_the_cell(cell, masked)


@pytest.mark.parametrize("kind", PASSWORDS)
@pytest.mark.parametrize("context", [*NAMED, *SHELL])
def test_what_a_name_says_is_masked(context, kind):
    secret = PASSWORDS[kind](generator(f"{context}{kind}"))
    assert_gone(secret, (NAMED | SHELL)[context].format(secret))


@pytest.mark.parametrize("kind", PASSWORDS)
@pytest.mark.parametrize("context", ADDRESSES)
def test_passwords_in_addresses_are_masked_and_the_rest_stays(context, kind):
    secret = PASSWORDS[kind](generator(f"{context}{kind}"))
    for written in {quote(secret, safe=""), secret.replace("?", "").replace(":", "")}:
        cell = ADDRESSES[context].format(written)
        assert_gone(written, cell)
        assert mask(cell, {})[0] == cell.replace(written, "***")


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", RANDOM)
def test_random_values_are_masked(kind, seed):
    context, draw = RANDOM[kind]
    secret = draw(generator(f"{kind}{seed}"))
    assert_gone(secret, context.format(secret))


def private_key(rng, kind):
    lines = [drawn(rng, BASE64, 64) for _ in range(6)] + [drawn(rng, BASE64, 30) + "=="]
    return [f"-----BEGIN {kind}PRIVATE" + " KEY-----", *lines, f"-----END {kind}PRIVATE" + " KEY-----"]


@pytest.mark.parametrize("kind", ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "])
def test_private_keys_are_masked_and_their_lines_stay(kind):
    lines = private_key(generator(kind), kind)
    rows, escaped = "\n".join(lines), "\\n".join(lines)
    cells = [
        f'x = """{rows}\n"""\ny = 2',
        f'x = "{escaped}\\n"',
        f"x = b'{escaped}'",
        "x = (\n" + "\n".join(f'    "{line}\\n"' for line in lines) + "\n)",
        "x = '\\n'.join([\n" + ",\n".join(f"    '{line}'" for line in lines) + "\n])",
        f'x = {{"type": "service_account", "private_key": "{escaped}\\n", "client_email": "a@b"}}',
        'x = json.loads(\'{"private_key": "' + escaped.replace("\\n", "\\\\n") + "\"}')",
        f"%%writefile key.pem\n{rows}\n",
        f"%%bash\ncat > key.pem <<EOF\n{rows}\nEOF",
        "# " + rows.replace("\n", "\n# "),
        f"for\nx = '''{rows}",
        f'x = """\n{rows[:-40]}"""',
    ]
    for cell in cells:
        for line in lines[1:-2]:
            assert_gone(line, cell)
        assert mask(cell, {})[0].count("\n") == cell.count("\n")


VALUES = {
    "password": "correct horse'battery\"staple\\5%",
    "token": "zq7-Kd93_mm1",
    "number": "48151623",
    "umlauts": "pässwört-9ß",
    "lines": "first line 123\nsecond line 456",
}
WRITTEN = {
    "repr": lambda value: f"x = {value!r}",
    "JSON": lambda value: f"x = {json.dumps(value)}",
    "escapes": lambda value: "x = '" + "".join(f"\\x{ord(char):02x}" for char in value) + "'",
    "triple quotes": lambda value: "x = '''{}'''".format(value.replace("\\", "\\\\")),
    "raw": lambda value: f"x = r'''{value}'''",
    "bytes": lambda value: f"x = {value.encode()!r}",
    "f-string": lambda value: "x = f'''{{a}} {}{{b}}'''".format(value.replace("\\", "\\\\")),
    "comment": lambda value: "# " + value.replace("\n", "\n# "),
    "command": lambda value: f"!echo {value}",
    "cell magic": lambda value: f"%%bash\necho {value}",
    "quoted for an address": lambda value: f'x = "https://a/?q={quote(value, safe="")}"',
    "base64": lambda value: f'x = "{base64.b64encode(value.encode()).decode()}"',
    "base64 for addresses": lambda value: f'x = "a/{base64.urlsafe_b64encode(value.encode()).decode()}/b"',
    "hexadecimal": lambda value: f'x = bytes.fromhex("{value.encode().hex()}")',
    "broken code": lambda value: f"x = = {value!r}",
}


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("kind", VALUES)
def test_values_of_secret_environment_variables_are_masked(kind, written):
    value = VALUES[kind]
    environ = {"MY_SECRET": value, "HOME": "/home/me"}
    cell = WRITTEN[written](value)
    masked, count = mask(cell, environ)
    assert count >= 1
    assert len(masked) < len(cell) - len(value) // 2
    assert not [part for part in value.splitlines() if part in masked]
    assert not parses(cell) or parses(masked)
    assert mask(masked, environ) == (masked, 0)


def test_a_value_of_the_environment_is_found_backwards_too():
    environ = {"MY_TOKEN": "zebra-crossing-4417"}
    assert mask("x = '7144-gnissorc-arbez'[::-1]", environ) == ("x = '***'[::-1]", 1)


def test_a_password_in_an_address_of_the_environment_is_looked_for_too():
    environ = {"DATABASE_URL": "postgresql://me:s3cr%40t-pw@db/a", "BROKEN": "http://[a@://b@"}
    assert mask('x = "s3cr@t-pw"', environ) == ('x = "***"', 1)
    assert mask('x = "s3cr%40t-pw"', environ) == ('x = "***"', 1)


@pytest.mark.parametrize(
    ("environ", "cell"),
    [
        ({"HOME": "/home/someone"}, 'x = "/home/someone/a.csv"'),
        ({"PWD": "/home/someone/work"}, 'x = "/home/someone/work"'),
        ({"SSH_AUTH_SOCK": "/run/ssh-a1/agent.1"}, 'x = "/run/ssh-a1/agent.1"'),
        ({"DB_PASSWORD": "secret"}, 'x = "a secret place"'),
        ({"DB_PASSWORD": "postgres"}, 'x = "postgres"'),
        ({"DB_PASSWORD": "abc"}, 'x = "abc"'),
        ({"DB_PASSWORD": ""}, 'x = ""'),
        ({"AUTH_TOKEN": "${OTHER_TOKEN}"}, "!echo ${OTHER_TOKEN}"),
        ({"DB_PASSWORD": "horses"}, "x = 'wild horses'  # horses\nhorses = 3"),
        ({"TOKENIZERS_PARALLELISM": "a1b2c3d4e5"}, 'x = "a1b2c3d4e5"'),
        ({"API_TOKEN": "a1b2c3"}, 'x = "data1b2c3d4"'),
        ({"SORT_KEY": "customer_id"}, 'x = "customer_id"'),
    ],
)
def test_words_and_paths_of_the_environment_are_none(environ, cell):
    assert mask(cell, environ) == (cell, 0)


def test_a_value_that_is_a_word_is_masked_where_it_stands_alone():
    assert mask('x = "horses"  # horses', {"DB_PASSWORD": "horses"}) == ('x = "***"  # horses', 1)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("x = 4815162342", 'x = "***"'),
        ("x = a.b4815162342.c", "x = a.___.c"),
        ("def b4815162342(): pass", "def ___(): pass"),
        ("x = 4815162342.5", "x = 4815162342.5"),  # what no mask fits into
    ],
)
def test_values_in_code_are_masked_so_that_it_remains_code(cell, expected):
    environ = {"A_TOKEN": "4815162342", "B_TOKEN": "b4815162342"}
    assert mask(cell, environ)[0] == expected
    assert parses(expected)


CHANGED = [
    ('password = "x"', 'password = "***"', 1),
    ('password, user = "x", "y"', 'password, user = "***", "y"', 1),
    ('(password, _), user = ("x", 1), "y"', '(password, _), user = ("***", 1), "y"', 1),
    ('password = "a" "b"', 'password = "***" "***"', 1),
    ('password = "a" + b + "c"', 'password = "***" + b + "***"', 1),
    ('password = "a-%s" % b', 'password = "***" % b', 1),
    ('password = f"{a}-b{c}"', 'password = f"{a}***{c}"', 1),
    ("password = 'a' if b else 'c'", "password = '***' if b else '***'", 2),
    ("password = a or 'b'", "password = a or '***'", 1),
    ("if (password := 'a'): pass", "if (password := '***'): pass", 1),
    ("password = lambda: 'a'", "password = lambda: '***'", 1),
    ("password = 'abc'[::-1]", "password = '***'[::-1]", 1),
    ("password = b64decode('YQ==')", "password = b64decode('***')", 1),
    ("password = field(default='a')", "password = field(default='***')", 1),
    ("password = 12345", 'password = "***"', 1),
    ("password += 'a'", "password += '***'", 1),
    ("def get_password():\n    return 'a'", "def get_password():\n    return '***'", 1),
    ("def f(a, b=1, password='c', *, d, api_key='e'): pass", "def f(a, b=1, password='***', *, d, api_key='***'): pass", 2),
    ("passwords = ['a', 'b']", "passwords = ['***', '***']", 2),
    ("secrets = {'db': 'hunter2!x', 'mode': 'fast'}", "secrets = {'db': '***', 'mode': 'fast'}", 1),
    ("auth = ('me', 'a')", "auth = ('me', '***')", 1),
    ("creds = ('me', 'a')", "creds = ('me', '***')", 1),
    ("c = {'user': 'me', 'pass': 'a', 'host': 'h'}", "c = {'user': 'me', 'pass': '***', 'host': 'h'}", 1),
    ("auth = ('abc', '')", "auth = ('***', '')", 1),
    ("HTTPBasicAuth('me', 'a')", "HTTPBasicAuth('me', '***')", 1),
    ("smtp.login('me@a', 'b')", "smtp.login('me@a', '***')", 1),
    ("login('a1b2c3d4e5')", "login('***')", 1),
    ("setattr(a, 'password', 'b')", "setattr(a, 'password', '***')", 1),
    ("headers = [('X-Api-Key', 'a1b2c3d4e5')]", "headers = [('X-Api-Key', '***')]", 1),
    ("password != 'a'", "password != '***'", 1),
    ("token in ('a1b2c3d4e5', 'word')", "token in ('***', 'word')", 1),
    ("password = '$ecret'", "password = '***'", 1),
    ("x = 'password=a;user=b'", "x = 'password=***;user=b'", 1),
    ("x = 'PWD=a,b!c;UID=d'", "x = 'PWD=***;UID=d'", 1),
    ("x = '''password: hunter2\nuser: me'''", "x = '''password: ***\nuser: me'''", 1),
    ("x = 'mysql://me:it\"s@host/a'", "x = 'mysql://me:***@host/a'", 1),
    ("x = 'postgres://me:p@ss/w?rd@host/a'", "x = 'postgres://me:***@host/a'", 1),
    ("x = '{\\'password\\': \\'a\\'}'", "x = '{\\'password\\': \\'***\\'}'", 1),
    ("# password=a1b2c3d4, user=me", "# password=***, user=me", 1),
    ("!mysql -u root -pabc -h a", "!mysql -u root -p*** -h a", 1),
    ("!sshpass -p 'abc' ssh a", "!sshpass -p '***' ssh a", 1),
    ("!docker login -u me -p abc a.io", "!docker login -u me -p *** a.io", 1),
    ("!redis-cli -a abc ping", "!redis-cli -a *** ping", 1),
    ("!curl -u me:abc https://a", "!curl -u me:*** https://a", 1),
    ("subprocess.run('mysql --password a1b2c3d4', shell=True)", "subprocess.run('mysql --password ***', shell=True)", 1),
    ("%%unknown\npassword: abc def\n", "%%unknown\npassword: ***\n", 1),
    ("%%capture\npassword = 'a'", "%%capture\npassword = '***'", 1),
    ("?help\npassword = 'a'", "?help\npassword = '***'", 1),
    ("x = !ls\nconnect(password='a')", "x = !ls\nconnect(password='***')", 1),
    (
        "!curl \\\n -H 'X-Api-Key: a1b2c3d4' \\\n a\npassword = 'b'",
        "!curl \\\n -H 'X-Api-Key: ***' \\\n a\npassword = '***'",
        2,
    ),
    ("password = 'a\\\nb'", "password = '***\\\n'", 1),
    ("password = '''a\r\nb'''", "password = '''***\r\n'''", 1),
    ("password = '''a\u2028b'''", "password = '''***\u2028'''", 1),
    ("x = 'ä' ; password = 'ö'", "x = 'ä' ; password = '***'", 1),
    ("x = 'https://a/b?token=hunterIxyz&x=1'", "x = 'https://a/b?token=***&x=1'", 1),
    ("x = 'https://a/b?y=1&auth_token=hunterIxyz'", "x = 'https://a/b?y=1&auth_token=***'", 1),
    ("for password in ['a', 'b']: pass", "for password in ['***', '***']: pass", 2),
    ("[try_it(secret) for secret in ('a', 'b')]", "[try_it(secret) for secret in ('***', '***')]", 2),
    ("for token in ['a1b2c3d4e5', 'word']: pass", "for token in ['***', 'word']: pass", 1),
    ("# my password is hunter8xyz.", "# my password is ***.", 1),
    ("x = 'the passphrase was: hunter8xyz'", "x = 'the passphrase was: ***'", 1),
    ("setdefault('api_key', 'a1b2c3d4e5'", "setdefault('api_key', '***'", 1),
]
UNCHANGED = [
    "x = f'https://a/b?token={token}&x=1'",
    "x = 'https://a/b?token=YOUR_TOKEN'",
    "for token in ['the', 'sentence', '[PAD]']: pass",
    "for password in df.columns: pass",
    "# the password is required, the password was wrong",
    "",
    'password = ""',
    'password = "***"',
    "password = 5",
    "password: str",
    "password = getpass('Password: ')",
    'password = os.environ["DB_PASSWORD"]',
    'password = config.get("db", "password")',
    "password = await a('b')",
    'api_key = userdata.get("OPENAI_API_KEY")',
    'api_key = "OPENAI_API_KEY"',
    'api_key = "sk-..."',
    'token = "<your token>"',
    'password = f"{a}"',
    'h = {"Authorization": "Bearer " + token}',
    'h = {"Authorization": f"Bearer {token}"}',
    'x = f"postgresql://{user}:{password}@{host}/a"',
    "!export DB_PASSWORD=$other A=${B} && tool --token $TOKEN",
    "%env TOKEN=$value",
    "user, password = load()",
    "get_secret('a1b2c3d4e5')",
    "x = r'password=(\\w+)'",
    "# connect(password=pw, token=get(x))",
    'x = "password: " + password',
    "colors = {'pass': 'green', 'fail': 'red'}",
    "x = 'Basic statistics, Bearer of news'",
]


@pytest.mark.parametrize(("cell", "expected", "count"), CHANGED)
def test_what_is_masked(cell, expected, count):
    assert mask(cell, {}) == (expected, count)
    assert_still_the_cell(cell, expected)


@pytest.mark.parametrize("cell", UNCHANGED)
def test_what_stays(cell):
    assert mask(cell, {}) == (cell, 0)


# What people write all day. Each line is also tried alone.
ORDINARY = r'''
import pandas as pd, numpy as np, seaborn as sns
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
df = pd.read_csv(path, sep=";", index_col="customer_id", parse_dates=["created_at"])
df = pd.read_csv("https://raw.githubusercontent.com/mwaskom/seaborn-data/master/titanic.csv")
df = pd.read_parquet("s3://my-bucket/2023/01/train-000001.snappy.parquet", storage_options={"anon": True})
url = "https://example.com/data.tar.gz#sha256=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
pooch.retrieve(url, known_hash="md5:5d41402abc4b2a76b9719d911017c592", fname="data.zip", path="~/.cache/data")
model = AutoModel.from_pretrained("distilbert-base-uncased", revision="6cdc0aad91f5ae2e6712e91bc7b65d1cf5c05411")
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=42, stratify=y)
clf = MLPClassifier(hidden_layer_sizes=(100, 50), activation="relu", solver="adam", random_state=42)
vectorizer = CountVectorizer(token_pattern=r"(?u)\b\w\w+\b", tokenizer=None, analyzer="word", stop_words="english")
vectorizer = TfidfVectorizer(tokenizer="word", strip_accents="unicode", ngram_range=(1, 2))
pipe = Pipeline([("tfidf", TfidfVectorizer()), ("clf", LogisticRegression(C=1.0, penalty="l2"))])
grid = GridSearchCV(pipe, {"clf__C": [0.1, 1, 10], "clf__penalty": ["l1", "l2"]}, scoring="roc_auc", cv=5)
print(json.dumps(grid.best_params_, sort_keys=True, indent=2))
rows = sorted(records, key=lambda row: row["age"], reverse=True)
best = max(results, key=results.get); d = dict(key="age", value=3); m = dict(key=lambda x: x.age)
df["password_length"] = df["password"].str.len(); df["has_token"] = df["token"].notna()
df = df.rename(columns={"password": "pw_text", "token": "word", "secret": "is_secret"})
df = df.astype({"password": "string", "token": "category", "api_key": "object"})
out = df.groupby("token").agg({"password": "nunique", "secret": "first", "key": "count"})
out = out.agg(n_tokens=("token", "count"), longest=("token", "max"), passwords=("password", "nunique"))
features = ["age", "income", "password_strength", "token_count", "auth_method", "key_size"]
df = df.drop(columns=["password", "auth_token", "secret_key"]).merge(other, on="key", how="left")
ax.set_title("Passwords by length"); ax.set_xlabel("token"); ax.legend(title="key: value")
tokens = "to be or not to be".split(); token = "word"; tokens = ["to", "be"]; key = "age"
tokenizer.pad_token = tokenizer.eos_token; tokenizer.add_special_tokens({"pad_token": "[PAD]", "mask_token": "<mask>"})
config = GPT2Config(bos_token="<|endoftext|>", eos_token="</s>", unk_token="UNK", sep_token="[SEP]", max_tokens=512)
if token == "the" or token in ("a", "an", "the") or tokens[0] == "Hello": count += 1
for token, count in Counter(tokens).most_common(10): print(f"{token}: {count}")
loss, accuracy = model.evaluate(X_test, y_test, verbose=0); print(f"accuracy={accuracy:.3f} loss={loss}")
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
primary_key = "customer_id"; sort_key = "date"; SORT_KEY = "created_at_2023"; foreign_key = "order_id_1"
df.set_index(["country_code", "year_2020"]).loc[("DE", 2020), "gdp_per_capita_usd"]
file_id = "1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms"; run_id = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
mlflow.set_tracking_uri("http://localhost:5000"); mlflow.set_experiment("churn-prediction-v2")
os.environ["CUDA_VISIBLE_DEVICES"] = "0,1"; os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["OMP_NUM_THREADS"] = "4"; os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
token = os.environ["HF_TOKEN"]; password = getpass.getpass("Password: "); key = os.getenv("API_KEY")
api_key = userdata.get("OPENAI_API_KEY"); client = OpenAI(api_key=api_key); secret = dbutils.secrets.get("scope", "name")
engine = create_engine(f"postgresql://{user}:{password}@{host}:5432/{database}"); conn = sqlite3.connect("data.db")
con = create_engine("sqlite:///data/churn.db"); cursor.execute("SELECT password FROM users WHERE token = %s", (token,))
requests.get(url, headers={"Authorization": f"Bearer {token}", "Accept": "application/json"}, auth=(user, password))
response = requests.get("https://api.example.com/v1/items?page=2&per_page=100&sort=created_at", timeout=10)
sns.heatmap(df.corr(), annot=True, cmap="coolwarm", fmt=".2f"); plt.savefig("figures/2023-01-05_corr_v2.png", dpi=150)
colors = ["#1f77b4", "#ff7f0e", "#2ca02c"]; alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"
base = {"n_estimators": 500, "max_depth": 6, "learning_rate": 0.05, "subsample": 0.8, "objective": "binary:logistic"}
checkpoint = "laion/CLIP-ViT-B-32-laion2B-s34B-b79K"; name = "meta-llama/Llama-3.1-8B-Instruct"
uuid = "123e4567-e89b-12d3-a456-426614174000"; when = pd.Timestamp("2023-01-05T12:34:56.789Z", tz="Europe/Berlin")
image = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
password_column = "password"; token_type = "bpe"; secret_name = "my-db"; auth_method = "oauth2"; api_version = "2023-05-15"
credentials = "service-account.json"; private_key = "~/.ssh/id_rsa"; pwd = os.getcwd(); pwd = "/home/me/work"
encoder = OneHotEncoder(handle_unknown="ignore"); le = LabelEncoder(); keys = list(d.keys()); author = "Ada Lovelace"
class Tokenizer:
    pad_token = "[PAD]"
    def tokenize(self, text, token="word", key=None, auth=None, password=None): return text.split(token)
def load(path, *, api_key=None, token: str = "", password: Optional[str] = None, secret=None) -> pd.DataFrame: ...
# TODO: the token is taken from the environment; password: see the wiki; key = age
# df["password"] = df["password"].fillna("missing"), see commit 4e4727aad8d16bbf740ecfda9ca1e008eeee2325
"""Parameters: password : str, the password; token : str, the token to use; auth=None; api_key: str"""
st.text_input("Password", type="password"); parser.add_argument("--token", type=str, help="the token to use")
low_pass = "butter"; first_pass = "coarse"; high_pass = scipy.signal.butter(4, 0.1, btype="high"); compass = "north"
%matplotlib inline
%load_ext autoreload
!pip install -q transformers==4.40.0 datasets[audio] --index-url https://pypi.org/simple
!git clone https://github.com/huggingface/transformers.git && cd transformers && git checkout 4e4727aad8
!wget -q https://example.com/data/train_v2.zip -O data/train.zip
%env OMP_NUM_THREADS=4
%timeit -n 10 -r 3 model.fit(X_train, y_train)
'''.strip().split("\n")


def test_ordinary_code_stays_as_it_is():
    assert len(ORDINARY) >= 60
    for cell in ["\n".join(ORDINARY), "\n".join(line for line in ORDINARY if line[0] not in "%!"), *ORDINARY]:
        assert mask(cell, {}) == (cell, 0)


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_our_notebooks_stay_as_they_are(path):
    cells = [cell for cell in json.loads(path.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]
    assert cells
    for cell in cells:
        source = "".join(cell["source"])
        assert mask(source, {}) == (source, 0)


OUR_CODE = sorted(path for path in (ROOT / "jupyter_modelstore").rglob("*.py") if path.parent.name != "_masking")


@pytest.mark.no_cover
@pytest.mark.parametrize("path", OUR_CODE, ids=lambda path: path.stem)
def test_our_code_stays_as_it_is(path):
    source = path.read_text("utf-8")
    assert mask(source, {}) == (source, 0)


FRAGMENTS = st.sampled_from(
    [
        *["password", "token", "key", "api_key", "x", "f", "rb", "auth", "--password ", "Bearer ", "curl -u a:b "],
        *[
            "=",
            " = ",
            ":",
            ": ",
            "==",
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            "{{",
            "}}",
            ",",
            ", ",
            "+",
            " + ",
            ".",
            "@",
            "://",
            ";",
            "&",
        ],
        *[
            '"',
            "'",
            '"""',
            "'''",
            '\\"',
            "\\'",
            "\\",
            "\\\n",
            "\n",
            "\r\n",
            "\r",
            "\u2028",
            "\f",
            "#",
            "!",
            "%",
            "%%bash\n",
            "%env A=",
        ],
        *[
            "hunter2",
            "a1B2c3D4e5F6g7H8",
            "sk" + "-a1B2c3D4e5F6g7H8i9J0k1",
            "-----BEGIN PRIVATE" + " KEY-----",
            "***",
            "ä",
            "\ud800",
            "\0",
        ],
        *["if x:\n    ", "def f():\n    return ", "lambda: ", "\\x41", "\\N{DASH}", "None", "0", "12345"],
    ]
)
CELLS = st.one_of(st.text(), st.lists(FRAGMENTS, max_size=30).map("".join))


@pytest.mark.no_cover
@given(CELLS, st.dictionaries(st.sampled_from(["A_TOKEN", "PASSWORD", "HOME", "X_KEY"]), CELLS, max_size=2))
def test_any_text_is_masked_and_remains_what_it_was(cell, environ):
    masked, count = mask(cell, environ)
    assert (masked == cell) == (count == 0)
    assert len(f"{masked}.".splitlines()) == len(f"{cell}.".splitlines())
    assert mask(masked, environ) == (masked, 0)
    assert not parses(cell) or parses(masked)


STRINGS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(
    lambda text: text.strip("* .•…") and "{" not in text
)
TEMPLATES = st.sampled_from(
    [
        "password = {!r}",
        "f(password={!r})",
        "d = {{'client_secret': {!r}}}",
        "if a:\n    self.secret = {!r}\n",
        "x['DB_PASSWORD'] = {!r}; y = 1",
    ]
)


@pytest.mark.no_cover
@given(TEMPLATES, STRINGS)
def test_any_password_is_masked(template, password):
    assume(not _names.stands_for(password.strip()) and _names.suits(_names.Says.SURE, password))
    cell = template.format(password)
    masked, count = mask(cell, {})
    assert count == 1
    assert masked == template.replace("{!r}", repr("***")).replace("{{", "{").replace("}}", "}") or masked == template.format(
        "***"
    ).replace("'***'", '"***"')


@given(CELLS)
def test_literals_are_found_where_python_finds_them(cell):
    """The tree and the scanner agree on how many there are, and where."""
    if not parses(cell):
        return
    found = [literal for literal in _literals.places(cell, commands=False).literals if not literal.inner]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(cell)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and cell.isascii() and "\r" not in cell:
            lines = [0, *(index + 1 for index, char in enumerate(cell) if char == "\n")]
            start = lines[node.lineno - 1] + node.col_offset
            assert any(literal.start <= start < literal.end for literal in found)


HOSTILE = [
    *[
        "password",
        "password=",
        "token=",
        "password: ",
        'password="',
        "password='",
        "token='\\\"",
        "--password ",
        "a=",
        "AccountKey=",
    ],
    *[
        "://",
        "://a:",
        "://a:b/",
        "://a:b@",
        "eyJ",
        "sk" + "-",
        "SG.aaaaaaaaaaaa",
        "0123456789abcdef0123456789abcdef",
        "-----BEGIN PRIVATE" + " KEY-----",
    ],
    *[
        "'",
        '"',
        "\\",
        "'''",
        "\\'''",
        "f'{",
        "{",
        "(",
        "#",
        "\n!",
        "curl ",
        "mysql ",
        "Bearer ",
        "'a' ",
        "\\x41",
        "$2b$",
        " ",
        "\n",
        "\0",
        "\U0001d7d8",
    ],
]


@pytest.mark.no_cover
@pytest.mark.parametrize("start", ["", "%%bash\n"])
@pytest.mark.parametrize("part", HOSTILE)
def test_long_hostile_text_takes_time_in_proportion(part, start):
    cell = start + part * (100_000 // len(part))
    began = time.process_time()
    masked, _ = mask(cell, {"A_TOKEN": "hunter2-hunter2"})
    assert time.process_time() - began < 20
    assert len(f"{masked}.".splitlines()) == len(f"{cell}.".splitlines())


def test_a_cell_of_a_megabyte_is_searched():
    password, rows = drawn(generator("megabyte"), ALNUM, 20), "    1234, 5678,\n" * 60_000
    assert_gone(password, f'x = [\n{rows}]\npassword = "{password}"\n')


def test_the_secrets_are_as_many_and_as_different_as_promised():
    kinds = len(FORMS) + len(RANDOM) + len(PASSWORDS)
    secrets = {draw(generator(f"{kind}{seed}")) for kind, draw in FORMS.items() for seed in range(2)}
    assert kinds >= 20
    assert len(secrets) >= 60
