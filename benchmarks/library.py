"""Search in a library of 5,000 exercises, and reading one exercise, against bare Python loops.

    python benchmarks/library.py

Each line prints a time and its ratio to a loop that does the least that the task needs: looking
for the words in the joined text of every exercise, or parsing the one TOML block that is wanted.
Exit code 1 when a search takes 50 ms or a ratio leaves its limit.
"""

from __future__ import annotations

import sys
import time
import tomllib
from collections.abc import Callable
from dataclasses import replace

from rehabctl.domain.exercise import Exercise
from rehabctl.reference.exercise_library import library_of, load_library, packaged_sources
from rehabctl.reference.exercise_search import ExerciseIndex, ExerciseQuery
from rehabctl.reference.exercise_vocabulary import load_vocabulary

COUNT = 5_000
SEARCH_LIMIT_S = 0.050
SEARCH_RATIO_LIMIT = 12.0
GET_RATIO_LIMIT = 10.0
QUERIES = {
    "two words": ExerciseQuery(text="heel slide"),
    "words in many": ExerciseQuery(text="hold the"),
    "all filters": ExerciseQuery(
        text="knee", region="knee", type="strengthening", max_difficulty=3,
        diagnosis="total knee", measurable_by="camera",
    ),
    "no match": ExerciseQuery(text="trampoline"),
}  # fmt: skip


def many(count: int) -> list[Exercise]:
    """Return the packaged exercises again and again under new slugs."""
    base = load_library().all()
    return [replace(base[n % len(base)], slug=f"copy-{n}") for n in range(count)]


def best_of(action: Callable[[], object], repetitions: int = 7) -> float:
    """Return the shortest time of several runs, in seconds."""
    times: list[float] = []
    for _ in range(repetitions):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times)


def compare_searches() -> bool:
    """Print each query against the bare loop; return whether all keep the limits."""
    exercises = many(COUNT)
    index = ExerciseIndex(exercises, load_vocabulary())
    texts = [" ".join((e.name, *e.steps, *e.cues)).lower() for e in exercises]
    good = True
    for name, query in QUERIES.items():
        words = query.text.split()

        def bare(words: list[str] = words) -> list[str]:
            return [text for text in texts if all(word in text for word in words)]

        def search(query: ExerciseQuery = query) -> list[Exercise]:
            return index.search(query)

        loop_s, search_s = best_of(bare), best_of(search)
        ratio = search_s / loop_s
        good &= search_s < SEARCH_LIMIT_S and ratio < SEARCH_RATIO_LIMIT
        print(
            f"search {name:14} {1000 * search_s:7.2f} ms of {COUNT:,} (limit 50)  "
            f"{ratio:5.1f}x the bare loop (limit {SEARCH_RATIO_LIMIT:g}), "
            f"{len(search()):5} found"
        )
    return good


def compare_reading() -> bool:
    """Print reading one exercise, and all, against parsing the one block that is wanted."""
    slug = "bodyweight-squat"
    text = next(s.text for s in packaged_sources() if f'slug = "{slug}"' in s.text)
    start = text.rindex("[[exercise]]", 0, text.index(f'slug = "{slug}"'))
    block = text[start : text.index("[[exercise]]", start + 1)]
    block_s = best_of(lambda: tomllib.loads(block), 50)
    one_s = best_of(lambda: library_of(()).get(slug), 20)
    all_s = best_of(lambda: library_of(()).all(), 3)
    ratio = one_s / block_s
    print(
        f"get one        {1000 * one_s:7.2f} ms, files opened anew  "
        f"{ratio:5.1f}x its TOML block alone (limit {GET_RATIO_LIMIT:g})"
    )
    print(f"read all       {1000 * all_s:7.2f} ms  {all_s / block_s:5.0f}x its TOML block alone")
    return ratio < GET_RATIO_LIMIT


if __name__ == "__main__":
    results = [compare_searches(), compare_reading()]
    sys.exit(0 if all(results) else 1)
