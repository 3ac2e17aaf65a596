"""Exercises of notebook 01 on records about real people: compare like with like, choose a label."""

from functools import cache

import numpy as np
import pandas as pd

from labkit.chapters.ch01.resampling import draw_people
from labkit.data.tables import load_rand_hie
from labkit.exercises.answers import Fault, outputs_of
from labkit.exercises.checking import compare_answers, exercise
from labkit.exercises.judging import close
from labkit.exercises.recognizers import recognize_slip


# ---- 01.3 compare like with like -------------------------------------------------------------------------------------
def applications_to(*cells):
    """Return a table of counts from (department, gender, admitted, rejected)."""
    rows = [(d, g, admitted, n) for d, g, *pair in cells for admitted, n in zip((1, 0), pair, strict=True)]
    return pd.DataFrame(rows, columns=["department", "gender", "admitted", "n"])


TABLES = (
    (applications_to(("X", "male", 60, 40), ("X", "female", 16, 4), ("Y", "male", 4, 16), ("Y", "female", 30, 70)),),
    (
        applications_to(
            ("S", "female", 5, 45),
            ("S", "male", 30, 60),
            ("R", "female", 12, 8),
            ("R", "male", 70, 90),
            ("T", "female", 40, 110),
            ("T", "male", 9, 1),
        ),
    ),
    (applications_to(("X", "male", 10, 10), ("X", "female", 9, 1), ("Y", "male", 30, 30), ("Y", "female", 10, 100)),),
)


def draw_applications(rng):
    """Draw tables of two to four departments with other names, whose rows are in any order."""
    found = []
    for n in (2, 3, 4):
        names = rng.choice(list("CDEFGHJKLMNP"), n, replace=False).tolist()
        cells = [
            (name, gender, *(int(each) for each in rng.integers(3, 120, 2)))
            for name in names
            for gender in ("male", "female")
        ]
        found.append((applications_to(*(cells[place] for place in rng.permutation(len(cells)))),))
    return found


def by_department(table, column=None):
    """Return admission rates by department and gender, and the number of applications."""
    applied = table.groupby(["department", "gender"])["n"].sum().unstack()
    admitted = table[table["admitted"] == 1].groupby(["department", "gender"])["n"].sum().unstack()
    return admitted / applied, applied


def weighted_by(weights):
    """Return a function that averages over departments with weights made from the applications."""

    def rates(table):
        rate, applied = by_department(table)
        return {gender: np.average(rate[gender], weights=weights(applied, gender)) for gender in ("male", "female")}

    return rates


weighted_rates = weighted_by(lambda applied, gender: applied.sum(axis=1))


def admitted_weights(table):
    """Weights departments by the places they give."""
    rate, applied = by_department(table)
    places = (rate * applied).sum(axis=1)
    return {gender: np.average(rate[gender], weights=places) for gender in ("male", "female")}


def reject_constant(found, probes):
    """Return the rates of each table; Fault for a function that looks at no table."""
    if all(rates == found[0] for rates in found):
        raise Fault(
            "your function returns the same for two different tables, so it does not use its argument. Does it take "
            "the numbers from a table of the notebook, such as `ucb`, where it should take them from `table`?"
        )
    return found


compare_answers(
    "01.3",
    points=2,
    objective="01-confounding",
    reference=weighted_rates,
    collect=outputs_of(*TABLES, review=reject_constant),
    hidden=draw_applications,
    wrong=[
        (
            weighted_by(lambda applied, gender: applied[gender]),
            "Each gender is weighted by its own applications: that is the overall rate again, confounded as before. "
            "Both genders need the *same* weights.",
        ),
        (
            weighted_by(lambda applied, gender: np.ones(len(applied))),
            "All departments count the same here, the smallest as much as the largest. Weight them by their "
            "applications.",
        ),
        (
            weighted_by(lambda applied, gender: applied["female"]),
            "These weights are the women's applications alone. That is a possible comparison (as if men had applied "
            "where women did), but the exercise asks for all applications.",
        ),
        (
            admitted_weights,
            "You weight by the number of people *admitted*, which is a result of the decision. Count all applications, "
            "admitted or not.",
        ),
    ],
    otherwise="Not the two rates that are asked for. Work out a table of two departments on paper: which step of your "
    "function gives another number?",
    hints=(
        "Two steps: a rate for each department and gender, then one average over departments for each gender.",
        "`table.groupby(['department', 'gender'])['n'].sum().unstack()` counts applications. The weights are its row "
        "sums.",
    ),
    idea="For each gender, `np.average` of its rates by department, with weights that are the same for both: all "
    "applications to the department.",
    praise="Same weights for both: like is compared with like. Whether where people applied was itself a result of how "
    "they were treated, the weights cannot say.",
)


# ---- 01.4 decide and justify: a measure of need ----------------------------------------------------------------------
COMPARED = ("more", "less", "cannot tell")


COUNTS = {  # in the order of their letters
    "meddol": "care that was received",
    "disea": "chronic illnesses on an index",
    "xghindx": "health as people state it",
}


SICKEST_FIRST = {"meddol": False, "disea": False, "xghindx": True}  # is the table sorted in ascending order?


PROGRAMME, N_BOOT = 0.2, 500  # a fifth: the notebook prints the shares of a tenth


@cache
def load_adults():
    """Return the first year of each adult."""
    rand = load_rand_hie().frame
    adults = rand[(rand["xage"] >= 18) & rand["black"].isin([0, 1])]
    return adults.sort_values(["person", "year"]).drop_duplicates("person")


@cache
def rank_adults(measure):
    """Return who it is and whether the family is Black, both (people,), those in greatest need first."""
    adults = load_adults()
    ranked = adults.sort_values(measure, ascending=SICKEST_FIRST[measure], kind="stable")
    return ranked["person"].to_numpy(), ranked["black"].to_numpy()


def share_of(measure, part):
    """Return the share of Black families' members in the programme, in the fifth at the other end, or in all."""
    black = rank_adults(measure)[1]
    room = int(PROGRAMME * len(black))
    return float({"programme": black[:room], "other end": black[-room:], "all": black}[part].mean())


@cache
def shares_by_ties(measure):
    """Return the smallest and the largest share in the programme: any order of ties at the cut is right."""
    adults = load_adults()
    need = adults[measure] * (1 if SICKEST_FIRST[measure] else -1)  # small numbers first
    shares = []
    for first in (1, -1):
        ranked = adults.assign(need=need, tie=first * adults["black"]).sort_values(["need", "tie"])
        shares.append(float(ranked["black"].head(int(PROGRAMME * len(ranked))).mean()))
    return min(shares), max(shares)


@cache
def compare_programme(measure):
    """Say how the programme's share compares with that of all adults, by the interval of the difference over people."""
    person, black = rank_adults(measure)
    weights = draw_people(person, n_boot=N_BOOT, seed=0)
    chosen = weights * (weights.cumsum(axis=1) <= PROGRAMME * weights.sum(axis=1, keepdims=True))
    difference = chosen @ black / chosen.sum(axis=1) - weights @ black / weights.sum(axis=1)
    low, high = np.quantile(difference, [0.025, 0.975])
    return "more" if low > 0 else "less" if high < 0 else "cannot tell"


def decision(measure, compared, part="programme", counts=None):
    """Return an answer in its form."""
    return {
        "measure": measure,
        "share": share_of(measure, part),
        "compared": compared,
        "counts": counts or COUNTS[measure],
    }


HEALTHIEST = (
    "That is the share in the fifth that needs care *least*: a high `xghindx` means good health, so sort ascending."
)


ALL = "That is the share among all adults. Rank them, keep the first fifth, and take the share there."


POINT = (
    "Ranked by the cost of the first year the share is smaller than among all adults, and the interval of the "
    "difference says so."
)


DIFFERENCE = "That is how far the share in the programme lies from that of all adults. Give the share itself."


CARE = "Dollars were spent on care that somebody got. Whoever is kept from care costs nothing, however ill."


OTHER_WAY = "By this index the share in the programme is larger than among all adults, and the interval says so."


@exercise(
    "01.4",
    points=3,
    objective="01-label",
    reference=decision("xghindx", "more"),
    choices={"measure": tuple(COUNTS), "compared": COMPARED, "counts": tuple(COUNTS.values())},
    wrong=[
        (decision("xghindx", "more", part="other end"), HEALTHIEST),
        (decision("disea", "less", part="all"), ALL),
        (decision("meddol", "cannot tell"), POINT),
        (decision("meddol", "less", counts="chronic illnesses on an index"), CARE),
        (decision("xghindx", "less"), OTHER_WAY),
        (
            decision("xghindx", "more") | {"share": share_of("xghindx", "programme") - share_of("xghindx", "all")},
            DIFFERENCE,
        ),
    ],
    hints=(
        "`programme_share('meddol', False, room=0.2)` is the programme by cost: its first row is the data as they are.",
        "First column less second column is the difference, row by row; `compare_shares` takes its quantiles over the "
        "redrawn people.",
    ),
    idea="Compute the programme of your measure with room for a fifth: its share, and whether its interval of the "
    "difference leaves out zero. Then ask what had to happen for the number to be written down.",
    praise="Your answer is consistent. That is all a program can check: whether this measure *should* decide is a "
    "matter for those whom the programme is for.",
)
def judge_decision(collected):
    """Hold the answer to the data of the measure that was chosen; every measure can be chosen."""
    measure, share = collected["measure"], collected["share"]
    right, (low, high) = share_of(measure, "programme"), shares_by_ties(measure)
    if not low - 6e-4 <= share <= high + 6e-4:
        if close(share, share_of(measure, "other end"), 6e-4):
            return HEALTHIEST
        if close(share, share_of(measure, "all"), 6e-4):
            return ALL
        if close(abs(share), abs(right - share_of(measure, "all")), 6e-4):
            return DIFFERENCE
        if others := [name for name in COUNTS if close(share, share_of(name, "programme"), 6e-4)]:
            return f"That is the share of the programme ranked by `{others[0]}`; you chose `{measure}`."
        slip = recognize_slip({"share": share}, {"share": right}, tolerance=6e-4)
        return slip or f"Ranked by `{measure}` the share is another one. Whom do you rank, and how many do you keep?"
    if collected["compared"] != compare_programme(measure):
        return {"meddol": POINT, "xghindx": OTHER_WAY}.get(
            measure, "By this index the share in the programme is smaller than among all adults; the interval says so."
        )
    if collected["counts"] != COUNTS[measure]:
        return {"meddol": CARE}.get(
            measure, f"What had to happen before `{measure}` was written down? The text before the table describes it."
        )
    return None
