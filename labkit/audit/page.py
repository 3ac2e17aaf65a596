"""The audit of somebody's own file: a table on the terminal, a figure, and a page that needs no network."""

import base64
import html
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from labkit.audit.files.folders import count_folder, count_folder_scores
from labkit.audit.files.logs import count_file, count_file_scores, file_ending
from labkit.audit.intervals import check_draws
from labkit.audit.metrics import METRICS
from labkit.audit.results import Audit
from labkit.audit.score_histogram import ScoreHistogram
from labkit.audit.text import ROWS, SMALL, disparities, format_p_value, format_rate, group_rates
from labkit.errors import UserError
from labkit.validation import format_group

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from rich.console import Console


GROUPS_DRAWN = 30  # more rows than that cannot be read in one figure


METRICS_IN_TABLE = 4  # columns that fit a terminal of 80 characters, intervals included


STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a }
table { border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto }
th, td { padding: .3rem .6rem; border-bottom: 1px solid #ccc; text-align: right } th:first-child { text-align: left }
.warnings { border-left: 4px solid #D55E00; padding: .2rem 1rem; background: #fdf3ec }
"""


def audit_file(
    path: str | Path,
    *,
    label: str,
    prediction: str,
    sensitive: str | Sequence[str],
    score: str | None = None,
    n_boot: int = 2000,
    output: str | Path | None = None,
    console: "Console | None" = None,
) -> Audit:
    """Audit a CSV or Parquet file or a folder: print tables, write ``audit.html``, ``audit.png`` and ``counts.csv``.

    Parameters
    ----------
    path : str or Path
        A file with a row a decision, or a folder of Parquet files, which DuckDB reads; larger than memory, if need be.
    label, prediction : str
        Columns of 0 and 1, or of true and false.
    sensitive : str or sequence of str
        One column or several; then the groups are the combinations that occur.
    score : str, optional
        Column of scores in [0, 1]: adds AUC and calibration by group, and ``scores.csv``.
    n_boot : int
        Replicates behind the intervals of differences and ratios, at least 100.
    output : str or Path, optional
        Folder to write to, made if it is missing; ``NAME-audit`` in the current folder for a file ``NAME.csv``.
    console : rich.console.Console, optional
        Where to print; the terminal without it.

    Returns
    -------
    Audit
        The audit that was printed.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    UserError
        What ``labkit.audit.count_file``, ``labkit.audit.count_folder`` and ``Audit`` refuse: another ending, unknown
        columns, values that are not 0/1, missing groups, no rows, a single group.
    """
    from rich.console import Console

    from labkit.plots import to_png

    path, console = Path(path), console or Console()
    check_draws(n_boot, confidence=0.95)  # before a long read, not after
    title = Path(os.path.abspath(path)).name  # also of `.`
    folder = Path(output or (title if path.is_dir() else title.removesuffix(file_ending(path))) + "-audit")
    kept = {"label": label, "sensitive": sensitive}
    with console.status(f"counting {title}") as status:
        kept["progress"] = lambda rows: status.update(f"counting {title}: {rows:,} rows")
        counts = (count_folder if path.is_dir() else count_file)(path, prediction=prediction, **kept)
        audit = counts.audit(n_boot=n_boot)
        scores = score and (count_folder_scores if path.is_dir() else count_file_scores)(path, score=score, **kept)
    print_audit(audit, console, title=title)
    if scores:
        _print_table(auc_table(scores), console, title=f"{title}: AUC of {score} by group, 95% intervals")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write to the output folder {folder}: {error.strerror or error}") from error
    alt = describe_figure(audit)
    png = to_png(draw_audit(audit), alt=alt)
    more = score_section(scores, score=score) if scores else ""
    page = write_page(audit, png, alt=alt, title=title, columns=(label, prediction), more=more)
    (folder / "audit.html").write_text(page, encoding="utf-8")
    (folder / "audit.png").write_bytes(base64.b64decode(png))
    counts.table.to_csv(folder / "counts.csv")
    if scores:
        scores_by_bin(scores).to_csv(folder / "scores.csv")
    written = "audit.html (page), audit.png (figure), counts.csv" + (", scores.csv" if scores else "")
    console.print(f"Written to {folder}: {written}", markup=False, soft_wrap=True)
    return audit


def print_audit(audit: Audit, console: "Console", *, title: str) -> None:
    """Print rates by group with intervals, disparities with tests, and warnings."""
    from rich.text import Text  # as Text, brackets in the name of a group are no markup

    rates, names = group_rates(audit), [metric.replace("_", " ") for metric in METRICS]
    for start in range(0, len(names), METRICS_IN_TABLE):
        shown = rates.head(ROWS)[["n", *names[start : start + METRICS_IN_TABLE]]]
        _print_table(shown, console, title=f"{title}: rates by group, {audit.confidence:.0%} intervals")
    if len(rates) > ROWS:
        console.print(f"The first {ROWS} of {len(rates)} groups are shown; the page has all.")
    _print_table(disparities(audit), console, title=f"{title}: between groups")
    for line in audit.warnings:
        console.print(Text(f"Warning: {line}", style="yellow"))
    if audit.small_groups:
        console.print(f"{SMALL} fewer than {audit.min_group_size} people")


def _print_table(table: "pd.DataFrame", console: "Console", *, title: str) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    printed = Table(title=Text(title), box=SIMPLE_HEAD, title_justify="left", show_edge=False, collapse_padding=True)
    printed.add_column(Text(table.index.name), overflow="fold")
    for name in table.columns:
        printed.add_column(name.replace(" ", "\n") if name.endswith("rate") else name, justify="right")
    for name, row in table.iterrows():
        # the interval under its rate: five columns fit 80 characters
        stacked = (Text(text.replace(" [", "\n").replace(", ", "–").rstrip("]")) for text in row)
        printed.add_row(Text(name), *stacked)
    console.print(printed)


def draw_audit(audit: Audit) -> "Figure":
    """Draw the eight metrics by group as small panels; with many groups, the largest ``GROUPS_DRAWN`` of them."""
    from matplotlib.figure import Figure  # without pyplot: no window, no global state

    from labkit.audit.plots import plot_group_rates

    largest = np.sort(np.argsort(-audit.counts.cells.sum(axis=1), kind="stable")[:GROUPS_DRAWN])
    groups = audit.counts.groups[largest].tolist()
    figure = Figure(figsize=(13, 2 * (1.3 + 0.3 * len(largest))), layout="constrained")
    for position, (metric, ax) in enumerate(zip(METRICS, figure.subplots(2, 4, sharey=True).flat, strict=True)):
        plot_group_rates(audit, metric, groups=groups, ax=ax)
        if position % 4:
            ax.set_ylabel("")
    return figure


def describe_figure(audit: Audit) -> str:
    """Say in words what the figure shows, for readers who cannot see it."""
    ranges = (f"{metric.replace('_', ' ')} {_range(audit, metric)}" for metric in METRICS)
    return f"Dots with 95% intervals, a panel for each metric, a row for each group: {'; '.join(ranges)}."


def read_metric(audit: Audit, metric: str) -> str:
    """Say in plain language what a metric is, where it is highest and lowest, and what the parity test says."""
    known = METRICS[metric]
    rate, p_value = audit.overall[metric], audit.parity_test(metric)
    if np.isnan(rate):
        return f"There are no {known.base}: the rate is undefined."
    said = f"Of {known.base}, {rate:.1%} {known.meaning}. By group: {_range(audit, metric, intervals=True)}."
    if np.isnan(p_value):
        return f"{said} Fewer than two groups have {known.base}, so that nothing can be compared."
    return (
        f"{said} If all groups had the same rate, chance alone would make samples of these sizes differ at least this "
        f"much with probability {format_p_value(p_value)}."
    )


def write_page(audit: Audit, png: str, *, alt: str, title: str, columns: tuple[str, str], more: str = "") -> str:
    """Write the page: warnings first, the figure (base64), readings, tables and ``more`` sections, all in one file."""
    from labkit.plots import image_tag

    groups = ", ".join(map(str, audit.counts.groups.names))
    warnings = "".join(f"<li>{html.escape(line)}</li>" for line in audit.warnings)
    readings = "".join(
        f"<dt><b>{metric.replace('_', ' ')}</b></dt><dd>{html.escape(read_metric(audit, metric))}</dd>"
        for metric in METRICS
    )
    people, number = audit.counts.cells.sum(), len(audit.counts.groups)
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Audit of {html.escape(title)}</title><style>{STYLE}</style></head><body>
<h1>Audit of {html.escape(title)}</h1>
<p>{people:,} people in {number} groups by <b>{html.escape(groups)}</b>; label <b>{html.escape(columns[0])}</b>,
prediction <b>{html.escape(columns[1])}</b>. Every interval is for {audit.confidence:.0%}: Wilson's for rates,
percentiles of {audit.n_boot:,} draws of the counts for differences and ratios.</p>
{f'<div class="warnings"><h2>Read this first</h2><ul>{warnings}</ul></div>' if warnings else ""}
<h2>Rates by group</h2>
{image_tag(png, alt=alt)}
{f"<p>The figure shows the {GROUPS_DRAWN} largest of {number} groups.</p>" if number > GROUPS_DRAWN else ""}
{group_rates(audit).to_html(border=0, index_names=False)}
{f"<p>{SMALL} fewer than {audit.min_group_size} people.</p>" if audit.small_groups else ""}
<h2>What each rate says</h2>
<dl>{readings}</dl>
<h2>Between groups</h2>
{disparities(audit).to_html(border=0, index_names=False)}
<p>max - min is above 0 even where groups are treated alike, since every sample varies; its interval describes how much
it varies and cannot contain 0. Whether there is a gap at all is for the p-value. {len(METRICS)} metrics are tested: a
single p-value near 0.05 among them is no finding.</p>
{more}<h2>The counts behind it</h2>
{audit.counts.table.to_html(border=0)}
<p>tn, fp, fn, tp: true negatives, false positives, false negatives, true positives.</p>
<h2>What this does not show</h2>
<p>Whether the labels can be trusted, which of these rates should be equal, and what a decision does to people. Error
rates compare predictions with recorded labels: where the record is unfair, equal error rates carry that on.</p>
</body></html>
"""


def _range(audit: Audit, metric: str, *, intervals: bool = False) -> str:
    """Name the groups with the lowest and the highest rate, among groups that are large enough."""
    rates = audit.by_group[metric].to_numpy()
    large = audit.by_group["n"].to_numpy() >= audit.min_group_size
    positions = np.flatnonzero(large & ~np.isnan(rates))
    if len(positions) == 0:
        return "undefined in every group that is large enough"
    groups, limits = audit.counts.groups.tolist(), audit.intervals[metric].to_numpy()
    lowest, highest = positions[rates[positions].argmin()], positions[rates[positions].argmax()]
    if rates[lowest] == rates[highest]:
        return f"{rates[lowest]:.3f} in every group that is large enough"
    said = []
    for place in (lowest, highest):
        rate = format_rate(rates[place], *limits[place]) if intervals else f"{rates[place]:.3f}"
        said.append(f"{rate} in {format_group(groups[place])!r}")
    return f"from {said[0]} to {said[1]}"


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

    from labkit.audit.calibration import plot_calibration

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
