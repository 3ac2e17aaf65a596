"""A model card as Markdown with YAML front matter, from what `gather_facts` found."""

from collections.abc import Mapping, Sequence
from typing import Any

from labkit.audit.text import format_metric
from labkit.layout.markdown import escape_markdown, fenced, markdown_table
from labkit.records.cards._results import (
    SHOWN,
    bullets,
    count_small,
    describe_comparisons,
    describe_left_out,
    describe_rates,
    describe_tested,
    describe_warnings,
    name_in_card,
)
from labkit.records.cards._sections import MISSING, SECTIONS, STATED
from labkit.records.cards.regulation import ANNEX_IV, NO_POINT, NO_SECTION, NOTES
from labkit.validation import list_some


def render_card(facts: Mapping[str, Any]) -> tuple[str, dict[str, str], str]:
    """Write a card.

    Parameters
    ----------
    facts : mapping
        From `gather_facts`.

    Returns
    -------
    text : str
        Markdown with YAML front matter.
    sections : dict of str to str
        The body of each section.
    front_matter : str
        The YAML.
    """
    from huggingface_hub import ModelCard

    sections = {section: _write_section(section, facts) for section in SECTIONS}
    body = [f"# {name_in_card(facts['title'])}", _summarize(facts)]
    body += [f"## {section}\n\n{text}" for section, text in sections.items()]
    text = "\n\n".join(body) + "\n"
    card = ModelCard(f"---\n{write_front_matter(facts)}\n---\n\n{text}")
    return str(card), sections, card.data.to_yaml()


def write_front_matter(facts: Mapping[str, Any]) -> str:
    """Write the metadata of the card as YAML: name, license, language, and the rates of everyone with their intervals.

    Rates are in ``model-index``, which the Hub calls legacy: its present form, ``.eval_results/*.yaml``, takes only
    results on data sets that are benchmarks of the Hub, see ``ModelCardText.list_hub_results``. Those of groups would
    fill pages above the card, and are in ``card.json``.
    """
    from huggingface_hub import EvalResult, ModelCardData

    overall, data = facts["results"]["overall"], facts["data"] or {"source": "not known", "sha256": None}
    found = [
        EvalResult(
            task_type="other",
            dataset_type="file",
            dataset_name=data["source"],
            dataset_revision=data["sha256"],
            metric_type=metric,
            metric_name=f"{format_metric(metric)} of everyone",
            metric_value=rate["value"],
            metric_args={"people": overall["n"], "low": rate["low"], "high": rate["high"]},
        )
        for metric, rate in overall["rates"].items()
        if metric in SHOWN and rate["value"] is not None
    ]
    about = ModelCardData(
        model_name=facts["title"],
        license=facts["license"] or None,
        language=facts["language"] or None,
        tags=["fairness", "fairness-lab"],
        eval_results=found,
    )
    return about.to_yaml()


def _summarize(facts: Mapping[str, Any]) -> str:
    """Write what somebody must know who reads no further: who was tested, who is too few, and what is missing."""
    results, missing = facts["results"], facts["missing"]
    small = count_small(results["groups"])
    few = f"; {small:,} of them too small to be compared" if small else ""
    lines = [
        f"Tested on {facts['people']} in {len(results['groups']):,} groups by "
        f"{', '.join(map(name_in_card, results['columns']))}{few}. Numbers are computed from the data, and all other "
        "sections are what people say.",
        f"**Missing: {len(missing)} of {len(STATED)} sections that people have to write**: {', '.join(missing)}."
        if missing
        else f"All {len(STATED)} sections that people have to write are there. Whether they are true, nobody checked.",
    ]
    return bullets(lines)


def _write_section(section: str, facts: Mapping[str, Any]) -> str:
    """Write the body of one section."""
    computed = {
        "What it is": _describe_decision,
        "How it was made": _describe_model,
        "Data it was tested on": describe_tested,
        "Results by group": describe_rates,
        "Comparisons between groups": describe_comparisons,
        "Warnings": describe_warnings,
        "Who is left out": describe_left_out,
        "Energy": _describe_energy,
        "Where the numbers come from": _describe_origin,
        "Crosswalk": _describe_crosswalk,
    }
    parts = []
    if section in STATED:
        if section in facts["missing"]:
            parts.append(f"{MISSING} {SECTIONS[section]}")
        elif stated := facts["statements"][section]:
            parts.append(_write_statement(stated))
    if section in computed:
        parts.append(computed[section](facts))
    return "\n\n".join(part for part in parts if part)


def _write_statement(texts: Sequence[str]) -> str:
    """Write what people say: a text as paragraphs, several texts as a list."""
    if len(texts) == 1:
        return escape_markdown(texts[0])
    return bullets(escape_markdown(" ".join(text.split())) for text in texts)


def _describe_decision(facts: Mapping[str, Any]) -> str:
    """Write what a decision is, and what it means for a person."""
    decision = facts["decision"]
    lines = []
    if decision.get("prediction"):
        lines.append(f"Decision: the column {name_in_card(decision['prediction'])}, 0 or 1.")
    elif decision.get("threshold") is not None:
        lines.append(
            f"Decision: 1 where the score {name_in_card(decision.get('score'))} is at least {decision['threshold']:g}."
        )
    means = decision.get("positive_means")
    lines.append(
        f"A decision of 1 means: {name_in_card(means)}."
        if means
        else "What a decision of 1 means for a person was not said (`positive_means=`, `--positive-means`)."
    )
    return bullets(lines)


def _describe_model(facts: Mapping[str, Any]) -> str:
    """Write the settings of a saved fit."""
    model = facts["model"]
    if model is None:
        return "No saved fit was given (`fit=`, `--fit`): settings and checksum of the model are not known."
    checksum = model["weights_sha256"]
    lines = [
        f"Encoder that was fine-tuned: {name_in_card(model['encoder'])}",
        f"SHA-256 of the weights: `{checksum}`"
        if checksum
        else "The model was in memory: its weights have no checksum.",
    ]
    if model["last_epoch"]:
        last = ", ".join(
            f"{name_in_card(name)} {value:.4g}" if isinstance(value, int | float) else f"{name_in_card(name)} undefined"
            for name, value in model["last_epoch"].items()
        )
        lines.append(f"Last epoch: {last}")
    rows = [[name_in_card(name), name_in_card(value)] for name, value in model["config"].items()]
    return f"{bullets(lines)}\n\n{markdown_table(['setting', 'value'], rows)}"


def _describe_energy(facts: Mapping[str, Any]) -> str:
    """Write what was measured, or that nothing was."""
    energy = facts["energy"]
    if energy is None:
        return "Not measured."
    return f"{energy['kwh']:.4g} kWh: {escape_markdown(' '.join(energy['source'].split()))}"


def _describe_origin(facts: Mapping[str, Any]) -> str:
    """Write when the numbers were computed, with which versions, and what repeats them."""
    versions = ", ".join(f"{name_in_card(name)} {version}" for name, version in facts["versions"].items())
    parts = [bullets([f"Date: {facts['date']}", f"Versions: {versions}"])]
    if facts["command"]:
        parts += ["The same card, in the folder of the file:", fenced(facts["command"], "sh")]
    return "\n\n".join(parts)


def _describe_crosswalk(facts: Mapping[str, Any]) -> str:
    """Write which section answers which point, what is missing here, and what no card answers."""
    mapped = [row for row in facts["crosswalk"] if row["section"] != NO_SECTION]
    rows = [
        [
            row["section"],
            row["annex_iv"],
            row["rmf"],
            _say_status(row["section"], facts),
            row["note"],
        ]
        for row in mapped
    ]
    headings = ["section", "Annex IV point", "NIST AI RMF", "in this card", "what for"]
    asked = [row["section"] for row in mapped if row["annex_iv"] == NO_POINT]
    gaps = [
        f"Point {row['annex_iv']} ({ANNEX_IV[int(row['annex_iv'])]}): {row['note']}."
        for row in facts["crosswalk"]
        if row["section"] == NO_SECTION
    ]
    return "\n\n".join(
        [
            markdown_table(headings, rows),
            f"Sections that Annex IV does not ask for: {list_some(asked) if asked else 'none'}.",
            "What Annex IV asks for and no section of the card answers:",
            bullets(gaps),
            *NOTES,
        ]
    )


def _say_status(section: str, facts: Mapping[str, Any]) -> str:
    """Say whether a section of this card is there."""
    if section == "Energy" and facts["energy"] is None:
        return "not measured"
    return "**missing**" if section in facts["missing"] else "yes"
