"""Scores of exercises in notebooks that have not been revised: written down, so that they may only rise."""

import tomllib
from collections.abc import Iterable
from pathlib import Path

from tests.exercises.mutation.scoring import Score

SCORES = Path(__file__).parent / "scores.toml"
UNREVISED = Path(__file__).parents[2] / "notebooks" / "unrevised.toml"
HEADER = """\
# Exercises of notebooks that have not been revised (tests/notebooks/unrevised.toml) whose graders are too lenient: the
# share of mutants that each one rejects. A number may only rise, and a line that reaches .95 goes; so do the lines of
# a notebook that is revised. To write the numbers down: python -m tests.exercises.mutation --write
"""


def unrevised() -> set[str]:
    """Return the numbers of the notebooks that have not been revised."""
    return {name[:2] for name in tomllib.loads(UNREVISED.read_text(encoding="utf-8"))}


def read_scores() -> dict[str, float]:
    """Return the scores that are written down, by exercise."""
    return tomllib.loads(SCORES.read_text(encoding="utf-8"))


def to_list(score: Score) -> bool:
    """Say whether an exercise belongs on the list: it falls short, and its notebook has not been revised."""
    return bool(score.complaints) and score.identifier[:2] in unrevised()


def write_scores(scores: Iterable[Score]) -> None:
    """Write the scores of the exercises that were run; lines of others stay as they are."""
    listed = {line.split('"')[1]: line for line in SCORES.read_text(encoding="utf-8").splitlines() if line[:1] == '"'}
    for score in scores:
        listed.pop(score.identifier, None)
        if to_list(score):
            listed[score.identifier] = line_of(score)
    lines = [listed[name] for name in sorted(listed, key=lambda name: (name[:2], int(name[3:])))]
    SCORES.write_text("\n".join([HEADER, *lines, ""]), encoding="utf-8")


def line_of(score: Score) -> str:
    """Return the line of an exercise, with what is wrong where it is not the share."""
    reasons = "; ".join(each for each in score.complaints if "are rejected" not in each)
    return f'"{score.identifier}" = {score.share}' + (f"  # {reasons}" if reasons else "")


def totals(scores: Iterable[Score]) -> str:
    """Return a table of the totals by notebook."""
    scores = list(scores)
    lines = [f"{'notebook':9}{'exercises':>10}{'mutants':>9}{'killed':>8}{'equivalent':>12}{'score':>8}"]
    for notebook in sorted({score.identifier[:2] for score in scores}):
        own = [score for score in scores if score.identifier[:2] == notebook]
        mutants, killed, equivalent = (
            sum(each.mutants for each in own),
            sum(len(each.killed) for each in own),
            sum(len(each.equivalent) for each in own),
        )
        share = killed / max(1, mutants - equivalent)
        lines.append(f"{notebook:9}{len(own):>10}{mutants:>9}{killed:>8}{equivalent:>12}{share:>8.3f}")
    return "\n".join(lines)
