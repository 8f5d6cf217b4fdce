"""Signing in from a gallery. What is secret goes from the page to the project's Auth, and is held nowhere between."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from jupyter_modelstore import worker
from jupyter_modelstore._parser import Argument
from jupyter_modelstore._project import Project, send_code, sign_in, sign_in_with_code
from jupyter_modelstore._sign_in import left_at_first
from jupyter_modelstore.config import ModelStore
from jupyter_modelstore.errors import ModelStoreError
from jupyter_modelstore.names import visible
from jupyter_modelstore.protocols import Progress, Secret
from jupyter_modelstore.registry import Registry
from jupyter_modelstore.widgets._desk import Request

_EMAIL = Argument("email", "your address in the project")
_SECRET = Argument("secret", "the password, or the code that was sent")
_HOW = Argument("how", "what the secret is", optional=True, options={"choices": ("password", "code", "sign-up")})


def project_of(store: Registry, settings: ModelStore) -> Project | None:
    """Return the project of a store, if a person can sign in to it from here."""
    try:
        project = settings.project()
    except ModelStoreError:
        return None
    return project if project.url == store.location and not project.named_by(os.environ) else None


def requests_of(project: Project, store: Registry) -> tuple[Request, ...]:
    """Return what a gallery may ask before anybody is signed in."""

    def send(email: str, progress: Progress) -> Mapping[str, Any]:
        del progress
        send_code(project, email)
        return {}

    def sign(email: str, secret: str, progress: Progress, how: str = "password") -> Mapping[str, Any]:
        del progress
        if how == "code":
            token = sign_in_with_code(project, email, secret.strip())
        else:
            token = sign_in(project, email, lambda _: Secret(secret), sign_up=how == "sign-up")
        worker.of(store).wake()
        said = f"Signed in as {visible(token.handle)}."
        left = left_at_first(project)
        return {"said": f"{said} On this machine, {left} To copy: %modelstore push" if left else said}

    return (
        Request("send-code", send, (_EMAIL,), long=True),
        Request("sign-in", sign, (_EMAIL, _SECRET, _HOW), long=True, changes=True),
    )
