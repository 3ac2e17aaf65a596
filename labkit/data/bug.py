"""Real sentences about professions (BUG), and the clinician task, in which the profession words are masked."""

import csv
import re
from pathlib import Path

import pandas as pd

from labkit.data.tables import Dataset, kept_path, make_dataset, read_checked, read_registry
from labkit.errors import UserError

# Kept column -> column of the original file. Token lists, positions and pattern numbers are left out.
COLUMNS = {
    "sentence": "sentence_text",
    "profession": "profession",
    "gender": "predicted gender",
    "pronoun": "g",
    "stereotype": "stereotype",
    "corpus": "corpus",
}


CLINICIANS = ("doctor", "nurse", "physician", "surgeon")


# BERT's own mask token: its tokenizer turns these six characters into one token that the model met in pretraining in
# exactly the role "a word was here". A made-up word such as "person" would add a meaning, and an empty string would
# leave sentences that nobody writes. To a tokenizer that does not know it (TF-IDF) it is a word that all texts share.
MASK = "[MASK]"


# Whole words in singular and plural, in any case, and compounds that contain them ("neurosurgeons", and words that lost
# their space, "physicianand"). "nursing", "nursery" and "doctoral" are other words and stay.
_PROFESSION = re.compile(r"\b\w*(?:nurses?|doctors?|(?:surgeon|physician)\w*)\b", re.IGNORECASE)


def load_bug(task: str = "clinicians") -> Dataset:
    """Load real sentences in which a profession is tied to a gendered pronoun (BUG; Levy, Lazar and Stanovsky, 2021).

    The set does not ship with the course: `labkit fetch` downloads it into the cache folder once.

    Parameters
    ----------
    task : {"clinicians", "sentences"}
        "clinicians": 5,687 distinct sentences about nurses, doctors, surgeons and physicians, to predict `nurse` (0/1)
        from `text`, in which these four words are replaced by ``[MASK]``, the mask token of BERT's tokenizer.
        "sentences": all 105,687 rows with `profession`, without a label.

    Returns
    -------
    Dataset
        The sensitive column is `gender`, "female" or "male": that of the pronoun, assigned by a program, not by the
        person.

    Raises
    ------
    FileNotFoundError
        The set was not fetched yet.
    UserError
        An unknown task, or a file that was changed.
    """
    entry = read_registry()["bug"]
    if task not in entry["tasks"]:
        raise UserError(f"task {task!r} is not known; choose one of {', '.join(entry['tasks'])}")
    path = kept_path("bug")
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: run `labkit fetch` once, with a network, to download it")
    frame = read_checked(path, entry["sha256"], remedy="run `labkit fetch` to download it again", keep_default_na=False)
    if task == "clinicians":
        frame = make_clinician_task(frame)
    return make_dataset("bug", frame, entry["tasks"][task])


def make_clinician_task(sentences: pd.DataFrame) -> pd.DataFrame:
    """Select the sentences about clinicians, mask the profession and add the label.

    Parameters
    ----------
    sentences : pandas.DataFrame
        All sentences, with the columns of ``COLUMNS``.

    Returns
    -------
    pandas.DataFrame of 5,687 rows
        ``text`` (masked), ``nurse`` (1: the sentence is about a nurse), ``gender`` of the pronoun ("female" or "male"),
        ``profession``, ``corpus`` and ``sentence`` (unmasked: never give it to a model that predicts `nurse`).
    """
    chosen = sentences[sentences["profession"].isin(CLINICIANS)].drop_duplicates("sentence").reset_index(drop=True)
    chosen.insert(0, "text", [mask_professions(sentence) for sentence in chosen["sentence"]])
    chosen.insert(1, "nurse", (chosen["profession"] == "nurse").astype("int64"))
    return chosen[["text", "nurse", "gender", "profession", "corpus", "sentence"]]


def mask_professions(text: str) -> str:
    """Replace every nurse, doctor, surgeon and physician with ``[MASK]``.

    All four words are masked wherever they occur, not only the one that the sentence is labeled with: a sentence about
    a nurse that mentions "the doctor" would otherwise reveal its label.

    Examples
    --------
    >>> mask_professions("The Nurse asked two neurosurgeons about her nursing notes.")
    'The [MASK] asked two [MASK] about her nursing notes.'
    """
    return _PROFESSION.sub(MASK, text)


def reduce_sentences(source: str | Path, target: str | Path) -> None:
    """Write the kept columns of the original BUG file as UTF-8 CSV, with professions in lowercase.

    The bytes depend only on the original, not on the version of a dataframe library, so that their checksum is known.

    Parameters
    ----------
    source : str or pathlib.Path
        ``full_BUG.csv``.
    target : str or pathlib.Path
        Where the reduced file goes; overwritten.
    """
    with (
        open(source, encoding="utf-8", newline="") as original,
        open(target, "w", encoding="utf-8", newline="") as reduced,
    ):
        writer = csv.writer(reduced, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in csv.DictReader(original):
            kept = {name: row[column] for name, column in COLUMNS.items()}
            kept["profession"] = kept["profession"].lower()
            writer.writerow(kept.values())
