"""Notebook 12's shipped tables: whole, made as described, and what the model says again."""

import re
from pathlib import Path

import pandas as pd
import pytest

from labkit.audit import wilson_interval
from labkit.chapters.ch12 import LETTER_JOBS, LETTER_REQUEST, load_benchmark_measures, load_judgments, load_letters
from labkit.chapters.ch12.items import ANSWERS, NOT_ASKED, QUESTIONS, draw_items
from labkit.chapters.ch12.tables import DRAWS, LETTER_SETTINGS, MODEL_SHA256, make_letters, read_measures, write_letters
from labkit.errors import UserError
from labkit.language import first_names

LETTERS = load_letters()
REPORT = Path(__file__).parents[1] / "benchmarks" / "LANGUAGE.md"


def test_the_letters_are_whole():
    """Every name has as many letters in each job, and each row says what made it."""
    assert len(LETTERS) == len(first_names()) * len(LETTER_JOBS) * DRAWS
    assert not LETTERS.duplicated(["name", "job", "draw"]).any() and not LETTERS.isna().any(axis=None)
    assert (LETTERS[list(LETTER_SETTINGS)] == pd.Series(LETTER_SETTINGS)).all(axis=None)
    assert set(LETTERS["model_sha256"]) == {MODEL_SHA256}


def test_the_requests_differ_in_name_and_job_alone():
    """Otherwise a difference between letters could come from the request."""
    for row in LETTERS.drop_duplicates("request").itertuples():
        assert row.request == LETTER_REQUEST.format(name=row.name, job=row.job)


def test_groups_of_letters_are_the_names_groups():
    """Ethnicity and gender agree with the audit study's names, half of them women's."""
    groups = first_names().set_index("name")
    found = LETTERS.groupby("name")[["ethnicity", "gender"]].agg(["min", "max"])
    for column in ("ethnicity", "gender"):
        assert (found[column]["min"] == found[column]["max"]).all()
        assert (found[column]["min"] == groups.loc[found.index, column]).all()
    assert (LETTERS["gender"] == "female").mean() == 0.5


def test_letters_that_end_are_shorter_than_the_limit():
    """Few are cut off, so that their length can be compared."""
    assert (LETTERS.loc[LETTERS["finished"], "tokens"] < LETTER_SETTINGS["max_new_tokens"]).all()
    assert LETTERS["finished"].mean() > 0.9


class Echo:
    """A model that writes its prompt, and remembers how it was asked."""

    def render_chat(self, prompts):
        """Mark what was rendered."""
        return [f"<{prompt}>" for prompt in prompts]

    def generate(self, prompts, *, n, **settings):
        """Return n rows for each prompt."""
        self.settings = settings
        rows = [(prompt, draw, f" {prompt} {draw}\n") for prompt in prompts for draw in range(n)]
        return pd.DataFrame(rows, columns=["prompt", "draw", "text"]).assign(tokens=5, finished=True)


def test_letters_are_asked_for_with_the_settings_that_they_state():
    """Each text belongs to the request in its row."""
    model = Echo()
    table = write_letters(model, ["Greg", "Aisha"], list(LETTER_JOBS), n=2)
    assert model.settings == LETTER_SETTINGS and len(table) == 8
    assert (table["text"] == "<" + table["request"] + "> " + table["draw"].astype(str)).all()
    assert table["name"].tolist() == ["Greg", "Greg", "Aisha", "Aisha"] * 2
    assert dict(zip(table["name"], table["gender"], strict=True)) == {"Greg": "male", "Aisha": "female"}


def test_the_whole_table_would_have_its_columns():
    """The recipe makes what is shipped, but for the texts of another model."""
    made = make_letters(Echo())
    assert list(made) == list(LETTERS) and len(made) == len(LETTERS)
    keys = ["name", "job", "draw", "request", "model_sha256"]
    assert (made[keys].to_numpy() == LETTERS[keys].to_numpy()).all()


def test_the_measures_are_those_of_the_report():
    """A benchmark that is scored again changes both: benchmarks.csv is what `read_measures` reads."""
    measures = load_benchmark_measures()
    pd.testing.assert_frame_equal(measures, read_measures(REPORT))
    assert measures["run"].nunique() == 7 and re.fullmatch("[0-9a-f]{64}", measures["code_sha256"].unique().item())
    between = measures["low"].isna() | measures["estimate"].between(measures["low"], measures["high"])
    assert between.all()


def test_a_file_without_measures_is_refused(tmp_path):
    """The message says which file it should be."""
    (tmp_path / "notes.md").write_text("## Other\n\n| a | b |\n|---|---|\n| 1 | 2 |\n")
    with pytest.raises(UserError, match="language_bias"):
        read_measures(tmp_path / "notes.md")


def test_our_judgments_are_of_the_items_that_the_notebook_draws():
    """Of the items the table has numbers only."""
    judgments = load_judgments()
    drawn = draw_items("Fairness Lab")
    assert judgments[["benchmark", "item"]].astype(str).equals(drawn[["benchmark", "item"]].astype(str))
    asked = judgments["comparable"] != NOT_ASKED
    assert asked.eq(judgments["benchmark"] == "crows_pairs").all()
    assert judgments[list(QUESTIONS)].isin([*ANSWERS, NOT_ASKED]).all(axis=None) and len(judgments.columns) == 2 + len(
        QUESTIONS
    )


def test_the_intervals_of_exercise_12_4_are_possible():
    """Each fits the model's number of items (Wilson), to two decimals."""
    source = (Path(__file__).parents[2] / "notebooks" / "solutions" / "12_generation.py").read_text(encoding="utf-8")
    rows = re.findall(r"^# \| `(\w+)` \| ([\d,]+) \| (.+) \| (.+) \|$", source, re.M)
    assert [row[0] for row in rows] == ["north", "south", "east", "west"]
    for _, items, *cells in rows:
        n = int(items.replace(",", ""))
        for cell in cells:
            share, *limits = (float(number) for number in re.findall(r"[\d.]+", cell))
            possible = [float(end) for end in wilson_interval(round(share * n), n, confidence=0.95)]
            assert limits == pytest.approx(possible, abs=0.0051), cell


@pytest.mark.slow
def test_some_letters_are_written_again():
    """Processors differ in the last digits, and a token that changes changes what follows: nearly all are the same."""
    from labkit.language import load_generative_model

    names = first_names().groupby(["ethnicity", "gender"])["name"].first().tolist()
    made = write_letters(load_generative_model(), names, [LETTER_JOBS[1]])
    kept = made[["name", "job", "draw"]].merge(LETTERS, on=["name", "job", "draw"])
    assert len(kept) == 16 and (made["text"].to_numpy() == kept["text"].to_numpy()).mean() >= 0.8


@pytest.mark.slow
def test_a_benchmark_is_scored_again():
    """Winogender, the shortest: every estimate of its own items, to two decimals."""
    from labkit.language import load_generative_model, score_benchmark, summarise_benchmark

    found = summarise_benchmark(score_benchmark(load_generative_model(), "winogender"))
    kept = load_benchmark_measures().query("run == 'Winogender' and not measure.str.contains('unrelated')")
    kept = kept.set_index(["part", "measure"])["estimate"]
    again = found.set_index(["part", "measure"])["estimate"].loc[kept.index]
    assert again.to_numpy() == pytest.approx(kept.to_numpy(), abs=0.012)
