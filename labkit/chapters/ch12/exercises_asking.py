"""Exercises of notebook 12, part one: pronouns, an audit with a flaw, and names as units."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import compare_answers
from labkit.exercises.variants import Variant

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


def draw_scored(rng):
    """Draw logarithms of probabilities for one to four sentences."""
    words = ("he", "she", "they")
    return [({word: rng.uniform(-6, -0.4, n).round(2).tolist() for word in words},) for n in (1, 2, 3, 4)]


compare_answers(
    "12.1",
    points=2,
    objective="12-pronouns",
    collect=outputs_of(*SCORED),
    hidden=draw_scored,
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
NUMBERS = {6: "six", 8: "eight", 10: "ten", 12: "twelve"}


@dataclass(frozen=True)
class NameAudit:
    """An audit of names in two questions: many women's names in the first, and as many men's in the second.

    `first` and `second` are the mean log odds of women's and men's names in a question.
    """

    many: int = 3
    few: int = 1
    first: tuple[float, float] = (-0.9, -1.1)
    second: tuple[float, float] = (0.3, 0.1)

    def found(self):
        """Return the right answer."""
        (women, men), (others, other_men) = self.first, self.second
        women_mean = (self.many * women + self.few * others) / (self.many + self.few)
        men_mean = (self.few * men + self.many * other_men) / (self.many + self.few)
        return {
            "reported": women_mean - men_mean,
            "varies": "the question",
            "within": (women - men + others - other_men) / 2,
        }

    def texts(self):
        """Return what the exercise says of it."""

        def row(question, women, men, means):
            low, high = (f"{mean:.1f}".replace("-", "−") for mean in means)
            return f"| {question} | {women} | {low} | {men} | {high} |"

        number = NUMBERS[2 * (self.many + self.few)]
        return [
            f"with {number} names",
            f"all {number} answers",
            row("as an engineer", self.many, self.few, self.first),
            row("as a nurse", self.few, self.many, self.second),
        ]

    def wrong(self):
        """Return wrong answers with their hints."""
        found = self.found()
        reported, within = found["reported"], found["within"]
        return [
            (
                found | {"reported": within},
                "You averaged the two rows as if each counted the same. The team averaged over *answers*: most of "
                "those about women were about engineers.",
            ),
            (found | {"reported": -reported}, "The size is right. The sign is that of men minus women."),
            (
                found | {"within": -within},
                "The size is right. The sign is that of men minus women within each question.",
            ),
            (
                found | {"within": reported},
                "Within one question, subtract the men's mean from the women's. Do so in each row, and then average "
                "the two differences.",
            ),
            (
                found | {"within": 2 * within},
                "You added up the two differences. The exercise asks for their average.",
            ),
            (
                found | {"varies": "the number of tokens"},
                "The numbers are right. Nothing in the table says how long names are. Which column goes together with "
                "who was asked about?",
            ),
            (
                found | {"varies": "the record"},
                "The numbers are right. The table has no record. Which column goes together with who was asked about?",
            ),
            (
                found | {"varies": "nothing: names were drawn at random"},
                "The numbers are right. The table does not say that names were drawn at random, and look at how many "
                "women and how many men are in each row.",
            ),
        ]


def draw_audit(rng):
    """Draw an audit whose report says the opposite of what each question shows."""
    while True:
        many, few = int(rng.integers(3, 6)), int(rng.integers(1, 3))
        women, others = rng.integers([-16, 2], [-8, 9]).tolist()  # tenths
        ahead, too = rng.integers(1, 5, 2).tolist()
        audit = NameAudit(many, few, (women / 10, (women - ahead) / 10), (others / 10, (others - too) / 10))
        found = audit.found()
        numbers = (found["reported"], -found["reported"], found["within"], -found["within"], 2 * found["within"])
        apart = min(abs(one - other) for one, other in combinations(numbers, 2)) > 0.02
        if many + few <= 6 and found["reported"] < -0.15 and apart:
            return Variant(found, audit.wrong(), list(zip(NameAudit().texts(), audit.texts(), strict=True)))


compare_answers(
    "12.2",
    points=3,
    objective="12-names",
    reference=NameAudit().found(),
    wrong=NameAudit().wrong(),
    variants=draw_audit,
    choices={"varies": WHAT_VARIES},
    otherwise="Not these numbers. Weigh each mean by how many names it is of, and keep the direction: women minus men.",
    hints=(
        "How many answers about women are there in all? How many of them have the mean of the first row, and how many "
        "that of the second?",
        "Read one row: both numbers come from the same question. Who is ahead there? And in the other row?",
    ),
    idea="Weigh each mean of women's names by their number, divide by the number of all, and do so for men. Within "
    "rows: women minus men in each row, then the mean of both. Most women were asked about in the question that gives "
    "everyone low log odds.",
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


NAMES = tuple("Ada Bob Cara Dan Ella Finn Gina Hugo Iris Jon Kaya Leo Mona Nils Olga Paul Rosa Sam Tina Udo".split())


def draw_answers(rng):
    """Draw log odds of other names, which were asked about unequally often."""
    found = []
    for women, men in ((3, 2), (4, 3), (3, 4)):
        names = rng.choice(NAMES, women + men, replace=False).tolist()
        numbers = rng.permutation([1, 2, 4]).tolist() + rng.integers(1, 5, women + men - 3).tolist()
        middle = rng.normal(0, 1, women + men) + 0.8 * (np.arange(women + men) < women)
        answers = {
            name: (center + rng.normal(0, 0.8, n)).round(1).tolist()
            for name, center, n in zip(names, middle, numbers, strict=True)
        }
        order = rng.permutation(names).tolist()
        found.append(({name: answers[name] for name in order}, [name for name in order if name in names[:women]]))
    return found


compare_answers(
    "12.3",
    points=3,
    objective="12-names",
    collect=outputs_of(*ANSWERS),
    hidden=draw_answers,
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
