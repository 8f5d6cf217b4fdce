"""Who tries: people with and without rights, and tokens that say what they should not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ._world import World

ADMIN = 3


@dataclass(frozen=True)
class Actor:
    """Somebody, by the role and the claims that a signed token gives."""

    name: str
    claims: Any
    role: str = "authenticated"
    ranks: Mapping[str, int] = field(default_factory=dict)
    """By space: 1 reads, 2 edits, 3 administers."""
    receives: bool = False
    """Is a model shared with them, now?"""
    forged: bool = False
    """Is it the claims that are tried?"""

    @property
    def me(self) -> str:
        """The id that the claims give, or one that is nobody's."""
        sub = self.claims.get("sub") if isinstance(self.claims, dict) else None
        return sub if isinstance(sub, str) and len(sub) == len("00000000-0000-0000-0000-000000000000") else NOBODY

    def rank(self, space: str) -> int:
        return self.ranks.get(space, 0)


NOBODY = "00000000-0000-4000-8000-000000000000"


def actors(world: World) -> list[Actor]:
    """Return all of them."""
    return [*_people(world), *_forgers(world)]


def claims_of(world: World, name: str, **more: Any) -> dict[str, Any]:
    """Return what a token of somebody's says."""
    id_ = world.people[name]
    said = {"sub": id_, "role": "authenticated", "aud": "authenticated", "email": f"{name}-{id_}@example.org"}
    return {key: value for key, value in {**said, **more}.items() if value is not Ellipsis}


def _people(world: World) -> list[Actor]:
    def person(name: str, receives: bool = False, more: Mapping[str, Any] | None = None, **ranks: int) -> Actor:
        return Actor(name, claims_of(world, name, **(more or {})), ranks=ranks, receives=receives)

    groups = {"app_metadata": {"hub_groups": [world.group, "others"]}}
    return [
        person("ada", ada=ADMIN),
        person("ben", ben=ADMIN),
        person("reader", team=1),
        person("editor", team=2),
        person("admin", team=ADMIN),
        person("former"),
        person("claimed", more=groups, team=2),
        person("leaver", more={"app_metadata": {"hub_groups": ["others"]}}),
        person("recipient", receives=True),
        person("revoked"),
        person("expired"),
        person("stranger"),
        Actor("anonymous", claims_of(world, "anonymous", is_anonymous=True)),
        Actor("anon key", {"role": "anon"}, role="anon"),
        Actor("service", {"role": "service_role"}, role="service_role"),
    ]


def _forgers(world: World) -> list[Actor]:
    """Claims that a true signature may bear by an admin's or a provider's mistake, and ones that only a broken door lets in."""

    def forged(name: str, role: str = "authenticated", whose: str = "stranger", **more: Any) -> Actor:
        return Actor(name, claims_of(world, whose, **more), role=role, forged=True)

    group = world.group
    kinds = {
        "a string": group,
        "a number": 1,
        "an object": {group: True},
        "nested": [[group]],
        "null inside": [None],
        "other case": [group.upper()],
    }
    return [
        forged("no sub", sub=..., app_metadata={"hub_groups": [group]}),
        forged("sub is null", sub=None, app_metadata={"hub_groups": [group]}),
        forged("sub is empty", sub=""),
        forged("sub is no uuid", sub="ada"),
        forged("sub is a number", sub=1),
        forged("sub is a list", sub=[world.people["ada"]]),
        Actor("no role", claims_of(world, "ada", role=...), forged=True),
        Actor("ada under anon", claims_of(world, "ada", role="anon"), role="anon", forged=True),
        Actor("ada says authenticated under anon", claims_of(world, "ada"), role="anon", forged=True),
        Actor("ada says anon", claims_of(world, "ada", role="anon"), forged=True),
        Actor("says service_role", claims_of(world, "stranger", role="service_role"), forged=True),
        Actor("says postgres", claims_of(world, "ada", role="postgres"), forged=True),
        Actor("ada, anonymous", claims_of(world, "ada", is_anonymous=True), forged=True),
        Actor("ada, anonymous as text", claims_of(world, "ada", is_anonymous="true"), forged=True),
        forged("groups in user_metadata", user_metadata={"hub_groups": [group], "hub_user": "ada", "groups": [group]}),
        forged("groups at the top", hub_groups=[group], groups=[group]),
        forged("app_metadata is a string", app_metadata=f'{{"hub_groups": ["{group}"]}}'),
        *(forged(f"groups: {kind}", app_metadata={"hub_groups": value}) for kind, value in kinds.items()),
        Actor("no claims", "", forged=True),
        Actor("claims are a list", [claims_of(world, "ada")], forged=True),
        Actor("claims are no JSON", "{", forged=True),
    ]
