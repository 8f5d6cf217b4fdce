"""What Storage's answers say, and tokens that it must refuse."""

from __future__ import annotations

import time


def refusal(answer):
    """Return the HTTP status, and what the body says."""
    body = answer.json()
    return answer.status_code, body["statusCode"], body["error"], body["message"]


def expired(stack, person):
    """Return a person's token that ended a second ago."""
    return stack.mint(sub=person.id, exp=int(time.time()) - 1)
