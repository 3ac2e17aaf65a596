"""The page of an audit, which needs no network: three sentences, what to know first, figures, tables and their sources.

Figures are drawn elsewhere, perhaps at the same time by a second process: what needs them is written last.
"""

import base64
import html
import re
from collections.abc import Callable, Hashable, Sequence

from labkit.audit.drawing._planning import choose_groups, describe_calibration, letter_groups
from labkit.audit.narrow._rates import draw_narrow
from labkit.audit.results import Audit
from labkit.audit.sampling._roles import Roles
from labkit.audit.score_histogram import ScoreHistogram
from labkit.audit.sections._attributes import attributes_section
from labkit.audit.sections._comparisons import between_section, four_fifths_section, reference_section
from labkit.audit.sections._notices import notices_at_end, notices_on_top
from labkit.audit.sections._provenance import Provenance, provenance_section
from labkit.audit.sections._rates import rates_section
from labkit.audit.sections._sample import counts_section, describe_roles, sample_section
from labkit.audit.sections._scores import write_scores
from labkit.audit.sections._sentences import BELOW, DecisionWords, read_metric
from labkit.audit.sections._summary import summary_section
from labkit.audit.text import GROUPS_DRAWN, begin, explain_marks, format_metric, say_people
from labkit.layout import figure_box, write_document
from labkit.validation import escape_controls

# Besides the style of all pages: cells whose numbers stay on their lines, and names that may be long.
STYLE = """<style>
.audit td { text-align: right; white-space: nowrap; } .audit thead th:not(:first-child) { text-align: right; }
.audit th[scope="row"] { font-weight: 400; min-width: 8rem; max-width: 22rem; overflow-wrap: anywhere; }
.audit tr > th:first-child { position: sticky; left: 0; background: var(--paper); }
.sideways { display: none; color: var(--soft); }
@media (max-width: 40rem) {
  .sideways { display: block; }
  .audit caption { position: sticky; left: 0; max-width: calc(100vw - 2rem); }
  .audit tr > th:first-child { min-width: 6.5rem; max-width: 8rem; padding-left: 0; box-shadow: 1px 0 0 var(--line); }
}
.audit td:has(br) { line-height: 1.25; }
.ci, .of, .why, .key { color: var(--soft); font-size: .88em; } .why { white-space: normal; display: inline-block;
  max-width: 11rem; }
.audit .all :is(th, td) { font-weight: 600; border-top: 2px solid var(--soft); }
.audit :is(td, th).words { text-align: left !important; white-space: normal; overflow-wrap: anywhere; min-width: 8rem; }
main > p code, .warnings code, .summary code { white-space: nowrap; background: none; padding: 0; }
.summary { border-left: 4px solid var(--link); background: var(--box); padding: .2rem 1rem; margin: 1rem 0; }
.summary h2 { border: 0; padding: 0; margin-top: .6rem; } .summary p { font-size: 1.08rem; }
.here ul { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; padding: 0; }
figure { margin: 0 0 1.5em; } figcaption { color: var(--soft); font-size: .93rem; max-width: 48rem; }
main > p, main > dl, main > ul { max-width: 48rem; }
.facts dt { font-weight: 600; } .facts dd { overflow-wrap: anywhere; }
@media print {
  .here, .sideways { display: none; } .audit { font-size: 7.5pt; } .audit :is(td, th) { padding: .15rem .35rem; }
  .audit th[scope="row"], .audit :is(td, th).words { min-width: 4rem; }
  .audit tr > th:first-child { position: static; }
  details::details-content { content-visibility: visible; block-size: auto; }
  summary { list-style: none; font-weight: 600; }
}
</style>
"""
SIDEWAYS = "Wide tables scroll sideways: a shadow at an edge says that there is more."
LIMITS = """A gap that chance does not explain is no proof of discrimination: nothing here is adjusted for other ways in
which the groups differ, and a gap may have causes that came before the decision. Intervals and tests take people as
independent of one another, and as drawn from those that the finding is about. Nor does the page say which of these
rates should be equal, or what a decision does to people."""
LIMITS_OF_LABELS = """ Nor whether the labels can be trusted. Error rates compare predictions with recorded labels:
where the record is unfair, equal error rates carry that on. And where a decision settles whether a label can be seen
(nobody sees whether a loan that was refused would have been repaid), the labels of some people are guesses."""
FILES = {
    "audit.svg": "the figure",
    "rates.csv": "the rates of these groups, complements too",
    "comparisons.csv": "each group against the reference",
    "counts.csv": "counts",
    "audit.json": "counts, rates and comparisons, for programs",
}


def write_page(
    audit: Audit,
    png: str | Callable[[], str],
    *,
    alt: str,
    title: str,
    roles: Roles,
    more: str | Callable[[], str] = "",
    favorable: int | None = None,
    verdicts: Sequence[str] = (),
    positive_means: str = "",
    reference: Hashable = None,
    provenance: Provenance | None = None,
) -> str:
    """Write the page: sentences and notices first, then the figure (base64), tables and ``more`` sections.

    ``png`` and ``more`` may be functions, which are called when everything else is written.
    """
    number, words = len(audit.counts.groups), DecisionWords.of(roles, positive_means, favorable)
    groups = ", ".join(map(str, audit.counts.groups.names))
    keys = letter_groups(audit).keys
    drawn = draw_narrow(
        audit, words.shown, choose_groups(audit), keys, titles={metric: words.name(metric) for metric in words.shown}
    )
    narrow = f"data:image/svg+xml;base64,{base64.b64encode(drawn.encode()).decode('ascii')}"
    marked = {"small": bool(audit.small_groups), "imprecise": audit.too_few.any(axis=None)}
    marks = "".join(f"<p>{line}</p>" for line in explain_marks(**marked, min_group_size=audit.min_group_size))
    readings = "".join(
        f"<dt><b>{html.escape(words.name(metric))}</b></dt><dd>{html.escape(read_metric(audit, metric, words))}</dd>"
        for metric in (*words.shown, *BELOW)
        if metric in audit.counts.metrics
    )
    rule = four_fifths_section(audit, favorable)
    top = f"""{summary_section(audit, words, favorable, verdicts)}{notices_on_top(audit)}"""
    below = f"""<figcaption>{_explain_figure(audit, keys, words)}</figcaption></figure>
{rates_section(audit, words, keys)}
<p>{_explain_rates(audit, words)}</p>
{marks}
<h2 id="readings">What each rate says</h2>
<dl>{readings}</dl>
{rule if favorable is not None else ""}{between_section(audit, words)}
{reference_section(audit, reference, words)}
{attributes_section(audit, reference, words)}{rule if favorable is None else ""}{sample_section(audit)}"""
    counts = f"""
<h2 id="counts">The counts behind it</h2>
{counts_section(audit)}"""
    end = f"""{notices_at_end(audit)}{provenance_section(provenance)}
<h2 id="limits">What this does not show</h2>
<p>{LIMITS}{LIMITS_OF_LABELS if "base_rate" in audit.counts.metrics else ""}</p>
"""
    png, more = (each() if callable(each) else each for each in (png, more))
    figure = figure_box(png, alt=alt, label="Figure of rates by group", narrow=narrow)
    sections = f'<h2 id="rates">Rates by group</h2>\n<figure>{figure}\n{below}{more}{counts}{_link_files(more)}{end}'
    content = f"""<h1>Audit of {html.escape(title)}</h1>
<p>{say_people(audit.counts)} in {number} groups by <b>{html.escape(groups)}</b>; {describe_roles(roles)}. Intervals
are score intervals for {audit.confidence:.0%}: Wilson's for rates, Newcombe's for differences and Koopman's for ratios;
rates have each its own; where groups are compared, all intervals of a table hold at
once.{_say_missing(audit, roles)}</p>
{top}{_list_sections(sections)}<p class="sideways">{SIDEWAYS}</p>
{sections}"""
    return escape_controls(write_document(content, title=f"Audit of {title}", head=STYLE, wide=True))


def _say_missing(audit: Audit, roles: Roles) -> str:
    """Say how many people have no group, where they are shown as one."""
    if roles.missing_group is None:
        return ""
    groups = [group if isinstance(group, tuple) else (group,) for group in audit.counts.groups.tolist()]
    people = audit.counts.sizes[[roles.missing_group in group for group in groups]].sum()
    share = people / audit.counts.sizes.sum()
    named = html.escape(str(roles.missing_group))
    return (
        f" For {people:,} people ({share:.1%}) a group is missing: they are shown as “{named}”, which is no group that "
        "people belong to."
    )


def score_section(scores: ScoreHistogram, png: str, narrow: str, *, score: str, confidence: float = 0.95) -> str:
    """Write the section of the page on scores: table of AUC, figure of calibration (base64), and what bounds them.

    ``narrow`` is the figure for a phone.
    """
    alt = describe_calibration(score, confidence=confidence)
    narrow = f"data:image/png;base64,{narrow}"
    figure = figure_box(png, alt=alt, label="Figure of calibration by group", narrow=narrow)
    return write_scores(scores, figure, score=score, confidence=confidence)


def _explain_figure(audit: Audit, keys: list[bool], words: DecisionWords) -> str:
    """Write the caption of the figure of rates."""
    number = len(audit.counts.groups)
    said = [f"Dots: rates. Lines: {audit.confidence:.0%} intervals. Dashed line: the rate of everyone."]
    if set(audit.small_groups) & set(audit.counts.groups[choose_groups(audit)]):
        said.append(f"Hollow dots: groups of fewer than {audit.min_group_size} people.")
    if number > GROUPS_DRAWN:
        said.append(
            f"The figure shows {GROUPS_DRAWN} of {number} groups, by {html.escape(words.name('selection_rate'))}: "
            "those with the lowest and the highest rates, and the largest. The table has all of them."
        )
    if any(keys):
        said.append("A number after # leads to a name in the table that is too long here, or that no font can draw.")
    return " ".join(said)


def _explain_rates(audit: Audit, words: DecisionWords) -> str:
    """Say what the rates are shares of, and what equality of each is called, as HTML."""
    if len(audit.counts.metrics) == 1:
        return f"{_explain_selection(words)} Equal selection rates are called demographic parity."
    label, got, lacked = (html.escape(said) for said in (words.label, words.got, words.lacked))
    said = [_explain_selection(words)]
    if words.favorable is None:
        said.append(
            f"True and false positive rate: the same share of people with a 1 in {label}, and of people with a 0 there."
        )
    else:
        positive = f"False positive rate: of people with a 0 in {label}, those who {got}"
        negative = f"False negative rate: of people with a 1 in {label}, those who {lacked}"
        first, second = (positive, negative) if words.favorable == 0 else (negative, positive)
        said.append(
            f"{first}. <b>This is the error that hurts people</b>: their {label} is {words.favorable}, and they do not "
            f"get the favorable decision, which is {words.favorable}. {second}."
        )
    said.append(f"Precision: of people who {got}, those with a 1 in {label}. {_name_criteria(words, label)} All rates,")
    said.append("complements too (such as 1 minus the false negative rate, the true positive rate), are in rates.csv.")
    said.append(f"Labeled positive: people with a 1 in {label}. Predicted positive: people who {got}.")
    return " ".join(said)


def _explain_selection(words: DecisionWords) -> str:
    """Say what the rate of a decision of 1 is, and what it is called in files, as HTML."""
    name, elsewhere = words.name("selection_rate"), ""
    if name != format_metric("selection_rate"):
        elsewhere = " (the selection rate, as files and <code>--fail-if</code> call it)"
    return f"{html.escape(begin(name))}{elsewhere}: of all people, those who {html.escape(words.got)}."


def _name_criteria(words: DecisionWords, label: str) -> str:
    """Say what equality of each rate is called, as HTML."""
    if words.favorable is None:
        return (
            "Equal selection rates are called demographic parity, equal true positive rates equal opportunity (where a "
            "decision of 1 is the favorable one: <code>--favorable</code> says so), equal true and false positive "
            "rates equalized odds."
        )
    first = format_metric(words.shown[1])
    return (
        f"Equal selection rates are called demographic parity; equal {first}s equal opportunity (people whose {label} "
        f"is {words.favorable} get the favorable decision equally often in all groups); equality of both error rates "
        "equalized odds."
    )


def _link_files(more: str) -> str:
    """Link the files that are written beside the page, as HTML."""
    named = FILES | ({"scores.csv": "people by score"} if 'id="scores"' in more else {})
    links = ", ".join(f'<a href="{name}">{name}</a> ({what})' for name, what in named.items())
    return f"<p>Beside this page: {links}.</p>\n"


def _list_sections(sections: str) -> str:
    """Write the table of contents from the headings of the sections."""
    found = re.findall(r'<h2 id="([^"]+)">(.*?)</h2>', sections)
    links = "".join(f'<li><a href="#{anchor}">{text}</a></li>' for anchor, text in found)
    return f'<nav class="here" aria-label="On this page"><ul>{links}</ul></nav>\n'
