"""A model card from an audit: what is computed, what people say, and what is missing."""

import json
import re
from pathlib import Path

import pytest
from huggingface_hub import EvalResultEntry, ModelCard, eval_result_entries_to_yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from labkit.audit import audit, count, count_scores
from labkit.data.datasheets import split_sections
from labkit.errors import UserError
from labkit.records import check_card, crosswalk, write_model_card
from labkit.records.cards._sections import MISSING, SECTIONS, STATED
from labkit.records.cards.regulation import ANNEX_IV
from labkit.records.cards.writing import ModelCardText
from tests.records.cards.decisions import SENTENCE, make_decisions

LABKIT = Path(__file__).parents[3] / "labkit"
FRAME = make_decisions()
NAMES = {"label": "y", "prediction": "yhat", "sensitive": "sex"}
ALL = dict.fromkeys(STATED, SENTENCE)


def audit_of(frame=FRAME, **options):
    """Audit decisions."""
    return audit(y_true=frame["y"], y_pred=frame["yhat"], sensitive_features=frame[["sex"]], **options)


@pytest.fixture(scope="module")
def card():
    """A card with everything that people can say."""
    return write_model_card(audit_of(), title="Triage", statements=ALL, data=FRAME, favorable=1, license="mit")


def sections_of(card):
    """Return the sections of a card."""
    return split_sections(ModelCard(card.text).text)[1]


def validate(facts):
    """List what the schema finds wrong, in which the results are as the schema of audits describes them."""
    schema, audits = (
        json.loads((LABKIT / name).read_text())
        for name in ("records/cards/card.schema.json", "audit/command/audit.schema.json")
    )
    Draft202012Validator.check_schema(schema)
    schema["$defs"] = {"audit": {"$id": "audit.schema.json", **audits}}
    return [each.message for each in Draft202012Validator(schema).iter_errors(facts)]


def test_a_card_has_its_sections_in_order(card):
    """All of them, under one title."""
    title, written = split_sections(ModelCard(card.text).text)
    assert title == "Triage" and list(written) == list(SECTIONS)
    assert check_card(card.text) == [] and card.missing == []


def test_numbers_are_those_of_the_audit(card):
    """Each rate with its Wilson interval, and everyone's."""
    found, rates = audit_of(), sections_of(card)["Results by group"]
    for group in ("men", "women"):
        rate = found.by_group.loc[group, "true_positive_rate"]
        low, high = found.intervals.loc[group, "true_positive_rate"]
        assert f"{rate:.3f} [{low:.3f}, {high:.3f}]" in re.search(rf"^\| {group} .*$", rates, re.MULTILINE)[0]
    assert f"| everyone | 226 | {found.overall['selection_rate']:.3f} " in rates
    differences = found.against("selection_rate").loc["women"]
    compared = sections_of(card)["Comparisons between groups"]
    assert "Each group minus men (the largest group)" in compared
    assert f"{differences['difference']:.3f} [{differences['low_adjusted']:.3f}, " in compared


def test_bold_differences_are_those_beyond_chance(card):
    """A gap that no chance explains is bold, and one that chance explains is not."""
    frame = make_decisions({"men": 400, "women": 400})
    frame.loc[frame["sex"] == "women", "yhat"] = 0
    assert "| women | **-" in write_model_card(audit_of(frame), title="a").text
    frame["yhat"] = make_decisions({"men": 400, "women": 400})["y"]
    assert "**0.000" not in write_model_card(audit_of(frame), title="a").text


def test_small_groups_are_shown_marked_and_not_compared(card):
    """Their rates are there, their differences are not, and the first lines say how many there are."""
    written = sections_of(card)
    assert re.search(r"^\| few † \| 6 \|", written["Results by group"], re.MULTILINE)
    row = re.search(r"^\| few † .*$", written["Comparisons between groups"], re.MULTILINE)[0]
    assert row.count("not compared") == 5 and not re.search(r"\d", row)
    assert "few (6)" in written["Who is left out"] and "1 of them too small to be compared" in card.text
    assert "† fewer than 20 people" in written["Results by group"]


def test_a_small_reference_is_not_compared_with():
    """The card says so instead of showing differences."""
    text = write_model_card(audit_of(), title="a", reference="few").text
    assert "few has fewer than 20 people, so that nothing is compared with it" in text


def test_undefined_rates_have_a_reason(card):
    """Nobody in the small group is labeled 0."""
    written = sections_of(card)
    assert "undefined" in re.search(r"^\| few † .*$", written["Results by group"], re.MULTILINE)[0]
    assert "undefined: there is nobody to count; the section Warnings says who" in written["Results by group"]
    assert "'few' has no people labeled negative: undefined there: false positive rate" in written["Warnings"]
    assert card.facts["results"]["groups"][0]["rates"]["false_positive_rate"]["value"] is None


def test_what_nobody_said_is_called_missing():
    """In words, with the question, in the list at the top and in the crosswalk; no text is made up."""
    card = write_model_card(audit_of(), title="Triage", statements={"limits": "", "Intended use": SENTENCE})
    written = sections_of(card)
    assert card.missing == [each for each in STATED if each != "Intended use"]
    for section in card.missing:
        assert f"{MISSING} {SECTIONS[section]}" in written[section]
        assert re.search(rf"^\| {section} \|.* \*\*missing\*\* \|", written["Crosswalk"], re.MULTILINE)
    assert written["Intended use"] == SENTENCE
    assert f"**Missing: {len(card.missing)} of {len(STATED)} sections" in card.text
    assert [line.split(" is missing: ")[0].strip("'") for line in check_card(card.text)] == card.missing
    assert "Not measured." in written["Energy"] and "| not measured |" in written["Crosswalk"]
    assert "there is no checksum" in written["Data it was tested on"]


def test_several_statements_are_a_list():
    """One line each."""
    card = write_model_card(audit_of(), title="a", statements={"Limits": ["One\nline.", " ", "Two."]})
    assert sections_of(card)["Limits"] == "- One line.\n- Two."


def test_the_card_survives_being_saved_and_loaded(card, tmp_path):
    """`ModelCard.load` gives the same front matter and text; the files are what the card says they are."""
    card.save(tmp_path / "new" / "card")
    loaded = ModelCard.load(tmp_path / "new" / "card" / "README.md")
    assert str(loaded) == card.text and loaded.data.license == "mit"
    overall = audit_of().overall
    assert {each.metric_type: each.metric_value for each in loaded.data.eval_results} == {
        name: overall[name]
        for name in ("selection_rate", "accuracy", "true_positive_rate", "false_positive_rate", "precision")
    }
    assert {each.dataset_revision for each in loaded.data.eval_results} == {card.facts["data"]["sha256"]}
    written = json.loads((tmp_path / "new" / "card" / "card.json").read_text())
    assert {name: value for name, value in written.items() if name != "checksums"} == card.facts
    assert check_card(tmp_path / "new" / "card") == []


def test_the_facts_follow_the_schema(card, tmp_path):
    """With everything, and with nothing that can be left out; a key too many is found."""
    scores = count_scores(FRAME, label="y", score="p", sensitive="sex")
    bare = write_model_card(audit_of(), title="a", scores=scores, energy_kwh=0.5, energy_source="by a meter")
    for each in (card, bare):
        facts = json.loads(each.contents()["card.json"])
        assert validate(facts) == []
    assert validate(facts | {"more": 1}) and validate({**facts, "date": None})
    facts["results"]["groups"][0]["n"] = "six"
    assert validate(facts)
    assert "0.5 kWh: by a meter" in bare.text and "AUC of the score" in bare.text


def test_nothing_asks_the_network(monkeypatch):
    """Cards are written, checked and loaded without the hub."""
    import socket

    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("asked the network"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    assert check_card(write_model_card(audit_of(), title="a", statements=ALL).text) == []


HOSTILE = "</td><script>alert(1)</script> | # x\n---\n## Limits\n\n| a | b |\n|--|--|\n"
HOSTILE += "[x](javascript:y) {{z}} *w*: &amp;"


def test_hostile_names_and_statements_are_text():
    """Whatever HTML, Markdown or YAML they hold: the same sections, no tag, no link, and the same words."""
    frame = FRAME.replace({"sex": {"men": HOSTILE, "women": "--- # a: [b"}}).rename(columns={"sex": "sex|`<b>`"})
    found = audit(y_true=frame["y"], y_pred=frame["yhat"], sensitive_features=frame[["sex|`<b>`"]])
    card = write_model_card(
        found, title=HOSTILE, statements=dict.fromkeys(STATED, HOSTILE), positive_means=HOSTILE, license=HOSTILE
    )
    title, written = split_sections(ModelCard(card.text).text)
    assert list(written) == list(SECTIONS) and "script" in title and check_card(card.text) == []
    from markdown_it import MarkdownIt

    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(ModelCard(card.text).text)
    assert "<script" not in page and "<b>" not in page and "<a " not in page and "&lt;script&gt;" in page
    cells = {line.replace("\\|", "").count("|") for line in written["Results by group"].splitlines() if line[:1] == "|"}
    assert cells == {8}  # seven columns
    assert ModelCard(card.text).data.license == HOSTILE and str(ModelCard(card.text)) == card.text


@settings(max_examples=5, deadline=None)
@given(st.text(max_size=60).filter(str.strip), st.text(max_size=60))
def test_any_title_and_statement_give_a_card(title, statement):
    """With its sections, which can be loaded and give the same card again."""
    card = write_model_card(SMALL, title=title, statements={"Limits": statement}, language=title)
    assert list(sections_of(card)) == list(SECTIONS)
    assert str(ModelCard(card.text)) == card.text
    assert ("Limits" in card.missing) == (not statement.strip())


SMALL = audit_of(make_decisions({"men": 30, "women": 30}))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"title": " "}, "title is ' '; give the name of the model"),
        ({"statements": {"Intended us": "x"}}, "no section 'Intended us' to answer; did you mean 'intended_use'"),
        ({"statements": {"xyz": "x"}}, "no section 'xyz' to answer; it has what_it_is, intended_use"),
        ({"statements": {"Results by group": "x"}}, "'Results by group' is computed"),
        ({"statements": {"Limits": "x", "limits": "y"}}, "'Limits' is answered twice"),
        ({"statements": {"Limits": 3}}, "'Limits' is 3; give a text"),
        ({"statements": {"Limits": ["a", 3]}}, "'Limits'.*3"),
        ({"energy_kwh": 1.0}, "energy_kwh needs energy_source"),
        ({"energy_kwh": -1.0, "energy_source": "x"}, "energy_kwh is -1.0"),
        ({"energy_kwh": float("nan"), "energy_source": "x"}, "energy_kwh is nan"),
        ({"energy_source": "x"}, "energy_kwh is None"),
        ({"favorable": 2}, "favorable"),
        ({"reference": "children"}, "unknown reference 'children'"),
    ],
)
def test_bad_arguments_are_named(options, message):
    """Each with what is wrong and what to do."""
    with pytest.raises(UserError, match=message):
        write_model_card(SMALL, **{"title": "a", **options})


def test_files_that_are_not_there():
    """Neither data nor a fit."""
    with pytest.raises(FileNotFoundError, match="there is no file 'nowhere.csv'; name the file that was audited"):
        write_model_card(SMALL, title="a", data="nowhere.csv")
    with pytest.raises(FileNotFoundError, match="holds no fit.json"):
        write_model_card(SMALL, title="a", fit="nowhere")


def test_the_rule_and_its_reference(card):
    """The four-fifths rule needs to know which decision is good; "rest" is everyone else."""
    written = sections_of(card)["Comparisons between groups"]
    assert "A decision of 1 is good for a person." in written and "| highest rate |" in written and "nan" not in written
    other = write_model_card(audit_of(), title="a", reference="rest").text
    assert "minus everyone else (all other groups)" in other and "four-fifths rule is not applied" in other


def test_many_groups_are_cut_in_the_card_and_not_in_the_facts():
    """Forty are shown, and all are in card.json."""
    frame = make_decisions({f"group {place:02}": 30 for place in range(45)})
    card = write_model_card(audit_of(frame, n_tables=99), title="a")
    assert "The first 40 of 45 groups are shown; card.json has all." in card.text
    assert "group 44" not in sections_of(card)["Results by group"] and len(card.facts["results"]["groups"]) == 45


def test_hub_results_are_entries_of_the_present_form(card):
    """For a benchmark that the user names, with the interval in the notes; nothing is written by itself."""
    entries = card.list_hub_results(dataset_id="org/set", task_id="default")
    assert all(isinstance(each, EvalResultEntry) for each in entries) and len(entries) == 8
    written = eval_result_entries_to_yaml(entries)[0]
    assert written["dataset"] == {"id": "org/set", "task_id": "default"} and "226 people" in written["notes"]


@pytest.mark.parametrize("rows_are", [{"weight": "w"}, {"person": "who"}, {"weight": "w", "person": "who"}])
def test_rows_that_are_not_people(rows_are):
    """Weights and persons are said; everyone's rates have no interval where rows share persons."""
    frame = FRAME.assign(w=0.5, who=range(len(FRAME))).assign(who=lambda frame: frame["who"] // 2)
    card = write_model_card(count(frame, **NAMES, **rows_are).audit(), title="a", data=frame)
    assert validate(json.loads(card.contents()["card.json"])) == [] and "nan" not in card.text
    assert ("weights that sum to 113" in card.text) == ("weight" in rows_are)
    persons = "person" in rows_are
    assert ("113 people with 226 rows" in card.text) == ("(no interval)" in card.text) == persons
    assert ("Rows and people differ: 226 rows, 113 people counted." in card.text) == persons
    notes = card.list_hub_results(dataset_id="a/b", task_id="c")[0].notes
    assert ("interval" in notes) != persons


def test_a_card_in_a_notebook(card):
    """It is shown without its front matter."""
    assert isinstance(card, ModelCardText) and repr(card) == "Model card of 'Triage'; missing sections: none"
    assert card._repr_markdown_().lstrip().startswith("# Triage")


# The crosswalk


def test_the_crosswalk_has_every_section_and_every_point():
    """Each section once; each point of Annex IV in some row; gaps are named as such."""
    table = crosswalk()
    mapped = table[table["section"] != "no section"]
    assert mapped["section"].tolist() == [section for section in SECTIONS if section != "Crosswalk"]
    points = {int(point) for text in table["annex_iv"] if text != "none" for point in text.split(", ")}
    assert points == set(ANNEX_IV) == set(range(1, 10))
    answered = {int(point) for text in mapped["annex_iv"] if text != "none" for point in text.split(", ")}
    assert set(ANNEX_IV) - answered == {5, 7, 8}
    assert set(mapped["rmf_function"]) == {"govern", "map", "measure", "manage"}
    assert (table["note"] != "").all()


def test_a_changed_crosswalk_does_not_change_the_next():
    """Each call gives a fresh table."""
    table = crosswalk()
    table["section"] = ""
    assert (crosswalk()["section"] != "").all()


def test_the_card_names_the_gaps_and_dates_the_law(card):
    """What no section answers, that it is not legal advice, and of which day the sentence about the Omnibus is."""
    text = sections_of(card)["Crosswalk"]
    for gap in ("Point 5 (risk management (Art. 9))", "Point 7 (standards", "Point 8 (declaration", "not legal advice"):
        assert gap in text
    assert "does not ask for: Energy." in text
    assert "As of June 29, 2026" in text and "December 2, 2027" in text and "August 2, 2028" in text
    assert "Art. 4a" in text and "Official Journal" in text
