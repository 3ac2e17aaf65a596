"""Exercises of notebook 12, part one: pronouns, an audit with a flaw, and names as units."""

import numpy as np

from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import compare_answers

# ---- 12.1 from logarithms to a share ---------------------------------------------------------------------------------
SCORED = (
    ({"he": [-2.0, -1.2, -3.1], "she": [-1.5, -2.9, -2.2], "they": [-2.5, -0.9, -4.0]},),
    ({"he": [-4.1], "she": [-5.2], "they": [-1.1]},),
    ({"he": [-0.7, -6.0], "she": [-3.3, -2.1], "they": [-1.9, -2.4]},),
    ({"he": [-9.4, -2.2, -1.3, -3.8], "she": [-7.1, -4.4, -1.9, -0.6], "they": [-3.0, -3.5, -2.7, -1.4]},),
)


def share_of_she(log_probabilities):
    """Return the mean over sentences of P(she) / (P(he) + P(she))."""
    he, she = np.exp(log_probabilities["he"]), np.exp(log_probabilities["she"])
    return np.mean(she / (he + she))


def share_of_logarithms(log_probabilities):
    """Forget to leave the logarithm."""
    he, she = np.array(log_probabilities["he"]), np.array(log_probabilities["she"])
    return np.mean(she / (he + she))


def share_of_all_three(log_probabilities):
    """Count they among the pronouns."""
    he, she, they = (np.exp(log_probabilities[word]) for word in ("he", "she", "they"))
    return np.mean(she / (he + she + they))


def probability_of_she(log_probabilities):
    """Leave out the comparison."""
    return np.mean(np.exp(log_probabilities["she"]))


def share_of_sums(log_probabilities):
    """Add up sentences first."""
    he, she = np.exp(log_probabilities["he"]).sum(), np.exp(log_probabilities["she"]).sum()
    return she / (he + she)


def difference_of_logarithms(log_probabilities):
    """Return log odds."""
    return np.mean(np.array(log_probabilities["she"]) - np.array(log_probabilities["he"]))


def share_of_mean_logarithms(log_probabilities):
    """Average the logarithms first."""
    he, she = (np.exp(np.mean(log_probabilities[word])) for word in ("he", "she"))
    return she / (he + she)


compare_answers(
    "12.1",
    points=2,
    objective="12-pronouns",
    collect=outputs_of(*SCORED),
    reference=share_of_she,
    wrong=[
        (
            share_of_logarithms,
            "You divided logarithms by each other. A share needs probabilities: undo the logarithm first.",
        ),
        (
            share_of_all_three,
            "*They* is in your denominator. The share asked for is among *he* and *she*.",
        ),
        (
            probability_of_she,
            "This is the probability of *she* alone. In a sentence where no pronoun is likely it is small, whatever "
            "the role is.",
        ),
        (
            share_of_sums,
            "You added up the sentences before dividing. Then a sentence in which pronouns are likely counts more "
            "than the others. Take the share of each sentence, and average last.",
        ),
        (difference_of_logarithms, "These are log odds: they have no upper bound. A share lies between 0 and 1."),
        (
            share_of_mean_logarithms,
            "You averaged logarithms over sentences before taking the share. Take the share of each sentence, and "
            "average last.",
        ),
    ],
    otherwise="Not the mean share. Try two sentences with different shares, and compute their mean on paper.",
    hints=(
        "`np.exp` turns the logarithm of a probability into the probability, for a whole list at once.",
        "Each sentence has its own share: one probability divided by the sum of two. How many numbers do you have "
        "then, and how many are asked for?",
    ),
    idea="For each sentence, exp(log she) / (exp(log he) + exp(log she)); then the mean over sentences.",
    praise="With one sentence instead of several, you would have measured the sentence.",
)


# ---- 12.2 find the flaw ----------------------------------------------------------------------------------------------
WHAT_VARIES = ("the number of tokens", "the question", "the record", "nothing: names were drawn at random")
REPORTED = (3 * -0.9 + 0.3) / 4 - (-1.1 + 3 * 0.1) / 4
FLAW = {"reported": REPORTED, "varies": "the question", "within": 0.2}

compare_answers(
    "12.2",
    points=3,
    objective="12-names",
    reference=FLAW,
    choices={"varies": WHAT_VARIES},
    wrong=[
        (
            FLAW | {"reported": 0.2},
            "You averaged the two rows as if each counted the same. The team averaged over *answers*: three of the "
            "women's four were about engineers.",
        ),
        (
            FLAW | {"reported": -REPORTED},
            "The size is right. The sign is that of men minus women.",
        ),
        (
            FLAW | {"within": -0.2},
            "The size is right. The sign is that of men minus women within each question.",
        ),
        (
            FLAW | {"within": REPORTED},
            "Within one question, subtract the men's mean from the women's. Do so in each row, and then average the "
            "two differences.",
        ),
        (
            FLAW | {"within": 0.4},
            "You added up the two differences. The exercise asks for their average.",
        ),
        (
            FLAW | {"varies": "the number of tokens"},
            "The numbers are right. Nothing in the table says how long names are. Which column goes together with "
            "who was asked about?",
        ),
        (
            FLAW | {"varies": "the record"},
            "The numbers are right. The table has no record. Which column goes together with who was asked about?",
        ),
        (
            FLAW | {"varies": "nothing: names were drawn at random"},
            "The numbers are right. The table does not say that names were drawn at random, and look at how many "
            "women and how many men are in each row.",
        ),
    ],
    otherwise="Not these numbers. Weigh each mean by how many names it is of, and keep the direction: women minus men.",
    hints=(
        "There are four answers about women in all. Three have a mean of −0.9, one is 0.3.",
        "Read one row: both numbers come from the same question. Who is ahead there? And in the other row?",
    ),
    idea="Women: (3 × −0.9 + 0.3) / 4; men: (−1.1 + 3 × 0.1) / 4. Within rows: −0.9 − (−1.1) and 0.3 − 0.1. Most women "
    "were asked about in the question that gives everyone low log odds.",
    praise="In each question women's names are ahead, and the report says the opposite.",
)


# ---- 12.3 as many as there are names ---------------------------------------------------------------------------------
ANSWERS = (
    (
        {
            "Ana": [0.3, -0.2, 0.5],
            "Bea": [0.9, 1.1],
            "Cleo": [-0.4, 0.1, 0.2, 0.6],
            "Dov": [0.0, 0.3],
            "Eli": [-0.8, -0.1, -0.3],
        },
        ["Ana", "Bea", "Cleo"],
    ),
    (
        {"Uma": [1.2, 2.0], "Vic": [0.5, -1.5, 0.4], "Wim": [-2.2, 0.3], "Xia": [1.4], "Yul": [0.2, 0.9], "Zoe": [2.6]},
        ["Zoe", "Uma", "Xia"],
    ),
    ({"Kim": [-1.0, -2.0], "Lou": [-4.0], "Max": [-0.5, -0.7, -0.3], "Ned": [-2.5, -1.1]}, ["Lou", "Kim"]),
    (
        {"Abe": [0.1, 0.4], "Bo": [3.0, 2.0, 2.5], "Cy": [1.0], "Dee": [0.7, 0.9], "Eve": [1.6, 1.2], "Fay": [0.2]},
        ["Dee", "Eve"],
    ),
)


def gap_over_names(log_odds, women):
    """Return the difference of means over names, and its standard error."""
    first = [np.mean(values) for name, values in log_odds.items() if name in women]
    second = [np.mean(values) for name, values in log_odds.items() if name not in women]
    variance = np.var(first, ddof=1) / len(first) + np.var(second, ddof=1) / len(second)
    return [np.mean(first) - np.mean(second), np.sqrt(variance)]


def gap_over_answers(log_odds, women):
    """Take every answer as a unit."""
    first = [value for name, values in log_odds.items() if name in women for value in values]
    second = [value for name, values in log_odds.items() if name not in women for value in values]
    variance = np.var(first, ddof=1) / len(first) + np.var(second, ddof=1) / len(second)
    return [np.mean(first) - np.mean(second), np.sqrt(variance)]


def gap_with_ddof_zero(log_odds, women):
    """Divide by n."""
    first = [np.mean(values) for name, values in log_odds.items() if name in women]
    second = [np.mean(values) for name, values in log_odds.items() if name not in women]
    return [np.mean(first) - np.mean(second), np.sqrt(np.var(first) / len(first) + np.var(second) / len(second))]


def gap_with_spread(log_odds, women):
    """Forget to divide by the number of names."""
    first = [np.mean(values) for name, values in log_odds.items() if name in women]
    second = [np.mean(values) for name, values in log_odds.items() if name not in women]
    return [np.mean(first) - np.mean(second), np.sqrt(np.var(first, ddof=1) + np.var(second, ddof=1))]


def gap_with_variance(log_odds, women):
    """Forget the root."""
    difference, error = gap_over_names(log_odds, women)
    return [difference, error**2]


def gap_with_errors_added(log_odds, women):
    """Add standard errors."""
    first = [np.mean(values) for name, values in log_odds.items() if name in women]
    second = [np.mean(values) for name, values in log_odds.items() if name not in women]
    errors = (np.std(each, ddof=1) / np.sqrt(len(each)) for each in (first, second))
    return [np.mean(first) - np.mean(second), sum(errors)]


def gap_of_medians(log_odds, women):
    """Take medians of the names' means, with the right error."""
    first = [np.mean(values) for name, values in log_odds.items() if name in women]
    second = [np.mean(values) for name, values in log_odds.items() if name not in women]
    return [np.median(first) - np.median(second), gap_over_names(log_odds, women)[1]]


def gap_of_answers_with_the_right_error(log_odds, women):
    """Take the difference over answers."""
    return [gap_over_answers(log_odds, women)[0], gap_over_names(log_odds, women)[1]]


def gap_with_the_error_of_answers(log_odds, women):
    """Take the error over answers."""
    return [gap_over_names(log_odds, women)[0], gap_over_answers(log_odds, women)[1]]


def gap_turned_around(log_odds, women):
    """Subtract women from men."""
    difference, error = gap_over_names(log_odds, women)
    return [-difference, error]


compare_answers(
    "12.3",
    points=3,
    objective="12-names",
    collect=outputs_of(*ANSWERS),
    reference=gap_over_names,
    wrong=[
        (
            gap_over_answers,
            "You took every answer as a unit of its own. Then a name that was asked about more often counts more, and "
            "the standard error comes out too small or too large. Average over each name's answers first.",
        ),
        (
            gap_with_ddof_zero,
            "The difference is right. The variance of few names is divided by n − 1, not by n: `ddof=1`.",
        ),
        (
            gap_with_spread,
            "The difference is right. The second number is how far names are apart. A *mean* of names varies less: "
            "divide each variance by the number of names in its group.",
        ),
        (gap_with_variance, "The difference is right. The second number is a variance: a standard error is its root."),
        (
            gap_with_errors_added,
            "The difference is right. You added two standard errors. It is the variances that add up; take the root "
            "last.",
        ),
        (
            gap_of_medians,
            "The standard error is right. For the difference, take means of the names' means, not medians.",
        ),
        (
            gap_of_answers_with_the_right_error,
            "The standard error is right. The difference is over answers: a name that was asked about more often "
            "counts more. Average over each name's answers first.",
        ),
        (
            gap_with_the_error_of_answers,
            "The difference is right. The standard error takes every answer as a unit; the units are names.",
        ),
        (gap_turned_around, "The standard error is right. The difference has the wrong sign: it is women minus men."),
    ],
    otherwise="Not these two numbers. Try four names with two different numbers of answers, for which you can compute "
    "both on paper: first one mean for each name.",
    hints=(
        "Reduce each name's list to one number first. Then you have two short lists: women's names and men's names.",
        "The variance of a mean of n numbers is their variance divided by n. Do so for each group, and think about "
        "what happens to variances when two means are subtracted.",
    ),
    idea="first and second are the names' means in each group; the difference of their means, and "
    "sqrt(var(first, ddof=1) / len(first) + var(second, ddof=1) / len(second)).",
    praise="Asking about the same names more often makes each name's mean more exact, and does not add names.",
)
