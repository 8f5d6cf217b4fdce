"""What names, types and sizes may be."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from ._errors import Refusal, invalid

KEY = re.compile(r"[A-Za-z0-9_/!.*'() &$@=;:+,?-]+")
BUCKET = re.compile(r"[A-Za-z0-9_!.*'() &$@=;:+,?-]{1,100}")
SIZE = re.compile(r"(\d+)\s*(GB|MB|KB|B)", re.IGNORECASE)
UNITS = {"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}
PROJECT_LIMIT = 5 << 30
"""The largest object of the project; hosted ones begin with 50 MB."""


def check_key(key: str) -> str:
    """Return a key that S3 takes: ASCII, and not all of it."""
    if not KEY.fullmatch(key):
        raise invalid(f"Invalid key: {key}", "InvalidKey")
    return key


def check_bucket(name: Any) -> str:
    """Return the name of a bucket."""
    if not isinstance(name, str) or not BUCKET.fullmatch(name) or name != name.strip():
        raise Refusal(400, "Invalid Input", "InvalidBucketName", "Bucket name invalid")
    return name


def check_type(mimetype: str, allowed: list[str] | None) -> None:
    """Refuse a content type that a bucket does not list; ``image/*`` lists all of a kind."""
    kind = mimetype.split(";", maxsplit=1)[0].strip()
    if allowed and not {kind, f"{kind.partition('/')[0]}/*", "*/*", "*"} & set(allowed):
        raise Refusal(415, "invalid_mime_type", "InvalidMimeType", f"mime type {mimetype} is not supported")


def limit_of(bucket: dict) -> int:
    """Return how many bytes an object of a bucket may have."""
    return min(bucket["file_size_limit"] or PROJECT_LIMIT, PROJECT_LIMIT)


def parse_size(value: Any) -> int | None:
    """Return a size limit: a number, or a text such as 20MB."""
    if value is None or isinstance(value, int):
        return value
    match = SIZE.fullmatch(str(value))
    if not match:
        raise invalid("Invalid file size format, hint: use 20GB / 20MB / 30KB / 3B")
    return int(match[1]) * UNITS[match[2].upper()]


def metadata_header(text: str | None) -> dict | None:
    """Return the caller's own metadata out of an ``x-metadata`` header."""
    try:
        return json.loads(base64.b64decode(text)) if text else None
    except ValueError:
        return None


def metadata_field(text: str | None) -> dict | None:
    """Return the caller's own metadata out of a form's field; what is no JSON is left out."""
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None
