"""The part of an audit's page that is about scores: AUC and calibration by group, from a histogram of scores."""

import html

import numpy as np
import pandas as pd

from labkit.histograms import ScoreHistogram
from labkit.tables import format_group, format_rate

CURVES = 6  # groups in one figure of calibration; more cannot be told apart
BINS = 16  # of the figure


def auc_table(scores: ScoreHistogram) -> pd.DataFrame:
    """Write AUC by group as text: people, positives, AUC with its interval, and how far binning can have moved it."""
    auc = scores.auc()
    return pd.DataFrame(
        {
            "n": [f"{n:,}" for n in auc["n"]],
            "positives": [f"{n:,}" for n in auc["positives"]],
            "AUC": [format_rate(*row) for row in auc[["auc", "low", "high"]].itertuples(index=False)],
            "bin error": ["undefined" if np.isnan(error) else f"± {error:.1g}" for error in auc["error"]],
        },
        index=pd.Index(map(format_group, scores.groups.tolist()), name=", ".join(map(str, scores.groups.names))),
    )


def draw_calibration(scores: ScoreHistogram):
    """Draw how many people are labelled positive at each score, for the ``CURVES`` largest groups."""
    from matplotlib.figure import Figure  # without pyplot: no window, no global state

    from labkit.calibration import plot_calibration

    largest = np.sort(np.argsort(-scores.cells.sum(axis=(1, 2)), kind="stable")[:CURVES])
    table = ScoreHistogram(scores.groups[largest], scores.cells[largest]).calibration(bins=min(BINS, scores.bins))
    figure = Figure(figsize=(7, 4), layout="constrained")
    ax = plot_calibration(table, ax=figure.subplots())
    ax.axline((0, 0), slope=1, color="0.6", linewidth=0.8, linestyle="--")
    ax.set(xlim=(-0.02, 1.02), xlabel="score (mean in the bin)")
    return figure


def score_section(scores: ScoreHistogram, *, score: str) -> str:
    """Write the section of the page: table of AUC, figure of calibration, and what bounds them."""
    from labkit.plots import image_tag, to_png

    alt = (
        f"Share of people labelled positive over the score {score}, a line a group with 95% intervals; on the dashed "
        "line the share equals the score"
    )
    number = len(scores.groups)
    cut = f" The figure shows the {CURVES} largest of {number} groups." if number > CURVES else ""
    return f"""<h2>The score {html.escape(score)}</h2>
{auc_table(scores).to_html(border=0, index_names=False)}
<p>AUC is the probability that a person labelled positive scores above one labelled negative of the same group, with
Newcombe's 95% interval. Scores were counted in {scores.bins:,} bins: pairs within a bin count half, so that the AUC of
the exact scores can differ by the bin error at most; the interval includes it.</p>
{image_tag(to_png(draw_calibration(scores), alt=alt), alt=alt)}
<p>Calibration: of the people with about the same score, how many are labelled positive, with Wilson's 95% intervals. On
the dashed line a score is the probability that it is read as. A mean score is known to
&plusmn; {0.5 / scores.bins:.1g}.{cut}</p>
"""


def scores_by_bin(scores: ScoreHistogram) -> pd.DataFrame:
    """List the counts: a row a group and bin that has people, with the bin's lower edge, negatives and positives."""
    group, place = np.nonzero(scores.cells.sum(axis=1))
    columns = {"from": place / scores.bins, "negatives": scores.cells[group, 0, place]}
    return pd.DataFrame(columns | {"positives": scores.cells[group, 1, place]}, index=scores.groups[group])
