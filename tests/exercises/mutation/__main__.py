"""Report the survivors: `python -m tests.exercises.mutation [ID ...] [--write]`."""

import os

# Read when numpy and torch are loaded: what is small is slower on many threads.
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))
os.environ.update(HF_HUB_OFFLINE="1", MPLBACKEND="Agg")

import argparse
import time

from labkit.exercises.checking import exercises
from tests.exercises.mutation.ledger import totals, write_scores
from tests.exercises.mutation.scoring import score_of


def main() -> None:
    """Print each exercise's mutants and survivors, then totals by notebook."""
    parser = argparse.ArgumentParser(prog="python -m tests.exercises.mutation", description=__doc__)
    parser.add_argument("ids", nargs="*", help="exercises such as 05.1, or notebooks such as 05; all without")
    parser.add_argument("--write", action="store_true", help="write the scores of unrevised notebooks down")
    options = parser.parse_args()
    chosen = [each for each in exercises() if not options.ids or {each.id, each.id[:2]} & set(options.ids)]
    scores = []
    for exercise in chosen:
        begun = time.perf_counter()
        score = score_of(exercise)
        scores.append(score)
        print(
            f"{score.identifier:6} score {score.share:.3f}: {score.mutants} mutants, {len(score.killed)} killed, "
            f"{len(score.equivalent)} equivalent, {len(score.raised)} raised ({time.perf_counter() - begun:.1f} s)",
            flush=True,
        )
        for kind in ("survivors", "undecided", "equivalent"):
            for mutant in getattr(score, kind):
                print(f"    {kind}: {mutant.operator}: {mutant.change}")
    print(totals(scores))
    if options.write:
        write_scores(scores)


main()
