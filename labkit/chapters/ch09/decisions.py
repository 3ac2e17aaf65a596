"""A written decision for an operating point: its reasons, its figures, who gains, who loses, and when it is reviewed.

A program can count and compare; people must give the reasons. `write_decision` makes the draft, `check_decision` says
what is missing and what contradicts the figures.
"""

import re
from collections.abc import Collection, Mapping
from datetime import date, datetime

from labkit.data.datasheets import check_answers, check_sections, join_sections, split_sections
from labkit.errors import UserError

DECISION_SECTIONS = {
    "Aim": "what is decided about whom, and what the decision is for",
    "Criterion and why": "what should be equal, and why that and not something else",
    "Labels and how far they are trusted": "who recorded them, how they can be wrong, and for whom",
    "Chosen operating point": "its name between backticks, the rule by which it was chosen, and on which people",
    "Figures": "its figures on people it was not chosen on, with intervals",
    "Who gains": "the groups that clearly gain, between backticks, and what; 'nobody' where none does",
    "Who loses": "the groups that clearly lose, between backticks, and what; 'nobody' where none does",
    "What would change the decision": "which finding, of what size, would make you choose differently",
    "Review": "who looks at it again, and on which date (such as 2030-01-31)",
}


COMPUTED_SECTIONS = ("Figures",)


NAMED = re.compile(r"`([^`]+)`")


DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")


FORMATS = {  # dates as people write them, beside 2035-06-30
    r"\b\d{1,2}\.\d{1,2}\.\d{4}\b": "%d.%m.%Y",
    r"\b\d{1,2} [A-Z][a-z]+ \d{4}\b": "%d %B %Y",
    r"\b[A-Z][a-z]+ \d{1,2}, \d{4}\b": "%B %d, %Y",
}


def write_decision(
    figures: Mapping[str, tuple[float, float, float]], *, title: str, answers: Mapping[str, str] | None = None
) -> str:
    """Write a decision in Markdown: the figures are filled in, the rest is for people to answer.

    Parameters
    ----------
    figures : mapping of str to (mean, low, high)
        What was computed, by name.
    title : str
        Title of the decision.
    answers : mapping of str to str, optional
        From a section of `DECISION_SECTIONS` to its text. A section that is left out gets TODO and the question to
        answer.

    Returns
    -------
    str
        Markdown.

    Raises
    ------
    UserError
        A section does not exist, or there are no figures.
    """
    if not figures:
        raise UserError("figures is empty; a decision without figures cannot be held to anything")
    answers = dict(answers or {})
    check_answers(answers, DECISION_SECTIONS, COMPUTED_SECTIONS)
    rows = [f"| {name} | {mean:z.3f} | {low:z.3f} | {high:z.3f} |" for name, (mean, low, high) in figures.items()]
    table = ["| figure | mean | low | high |", "|---|---:|---:|---:|", *rows]
    return join_sections(title, DECISION_SECTIONS, answers, {"Figures": table})


def check_decision(
    text: str,
    *,
    figures: Mapping[str, tuple[float, float, float]],
    point: str,
    gains: Collection[str] = (),
    loses: Collection[str] = (),
    today: date | None = None,
) -> list[str]:
    """List what a decision lacks, and where it contradicts what was computed.

    Only people can judge whether the reasons are good.

    Parameters
    ----------
    text : str
        Markdown with one title and the sections of `DECISION_SECTIONS`.
    figures : mapping of str to (mean, low, high)
        What was computed; the text may round it.
    point : str
        The operating point that the rule chose.
    gains, loses : collection of str
        Groups that clearly gain and lose.
    today : date, optional
        The review must be later. Default: the day of the call.

    Returns
    -------
    list of str
        One complaint for each thing that is missing or wrong; empty if nothing is.
    """
    title, written = split_sections(tidy(text))
    complaints = check_sections(
        title, written, sections=DECISION_SECTIONS, tables=COMPUTED_SECTIONS, titled="what is decided"
    )
    if "Figures" in written:
        complaints += compare_figures(read_figures(written["Figures"]), figures)
    chosen = written.get("Chosen operating point", "")
    if chosen and "TODO" not in chosen and point not in NAMED.findall(chosen):
        complaints.append(f"'Chosen operating point' does not name `{point}`, which the rule chose")
    for section, groups in (("Who gains", gains), ("Who loses", loses)):
        complaints += compare_groups(section, written.get(section, ""), groups)
    change = written.get("What would change the decision", "")
    if change and "TODO" not in change and not re.search(r"\d", change):
        complaints.append("'What would change the decision' gives no number: from which size on?")
    return complaints + check_review(written.get("Review", ""), today or date.today())


def tidy(text: str) -> str:
    """Return a decision with dates in ISO's form, and "nobody" where a section says it in other words.

    A section that begins with nobody may name a group in its reason: "nobody: in `b` the interval contains zero".
    """

    def as_iso(found: re.Match, style: str) -> str:
        try:
            return datetime.strptime(found[0], style).date().isoformat()
        except ValueError:
            return found[0]  # 5 Patients 2035

    for pattern, style in FORMATS.items():
        text = re.sub(pattern, lambda found, style=style: as_iso(found, style), text)
    text = re.sub(r"\bno (?:group|one|body)\b", "nobody", text, flags=re.IGNORECASE)
    return re.sub(
        r"^nobody\b(?! of\b).*$", lambda line: line[0].replace("`", ""), text, flags=re.IGNORECASE | re.MULTILINE
    )


def read_figures(section: str) -> dict[str, tuple[str, str, str]]:
    """Read the rows ``| figure | mean | low | high |`` of a table as they are written, without its heading."""
    figures = {}
    for line in section.splitlines():
        row = [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]
        if len(row) == 4 and re.search(r"\d", row[1]):
            figures[row[0]] = tuple(row[1:])
    return figures


def compare_figures(
    stated: Mapping[str, tuple[str, str, str]], computed: Mapping[str, tuple[float, float, float]]
) -> list[str]:
    """Return a complaint for each figure that is missing or is not the computed one, rounded."""
    complaints = []
    for name, values in computed.items():
        if name not in stated:
            complaints.append(f"'Figures' lacks {name!r}")
            continue
        for part, written, value in zip(("mean", "low", "high"), stated[name], values, strict=True):
            if not agrees(written, value):
                complaints.append(f"'Figures' gives {written or 'nothing'} as {part} of {name!r}; it is {value:z.3f}")
    return complaints


def agrees(written: str, value: float) -> bool:
    """Say whether a number as written is a value rounded to two digits or more.

    >>> agrees("0.05", 0.0461), agrees("-0.046", -0.0461), agrees("0.1", 0.0461), agrees("0.06", 0.0461)
    (True, True, False, False)
    """
    number = re.fullmatch(r"([-+−]?)(\d*\.(\d{2,}))", written)
    if not number:
        return False
    sign = -1 if number[1] in ("-", "−") else 1
    return abs(sign * float(number[2]) - value) <= 0.5 * 10 ** -len(number[3]) * (1 + 1e-6)


def compare_groups(section: str, body: str, groups: Collection[str]) -> list[str]:
    """Return complaints where a section leaves out a group that clearly changed, or names one that did not."""
    if not body or "TODO" in body:
        return []
    named = set(NAMED.findall(body))
    verb = "gains" if section == "Who gains" else "loses"
    complaints = [f"'{section}' leaves out `{group}`, which clearly {verb}" for group in groups if group not in named]
    extra = sorted(named - set(groups))
    complaints += [f"'{section}' names `{group}`, which does not clearly {verb[:-1]}" for group in extra]
    if not groups and not named and "nobody" not in body.casefold():
        complaints.append(f"'{section}' should say that nobody clearly {verb}")
    if groups and re.search(r"\bnobody\b", body, re.IGNORECASE):
        complaints.append(f"'{section}' says nobody, but {', '.join(f'`{g}`' for g in groups)} clearly {verb}")
    return complaints


def check_review(body: str, today: date) -> list[str]:
    """Return a complaint if a review has no date, or one that has passed or does not exist."""
    if not body or "TODO" in body:
        return []
    if not (found := DATE.search(body)):
        return ["'Review' has no date, such as 2030-01-31: a review without one does not happen"]
    try:
        day = date.fromisoformat(found[0])
    except ValueError:
        return [f"'Review' gives {found[0]}, which is not a date"]
    return [] if day > today else [f"'Review' gives {found[0]}, which has passed"]
