"""Every way in, tried by everybody: who may must get through, who may not must get nothing.

An attempt is an actor at a door. The same door is a legitimate action for those who have the rank and an attack for the rest,
so a door that never opens for anybody is seen to be a wrong attempt, not a good lock. What happened is judged by a superuser:
the state of all tables before and after, words planted in everybody's rows that turn up in an answer, and answers that differ
between what is somebody's and what does not exist.
"""

from ._actors import Actor, actors
from ._catalog import Catalog
from ._doors import Door
from ._judge import Verdict, attempts, forbidden, judged, play
from ._world import Space, World, build, literal, raze

__all__ = [
    "Actor",
    "Catalog",
    "Door",
    "Space",
    "Verdict",
    "World",
    "actors",
    "attempts",
    "build",
    "forbidden",
    "judged",
    "literal",
    "play",
    "raze",
]
