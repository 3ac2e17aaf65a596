"""Exercise of notebook 05 on costs: the least error that a rule forces."""

from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import compare_answers


# ---- 05.4 write a function -------------------------------------------------------------------------------------------
def least_error(base_a, base_b, allowed):
    """Return the smallest possible sum of the two groups' errors."""
    return max(0, abs(base_a - base_b) - allowed)


def draw_base_rates(rng):
    """Draw base rates and allowed gaps: each order, nothing allowed, more allowed than there is, and in between."""
    low, high, middle = rng.uniform(0.05, 0.3), rng.uniform(0.5, 0.95), rng.uniform(0.3, 0.5)
    some, much = rng.uniform(0.02, 0.15, size=2)
    calls = (
        (high, low, 0.0),
        (low, high, some),
        (middle, middle, 0.0),
        (middle, middle - 0.1, 0.1 + much),
        (high, middle, some / 3),
        (middle, high, some / 2),
        (low, high, some / 5),
    )
    return [tuple(round(float(each), 3) for each in call) for call in calls]


compare_answers(
    "05.4",
    points=2,
    objective="05-cost",
    hidden=draw_base_rates,
    collect=outputs_of(
        (0.6, 0.2, 0.0),
        (0.2, 0.6, 0.1),
        (0.5, 0.5, 0.0),
        (0.4, 0.3, 0.25),
        (0.9, 0.05, 0.05),
        (0.37, 0.924, 0.13),
        (0.61, 0.42, 0.012),
    ),
    tolerance=1e-9,
    reference=least_error,
    wrong=[
        (
            lambda base_a, base_b, allowed: abs(base_a - base_b) - allowed,
            "Errors are never negative. Where the allowed gap is larger than the difference of the base rates, "
            "nothing is forced: the least is 0.",
        ),
        (
            lambda base_a, base_b, allowed: max(0, base_a - base_b - allowed),
            "The bound has the *absolute* difference of the base rates: it does not matter which group's is higher.",
        ),
        (
            lambda base_a, base_b, allowed: max(0, abs(base_a - base_b) - allowed) / 2,
            "You halve it. The bound is about the sum of the two errors, not about their mean.",
        ),
        (
            lambda base_a, base_b, allowed: max(0, abs(base_a - base_b) + allowed),
            "A larger allowed gap must make the least error smaller: subtract it.",
        ),
        (
            lambda base_a, base_b, allowed: abs(base_a - base_b),
            "This is the bound for exact parity. A gap that is allowed lowers it.",
        ),
    ],
    otherwise="Not the least error. Try a rule that allows any gap, and exact parity with base rates 0.6 and 0.2, in "
    "either order: what must come out?",
    hints=(
        "Put |Δr| = allowed into the bound. That is the best case within the rule.",
        "What does the bound say when the allowed gap is larger than |Δπ|? What is the least error then?",
    ),
    idea="max(0, |base_a - base_b| - allowed): the perfect predictor has a gap of |Δπ|; every point of gap that has to "
    "go costs a point of error in one of the groups.",
    praise="And it can be reached: start from the perfect predictor and change as few decisions as the rule demands.",
)
