"""Columns that look like identifiers of persons and repeat: then a row is no person, and intervals are too narrow."""

import re
from typing import Any

import narwhals as nw

# Words of names such as patient_id, customerNr and UUID. All words of a name must be among them, and one at least must
# be more than filling: school_id identifies schools, applicant_income is no identifier, and a row number does not
# repeat.
PERSONS = """applicant borrower candidate case client customer defendant employee enrollee member participant patient
person pupil respondent student subject user""".split()
IDENTIFIERS = "guid id identifier ids nhs pid sid ssn uid userid uuid".split()
FILLING = "anon anonymised anonymized code hash hashed key no nr num number pseudo pseudonym the unique".split()
WORDS = re.compile("[A-Z]+(?![a-z])|[A-Z]?[a-z]+")  # customerNr, patient_ID; other scripts are not read

FEWEST_PERSONS = 10
MOST_ROWS_PER_PERSON = 100
MOST_DISTINCT = 0.95  # of the rows: fewer repeats may be mistakes in a column that has one row for each person


def looks_like_an_identifier(name: str) -> bool:
    """Say whether the name of a column is that of an identifier of persons, word by word."""
    words = [word.lower() for word in WORDS.findall(name)]
    words = [word.removesuffix("s") if word.removesuffix("s") in PERSONS else word for word in words]
    known = {*PERSONS, *IDENTIFIERS, *FILLING}
    return bool(words) and set(words) <= known and not set(words) <= set(FILLING)


def note_identifiers(frame: Any, taken: list[str], notes: list[str]) -> None:
    """Note the first column, not yet taken for a role, that looks like an identifier of persons and repeats.

    Only frames in memory are looked at, and in them only columns with such a name, of text or whole numbers: at least
    ``FEWEST_PERSONS`` values, at most ``MOST_ROWS_PER_PERSON`` rows for each on average (a subject may also be
    mathematics, a customer yes or no), and at most ``MOST_DISTINCT`` of the rows with a value of their own.
    """
    if not isinstance(frame, nw.DataFrame):
        return
    schema, rows = frame.schema, len(frame)
    for name in schema.names():
        if name in taken or not looks_like_an_identifier(str(name)) or not _may_identify(schema[name]):
            continue
        try:
            values = frame[name].n_unique()
        except TypeError:  # lists and dicts cannot be hashed
            continue
        if max(FEWEST_PERSONS, rows / MOST_ROWS_PER_PERSON) <= values <= MOST_DISTINCT * rows:
            notes.append(
                f"column {name!r} looks like an identifier of persons, and its {rows:,} rows have {values:,} values: "
                f"if a person has several rows, pass person={name!r}, or intervals will be too narrow"
            )
            return


def _may_identify(dtype: Any) -> bool:
    """Say whether identifiers may have this type: text, whole numbers, categories, or anything in an object column."""
    return dtype.is_integer() or dtype in (nw.String, nw.Categorical, nw.Object)
