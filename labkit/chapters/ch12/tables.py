"""Tables that ship with notebook 12, because making them takes too long: letters, benchmark measures, judgments.

Each row of ``letters.csv`` has what made it: the request, the settings of `GenerativeModel.generate` and the checksum
of the model's file. ``benchmarks.csv`` holds the measures of tests/benchmarks/LANGUAGE.md, where the full benchmarks
were scored, with the checksum of the code that scored them. ``judgments.csv`` has our own answers to the form of
`labkit.chapters.ch12.items` for one draw of ten items; of the items it has their numbers only.
"""

import re
from importlib.resources import files
from pathlib import Path

import pandas as pd

from labkit.chapters.ch12.prompts import LETTER_JOBS, LETTER_REQUEST
from labkit.errors import UserError
from labkit.language import GenerativeModel, fill_templates, first_names

LETTER_SETTINGS = {"seed": 12, "temperature": 0.5, "max_new_tokens": 80}
DRAWS = 4  # letters for each name and job
MODEL_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"  # of the GGUF file
# Of the files in labkit/language/benchmarks and labkit/language/causal_lm, joined in order of their paths, when the
# measures of LANGUAGE.md were computed.
CODE_SHA256 = "5252a5b9b2dd7e10751f268d9a04a0ffb4893ce036827a18e2725be67a80a0d6"


def read_table(name: str) -> pd.DataFrame:
    """Read a table that is in this folder; texts such as "NA" stay texts."""
    with files("labkit.chapters.ch12").joinpath(name).open(encoding="utf-8") as file:
        return pd.read_csv(file, keep_default_na=False, na_values=[""])


def load_letters() -> pd.DataFrame:
    """Return the reference letters: four for each of the audit study's 36 names in two jobs.

    Returns
    -------
    DataFrame of 288 rows
        name, ethnicity and gender that it suggests, job, draw (0 to 3), request (what the model was asked), text (what
        it wrote), tokens and finished (False: cut off), and what made it: seed, temperature, max_new_tokens and
        model_sha256.
    """
    return read_table("letters.csv")


def write_letters(
    model: GenerativeModel,
    names: list[str],
    jobs: list[str],
    *,
    n: int = DRAWS,
    max_new_tokens: int = LETTER_SETTINGS["max_new_tokens"],
) -> pd.DataFrame:
    """Let the model write letters as those of the table were written.

    Parameters
    ----------
    model : GenerativeModel
    names, jobs : list of str
        Every name is combined with every job. The table's are in `labkit.language.first_names` and ``LETTER_JOBS``.
    n : int
        Letters for each.
    max_new_tokens : int
        Where letters are cut off. With fewer tokens than the table's, they are the beginnings of its letters.

    Returns
    -------
    DataFrame
        As `load_letters`, without the checksum of the model, whose file is not known here.
    """
    asked = fill_templates([LETTER_REQUEST], job=jobs, name=names).rename(columns={"text": "request"})
    settings = LETTER_SETTINGS | {"max_new_tokens": max_new_tokens}
    written = model.generate(model.render_chat(asked["request"]), n=n, **settings)
    repeated = asked.loc[asked.index.repeat(n)].reset_index(drop=True)
    groups = first_names().set_index("name")[["ethnicity", "gender"]]
    found = repeated[["name", "job", "request"]].join(groups, on="name")
    for column in ("draw", "text", "tokens", "finished"):
        found[column] = written[column]
    found["text"] = found["text"].str.strip()
    ordered = ["name", "ethnicity", "gender", "job", "draw", "request", "text", "tokens", "finished"]
    return found[ordered].assign(**settings)


def make_letters(model: GenerativeModel) -> pd.DataFrame:
    """Make the whole table again; it takes a quarter of an hour."""
    return write_letters(model, first_names()["name"].tolist(), list(LETTER_JOBS)).assign(model_sha256=MODEL_SHA256)


def load_benchmark_measures() -> pd.DataFrame:
    """Return the measures of the full benchmarks for the course's model.

    Returns
    -------
    DataFrame
        run (the benchmark, and how it was asked), part, kind, measure, estimate, low, high, reference, items and
        clusters, as `labkit.language.summarise_benchmark` gives them, and code_sha256.
    """
    return read_table("benchmarks.csv")


def load_judgments() -> pd.DataFrame:
    """Return our own answers to the four questions for ten items.

    Returns
    -------
    DataFrame of 10 rows
        benchmark, item, and a column for each of the questions: "yes", "no" or "unsure".
    """
    return read_table("judgments.csv")


def read_measures(path: str | Path) -> pd.DataFrame:
    """Read the tables of measures in a report that ``python -m tests.benchmarks.language_bias`` wrote.

    Parameters
    ----------
    path : str or pathlib.Path
        tests/benchmarks/LANGUAGE.md. Its tables by type of bias and those of controls are left out.

    Returns
    -------
    DataFrame
        As `load_benchmark_measures`.

    Raises
    ------
    UserError
        The file has no such table.
    """
    rows, run = [], None
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            run = line[3:]
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 7 or cells[1] not in ("bias", "competence", "control", "both"):
            continue
        part, kind, measure, written, reference, items, clusters = cells
        found = re.fullmatch(r"(-?[\d.]+)(?: \[(-?[\d.]+), (-?[\d.]+)\])?", written)
        row = {"run": run, "part": part, "kind": kind, "measure": measure}
        row |= dict(zip(("estimate", "low", "high"), found.groups(), strict=True)) | {"reference": reference or None}
        rows.append(row | {"items": items.replace(",", ""), "clusters": clusters.replace(",", "")})
    if not rows:
        raise UserError(
            f"{path} has no table of measures; give the report that tests/benchmarks/language_bias.py wrote"
        )
    table = pd.DataFrame(rows)
    numbers = ["estimate", "low", "high", "reference"]
    table[numbers] = table[numbers].astype(float)
    table[["items", "clusters"]] = table[["items", "clusters"]].astype(int)
    return table.assign(code_sha256=CODE_SHA256)
