"""The section on scores: AUC and calibration by group, and the counts behind them as a table for a file."""

import html

import numpy as np
import pandas as pd

from labkit.audit.score_histogram import ScoreHistogram
from labkit.audit.sections._tables import write_frame
from labkit.audit.text import CURVES, format_groups, format_rate


def auc_table(scores: ScoreHistogram, *, confidence: float = 0.95) -> pd.DataFrame:
    """Write AUC by group as text: people, positives, AUC with its interval, and how far binning can have moved it."""
    auc = scores.auc(confidence=confidence)
    return pd.DataFrame(
        {
            "n": [f"{n:,}" for n in auc["n"]],
            "positives": [f"{n:,}" for n in auc["positives"]],
            "AUC": [format_rate(*row) for row in auc[["auc", "low", "high"]].itertuples(index=False)],
            "bin error": ["undefined" if np.isnan(error) else f"± {error:.1g}" for error in auc["error"]],
        },
        index=format_groups(scores.groups),
    )


def mean_calibration_table(scores: ScoreHistogram, *, confidence: float = 0.95) -> pd.DataFrame:
    """Write calibration in the large as text: mean score, share labeled 1, and their difference with its interval."""
    found = scores.mean_calibration(confidence=confidence)
    return pd.DataFrame(
        {
            "n": [f"{n:,}" for n in found["n"]],
            "mean score": [f"{value:.3f}" for value in found["mean_score"]],
            "share with a label of 1": [f"{value:.3f}" for value in found["share"]],
            "difference": [format_rate(*row) for row in found[["difference", "low", "high"]].itertuples(index=False)],
        },
        index=format_groups(scores.groups),
    )


def scores_by_bin(scores: ScoreHistogram) -> pd.DataFrame:
    """List the counts: one row per group and bin that has people: the bin's lower edge, negatives and positives."""
    group, place = np.nonzero(scores.cells.sum(axis=1))
    columns = {
        "from": place / scores.bins,
        "negatives": scores.cells[group, 0, place],
        "positives": scores.cells[group, 1, place],
    }
    return pd.DataFrame(columns, index=scores.groups[group])


def write_scores(scores: ScoreHistogram, figure: str, *, score: str, confidence: float) -> str:
    """Write the section of the page around the figure of calibration (HTML of its box)."""
    number = len(scores.groups)
    cut = f" The figure shows the {CURVES} largest of {number} groups." if number > CURVES else ""
    table = write_frame(auc_table(scores, confidence=confidence), caption="AUC by group", label="AUC by group")
    caption = "Calibration by group, on average"
    overall = write_frame(mean_calibration_table(scores, confidence=confidence), caption=caption, label=caption)
    return f"""<h2 id="scores">Scores: the column {html.escape(score)}</h2>
{table}
<p>AUC is the probability that a person with a label of 1 scores above one with a label of 0 of the same group, with
Newcombe's {confidence:.0%} interval. Scores were counted in {scores.bins:,} bins: pairs within a bin count half, so
that the AUC of the exact scores can differ by the bin error at most; the interval includes it.</p>
{overall}
<p>Where the mean score is above the share with a label of 1, the score is too high for that group on average, and too
low where it is below ({confidence:.0%} intervals, each for itself; they include what binning can have moved).</p>
<figure>{figure}
<figcaption>Calibration: of people with about the same score, how many have a label of 1, with Wilson's
{confidence:.0%} intervals. The people of a group are sorted by score and divided into bins of about as many people
each, at least 20 where a group has them; each dot is a bin, at its mean score, which is known to
&plusmn; {0.5 / scores.bins:.1g}. On the dashed line the share equals the score. Gray bars: where the group's people
are.{cut}</figcaption></figure>
"""
