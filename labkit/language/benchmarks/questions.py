"""Questions about two people, with and without the information that answers them: BBQ, as a tidy frame."""

import io
import json

import pandas as pd

from labkit.data.fetching import read_fetched
from labkit.errors import UserError

BBQ_CATEGORIES = (
    "Age",
    "Disability_status",
    "Gender_identity",
    "Nationality",
    "Physical_appearance",
    "Race_ethnicity",
    "Race_x_SES",
    "Race_x_gender",
    "Religion",
    "SES",
    "Sexual_orientation",
)


def load_bbq(category: str = "all") -> pd.DataFrame:
    """Load BBQ (Parrish, Chen, Nangia, Padmakumar, Phang, Thompson, Htut and Bowman, 2022): questions with 3 answers.

    A situation is asked about four times: with a context that does not tell ("ambig": the right answer is the unknown
    one) and one that does ("disambig"), each with a negative and a non-negative question. Read
    ``datasets/bbq/card.md`` first; some questions are offensive.

    Parameters
    ----------
    category : str
        One of `BBQ_CATEGORIES`, or "all".

    Returns
    -------
    pandas.DataFrame of 58,492 rows ("all")
        ``item``, ``category``, ``template`` (number within the category), ``situation`` (four rows share it),
        ``polarity`` ("neg" or "nonneg"), ``condition`` ("ambig" or "disambig"), ``context``, ``question``,
        ``answer_0``, ``answer_1`` and ``answer_2``, ``correct``, ``unknown`` and ``biased``: which of the three answers
        is right, says that it cannot be known, and agrees with the stereotype; and ``named``: people have names. Of
        the 16 rows whose metadata lack it, `biased` is missing.

    Raises
    ------
    FileNotFoundError
        The set was not fetched yet.
    UserError
        An unknown category, or a file that was changed.
    """
    if category not in ("all", *BBQ_CATEGORIES):
        raise UserError(f"category {category!r} is not known; choose one of all, {', '.join(BBQ_CATEGORIES)}")
    categories = BBQ_CATEGORIES if category == "all" else (category,)
    rows = [
        _read_question(json.loads(line))
        for each in categories
        for line in read_fetched("bbq", f"{each}.jsonl").splitlines()
    ]
    frame = pd.DataFrame(rows).merge(_read_metadata(), on=["category", "example_id"], how="left", validate="one_to_one")
    frame.insert(0, "item", frame["category"] + " " + frame["example_id"].astype(str))
    # Rows of a situation follow one another, beginning with a multiple of four.
    frame.insert(3, "situation", frame["category"] + " " + (frame["example_id"] // 4).astype(str))
    return frame.drop(columns="example_id")


def _read_question(entry: dict) -> dict[str, object]:
    """Return a row of the frame, without what the metadata add."""
    (unknown,) = [number for number in range(3) if entry["answer_info"][f"ans{number}"][1] == "unknown"]
    return {
        "example_id": entry["example_id"],
        "category": entry["category"],
        "template": int(entry["question_index"]),
        "polarity": entry["question_polarity"],
        "condition": entry["context_condition"],
        "context": entry["context"].strip(),
        "question": entry["question"].strip(),
        "answer_0": entry["ans0"].strip(),
        "answer_1": entry["ans1"].strip(),
        "answer_2": entry["ans2"].strip(),
        "correct": entry["label"],
        "unknown": unknown,
    }


def _read_metadata() -> pd.DataFrame:
    """Return the answer that agrees with the stereotype, and whether people have names, by category and example.

    The file calls that answer the target; it is the stereotyped group's for a negative question and the other group's
    for a non-negative one. Rows of 64 examples are there twice, with the same target.
    """
    metadata = pd.read_csv(io.BytesIO(read_fetched("bbq", "additional_metadata.csv")))
    metadata = metadata.drop_duplicates(["category", "example_id"])
    return pd.DataFrame(
        {
            "category": metadata["category"],
            "example_id": metadata["example_id"],
            "biased": metadata["target_loc"].astype("Int64"),
            "named": metadata["label_type"] == "name",
        }
    )
