"""The explorer as a piece of HTML: a table that needs no script, and the script and counts that replace it."""

import html
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from labkit.audit.explorer._cuts import Bars, Cuts
from labkit.audit.explorer._words import SHOWN, Words, count_digits, write_settings
from labkit.audit.intervals import normal_quantile
from labkit.audit.metrics import CELLS, METRICS
from labkit.audit.results import Audit
from labkit.audit.text import NO_FORMULAS, format_metric
from labkit.plots import PALETTE

NO_SCRIPT = "Sliders appear where scripts may run; in JupyterLab, run this cell yourself."
ASSETS = Path(__file__).resolve().parent / "assets"


def write_fragment(
    *,
    names: Sequence[str],
    cuts: Cuts,
    cells: np.ndarray,
    bars: Bars,
    start: tuple[int, int],
    audits: Mapping[str, tuple[tuple[int, int], Audit] | None],
    words: Words,
    confidence: float,
) -> str:
    """Write the whole fragment. Nothing in it has an id or a global name, so that a page can have several."""

    data = {
        "groups": [
            {
                "name": name,
                "n": int(cells[g, 0].sum()),
                "cells": cells[g].tolist(),
                "bars": bars.people[g].T.tolist(),
            }
            for g, name in enumerate(names)
        ],
        "cuts": words.describe_cuts(cuts, cells),
        "at": bars.at,
        "ticks": bars.ticks,
        "start": list(start),
        "settings": [{"name": name, "places": list(found[0])} for name, found in audits.items() if found is not None],
        "measures": [
            {
                "name": format_metric(metric),
                "meaning": words.meanings[metric],
                "top": [CELLS.index(cell) for cell in METRICS[metric].numerator],
                "bottom": [CELLS.index(cell) for cell in METRICS[metric].denominator],
            }
            for metric in SHOWN
        ],
        "decisions": list(words.decisions),
        "labels": list(words.labels),
        "score": words.score,
        "digits": count_digits(cells),
        "z": float(normal_quantile(confidence)),
        "colors": list(PALETTE[:2]),
    }
    embedded = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    limits, equal = words.notes(names, confidence, is_static=False)
    return "\n".join(
        [
            f'<div class="labkit-explorer {NO_FORMULAS}">',
            f"<style>{read_part('explorer.css')}</style>",
            f'<div class="lx-live"><p>{NO_SCRIPT}</p></div>',
            "<details open><summary data-lm-suppress-shortcuts='true'>Four settings side by side</summary>",
            _write_table(names, audits, cuts, words),
            f"<p>{html.escape(equal)}</p></details>",
            f"<p><small>{html.escape(limits)}</small></p>",
            f'<script type="application/json">{embedded}</script>',
            f"<script>{read_script()}</script>",
            "</div>",
        ]
    )


def _write_table(
    names: Sequence[str],
    audits: Mapping[str, tuple[tuple[int, int], Audit] | None],
    cuts: Cuts,
    words: Words,
) -> str:
    """Write the table of four settings."""
    table = write_settings(audits, names, cuts, words)
    meanings = ["", *(words.meanings[metric] for metric in SHOWN)]
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in table.columns)
    rows = []
    for name, meaning, values in zip(table.index, meanings, table.to_numpy(), strict=True):
        cells = "".join(f"<td>{_write_cell(value)}</td>" for value in values)
        small = f"<br><small>{html.escape(meaning)}</small>" if meaning else ""
        rows.append(f'<tr><th scope="row">{html.escape(name)}{small}</th>{cells}</tr>')
    a, b = map(html.escape, names)
    caption = f"{a} / {b}, and the difference, {a} minus {b}, in percentage points with its interval."
    return (
        f"<table><caption>{caption}</caption><thead><tr><td></td>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _write_cell(value: str) -> str:
    """Write shares on one line, and their difference below: also where JupyterLab does not trust a style."""
    shares, _, difference = value.partition(", ")
    return html.escape(shares) + (f"<br><small>{html.escape(difference)}</small>" if difference else "")


@cache
def read_script() -> str:
    """Return the whole script: one function that is called at once, so that its names stay inside."""
    return f'(function () {{\n"use strict";\n{read_part("rates.js")}\n{read_part("explorer.js")}}})();'


@cache
def read_part(name: str) -> str:
    """Return the text of a file in ``assets/``."""
    return (ASSETS / name).read_text(encoding="utf-8")
