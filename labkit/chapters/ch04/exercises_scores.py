"""Exercise of notebook 04: whether a score means the same for women and men."""

import pandas as pd
from statsmodels.stats.contingency_tables import StratifiedTable

from labkit.data import load_compas
from labkit.exercises.checking import compare_answers

PEOPLE = load_compas().frame
OBSERVED = PEOPLE[PEOPLE["two_years_observed"] == 1]
VERDICTS = (
    "at the same decile, women are charged again less often",
    "at the same decile, women are charged again more often",
    "these data cannot tell",
)


def compare_sexes(people, first="Female", second="Male", column="decile_score"):
    """Compare how often two groups are charged again, given the score."""
    tables = []
    for _, same_score in people.groupby(column):
        table = pd.crosstab(same_score["sex"], same_score["two_year_recid"])
        tables.append(table.loc[[first, second], [1, 0]].to_numpy())
    pooled = StratifiedTable(tables)
    low, high = pooled.oddsratio_pooled_confint()
    return {"odds_ratio": pooled.oddsratio_pooled, "low": low, "high": high}


def count_below(people):
    """Count the deciles at which a smaller share of women than of men is charged again."""
    shares = people.groupby(["decile_score", "sex"])["two_year_recid"].mean().unstack()
    return int((shares["Female"] < shares["Male"]).sum())


RIGHT = {"deciles_below": count_below(OBSERVED), **compare_sexes(OBSERVED), "verdict": VERDICTS[0]}


def women(**changes):
    """Return the right answer with some parts changed."""
    return RIGHT | changes


def crude(people):
    """Compare the sexes without looking at the score."""
    return compare_sexes(people.assign(everyone=1), column="everyone")


compare_answers(
    "04.5",
    points=3,
    objective="04-calibration",
    reference=RIGHT,
    choices={"verdict": VERDICTS},
    tolerance=0.002,
    wrong=[
        (
            women(**compare_sexes(OBSERVED, "Male", "Female")),
            "This odds ratio compares men with women. Which group is named first?",
        ),
        (
            women(**compare_sexes(OBSERVED, "Male", "Female"), verdict=VERDICTS[1]),
            "This odds ratio compares men with women, and your verdict is about women. Which group is named first?",
        ),
        (
            women(**compare_sexes(PEOPLE)),
            "You used all people. The rows without two full years inflate the shares: use `observed`.",
        ),
        (
            women(**crude(OBSERVED)),
            "This odds ratio ignores the score. The question is about people *with the same decile*: one table for "
            "each of them.",
        ),
        (
            women(deciles_below=10 - RIGHT["deciles_below"]),
            "You counted the deciles at which the share of women lies *above* that of men.",
        ),
        (
            women(deciles_below=RIGHT["deciles_below"] - 1),
            "The odds ratio is right. Count the deciles again: every decile counts, also where intervals overlap.",
        ),
        (
            women(verdict=VERDICTS[1]),
            "Your numbers are right. An odds ratio below 1 means that the first row is charged *less* often.",
        ),
        (women(verdict=VERDICTS[2]), "Your numbers are right. Where does the interval lie, compared with 1?"),
    ],
    otherwise="Not these numbers. Check which people you use, and which of the two sexes is named first.",
    hints=(
        "`calibration_by_group` as for the two races, with `observed` and its column `sex`. Its result has one row per "
        "sex and decile.",
        '`compare_given_score(observed, "sex", ["Female", "Male"])`: the first group in the list is compared with the '
        "second.",
    ),
    idea='`table["share"].unstack(level=0)` puts both shares side by side: count the rows in which the share of women '
    "is smaller. An interval of the odds ratio below 1 means that women are charged again less often at the same "
    "decile.",
    praise="At the same score, women are charged again less often. So the same score does not mean the same for women "
    "and men, and a rule that treats equal scores alike is harsher on women.",
)
