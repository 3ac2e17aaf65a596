"""Draw the figures that a plan describes; matplotlib is imported here, pandas is not."""

import io
import warnings
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure  # not pyplot's: no window, nothing to close

from labkit.audit.drawing._plans import CalibrationPanel, CalibrationPlan, Fonts, Images, Plan, RatesPlan
from labkit.plots import MARKERS, PALETTE, to_png

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GREY = "#767676"  # lines of reference
TICKS = (0, 0.5, 1)
FEW_ROWS = 10  # groups with which two rows of panels fit a screen, and a phone
PANELS = 3  # of calibration, side by side


def draw_images(plan: Plan) -> Images:
    """Draw all figures of a page, in the sizes and formats that it needs."""
    figure = draw_rates(plan.rates)
    png, svg = draw_png(figure, alt=plan.alt), draw_svg(figure, alt=plan.alt)
    if plan.calibration is None:
        return Images(png, svg)
    figure = draw_curves(plan.calibration, columns=PANELS)
    wide = draw_png(figure, alt=plan.calibration_alt)
    arrange_panels(figure, columns=1)
    return Images(png, svg, wide, draw_png(figure, alt=plan.calibration_alt))


def draw_png(figure: Figure, *, alt: str) -> str:
    """Draw a figure as a PNG in base64."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # names that no font has are keys already
        png = to_png(figure, alt=alt)
    figure.set_layout_engine("none")  # everything has its place now, in other formats too
    return png


def draw_svg(figure: Figure, *, alt: str) -> bytes:
    """Draw a figure as an SVG, which can be enlarged; letters are outlines, so that it looks alike everywhere."""
    drawn = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")
        figure.savefig(drawn, format="svg", metadata={"Description": alt, "Date": None})
    return drawn.getvalue()


def draw_rates(plan: RatesPlan) -> Figure:
    """Draw rates by group as dots with their intervals."""
    few = len(plan.labels) <= FEW_ROWS
    rows, columns = {1: (1, 1)}.get(len(plan.panels), (2, 2) if few else (1, 4))
    size = (4.2 + 2.2 * columns, rows * (1.2 + 0.3 * len(plan.labels)))
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for panel, ax in zip(plan.panels, axes.flat, strict=True):
        draw_dots(ax, np.arange(len(plan.labels)), panel.rates, panel.limits, plan.small, label=panel.name)
        mark_everyone(ax, panel.overall)
        ax.set(xlim=(-0.02, 1.02), xticks=TICKS, xlabel=f"{panel.name}\n(share of {panel.base})")
    # ticks of panels that share an axis are set once: each of them is an artist, and there are hundreds
    axes[0, 0].set_yticks(range(len(plan.labels)), plan.labels)
    axes[0, 0].set_ylim(len(plan.labels) - 0.4, -0.6)
    _make_known(plan.fonts)
    for ax in axes[:, 0]:
        ax.set_ylabel(plan.ylabel)
        for text in (*ax.get_yticklabels(), ax.yaxis.label):
            text.set_fontfamily(plan.fonts.families)
    return figure


def draw_dots(
    ax: "Axes",
    place: np.ndarray,
    rates: np.ndarray,
    limits: np.ndarray,
    small: np.ndarray,
    *,
    color: str = PALETTE[0],
    marker: str = MARKERS[0],
    label: str = "",
) -> None:
    """Draw a rate of each group as a dot with its interval, hollow where the group is small."""
    ax.hlines(place, limits[:, 0], limits[:, 1], color=color, linewidth=1.6)
    ax.plot(rates[~small], place[~small], marker, color=color, label=label)
    ax.plot(rates[small], place[small], marker, color=color, markerfacecolor="white")


def mark_everyone(ax: "Axes", rate: float) -> None:
    """Draw a dashed line at the rate of everyone."""
    ax.axvline(rate, color=GREY, linestyle="--", linewidth=1)


def draw_curves(plan: CalibrationPlan, *, columns: int = PANELS) -> Figure:
    """Draw the share of people labeled 1 at each score, a panel for each group."""
    figure = Figure()
    _make_known(plan.fonts)
    first = None
    for panel in plan.panels:
        # panels in places of their own, since a layout that looks at every label takes longer than the drawing
        first = ax = figure.add_axes((0, 0, 1, 1), sharex=first, sharey=first)
        _draw_panel(ax, panel)
        ax.set_title(panel.title, fontsize=10)
        ax.title.set_fontfamily(plan.fonts.families)
    arrange_panels(figure, columns=columns)
    return figure


def arrange_panels(figure: Figure, *, columns: int) -> None:
    """Give the panels of calibration their places, so many side by side at most; one for a phone."""
    panels = figure.axes
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    width, height = 0.9 + 2.6 * columns, 0.6 + 2.5 * rows  # inches
    figure.set_size_inches(width, height)
    sides = {"left": 0.75 / width, "right": 1 - 0.15 / width, "bottom": 0.55 / height, "top": 1 - 0.5 / height}
    grid = figure.add_gridspec(rows, columns, wspace=0.1, hspace=0.32, **sides)
    for place, ax in enumerate(panels):
        ax.set_subplotspec(grid[place])
        below = place + columns >= len(panels)  # the lowest panel of each column says what x is
        ax.tick_params(labelbottom=below, labelleft=place % columns == 0)
        ax.set_xlabel("score (mean of the bin)" if below else "")
    figure.supylabel("share with a label of 1", fontsize=10, x=0.15 / width)


def _draw_panel(ax: "Axes", panel: CalibrationPanel) -> None:
    """Draw the calibration of one group, and where its people are."""
    bars = panel.people
    ax.stairs(0.25 * bars / max(bars.max(), 1), np.linspace(0, 1, len(bars) + 1), fill=True, color="0.85")
    ax.axline((0, 0), slope=1, color=GREY, linewidth=0.8, linestyle="--")
    ax.vlines(panel.score, panel.low, panel.high, color=PALETTE[0], linewidth=1.4)
    ax.plot(panel.score, panel.share, "o-", color=PALETTE[0], markersize=4, linewidth=0.7)
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xticks=TICKS, yticks=TICKS)


def _make_known(fonts: Fonts) -> None:
    """Make the fonts of a plan known to matplotlib, whose own list may be older than they are."""
    for path in fonts.files:
        register_font(path)


def register_font(path: str) -> None:
    """Make a font known to matplotlib, unless it knows its family."""
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    if FT2Font(path).family_name not in {entry.name for entry in font_manager.fontManager.ttflist}:
        font_manager.fontManager.addfont(path)
