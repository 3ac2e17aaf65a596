"""Fairness Lab's helper package: what the course's notebooks share, in rooms that import downward only.

    plots.py        show a figure with its text; colors, markers, sliders
    prose.py        sentences with computed numbers: reading, choose, verdict
    validation.py   checks of what users hand in
    errors.py       UserError: what the command shows as one line
    version.py      the version, and the check in the first cell of a student's copy
    cache.py        where the cache folder is
    files.py        tables read as text, files replaced as a whole or not at all
    memory.py       how much memory is free, in a container too
    workers/        worker processes and Dask clusters, with a clean end
    layout/         what all pages share: style, landmarks, contents, boxes that scroll
    data/           load_*(), simulate_clinic(), fetching, datasheets
    models/         a pretrained encoder: loaded, run, embedded, its hidden states cached
    audit/          decisions counted by group: rates, intervals, tests, files, pages
    training/       finetune() and what it minimizes
    comparison/     many runs: means, paired changes, trials, figures
    language/       what language models say: associations, masked words, pronouns, swaps, generated text
    mitigation/     one signature over every method
    monitoring/     an alarm with a guaranteed rate of false alarms, on a stream of decisions
    records/        a log of decisions that shows changes; model cards and datasheets from a run
    exercises/      the engine: check, hint, solution; imports nothing of ours
    chapters/       ch00/ ... ch09/, ch12/, ch14/: the exercises of a notebook, and what only that notebook needs
    classroom/      student code in a box, and its answers judged outside
    course/         build, run, report, progress, doctor and the command; nothing imports it

A room may import only what stands below it (`make lint` checks this):

    course
    classroom
    chapters
    mitigation | monitoring | records
    language
    training | comparison
    data | models | audit | exercises
    layout  workers  plots  prose  files  validation  cache  memory  errors  version

Each room's ``__init__`` is its public list: ``from labkit.audit import audit, calibration_by_group``.
"""

import os
import sys

from labkit.version import __version__, check_copy, explain_missing_modules

__all__ = ["__version__", "check_copy"]

# Threads of OpenMP that wait for work spin by default, on cores that other programs need: next to a busy program,
# training is many times slower. They read this once, when torch is loaded; every room of labkit comes after this line.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

if "ipykernel" in sys.modules:
    explain_missing_modules()
