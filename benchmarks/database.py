"""Time what the database of a Supabase project answers when 200 people keep 100,000 models in it and share 1,000.

Each question is asked as a signed-in person through its function: by the one who keeps a fifth of all models, by one who keeps
400, and what is shared by the one with whom 200 are. Two figures: the time inside the database (EXPLAIN ANALYZE), and the wall
time of the call on a local connection. The goal is 20 ms in the database, and for the shared page twice that of the own page.
"""

from __future__ import annotations

import os
import statistics
import sys
import time

import psycopg
from many import PEOPLE, QUESTIONS, ask_as, fill
from stack import Stack

from jupyter_modelstore.sql import Database

ROUNDS = 25
GOAL = 20.0


def measured(db: psycopg.Connection, who: str, function: str, question: dict) -> tuple[float, float]:
    """Return medians in ms: inside the database, and of the whole call."""
    inside, wall = [], []
    for _ in range(ROUNDS):
        told = ask_as(db, who, function, question, explain="explain (analyze, format json)")
        inside.append(told[0]["Execution Time"])
        begun = time.perf_counter()
        ask_as(db, who, function, question)
        wall.append(1000 * (time.perf_counter() - begun))
    return statistics.median(inside), statistics.median(wall)


def main() -> int:
    """Print the table; 1 if a goal is missed."""
    stack = Stack("bench-database")
    stack.up(keeper=os.getpid())
    try:
        url = stack.new_database()
        Database(url).apply()
        begun = time.perf_counter()
        fill(url)
        print(f"100,000 rows, 200 people, 1,000 shares, made in {time.perf_counter() - begun:.0f} s; medians of {ROUNDS}\n")
        with psycopg.connect(url, autocommit=True) as db:
            return _table(db)
    finally:
        stack.leave(os.getpid())


def _table(db: psycopg.Connection) -> int:
    askers = {"20,000 models": PEOPLE[0], "400 models": PEOPLE[1], "200 shares": PEOPLE[199]}
    found: dict[tuple[str, str], float] = {}
    print("| question | asked by one with | in the database, ms | wall, ms | goal |\n|---|---|---|---|---|")
    for what, (function, question) in QUESTIONS.items():
        for asker, who in askers.items():
            if (asker == "200 shares") != (what == "shared page"):
                continue
            inside, wall = measured(db, who, function, question)
            found[what, asker] = inside
            print(f"| {what} | {asker} | {inside:.1f} | {wall:.1f} | {'holds' if inside < GOAL else 'missed'} |")
    ratio = found["shared page", "200 shares"] / found["first page", "400 models"]
    print(f"\nThe shared page takes {ratio:.1f} times as long as the own first page of one with 400 models (goal: 2).")
    return int(max(found.values()) >= GOAL or ratio > 2)


if __name__ == "__main__":
    sys.exit(main())
