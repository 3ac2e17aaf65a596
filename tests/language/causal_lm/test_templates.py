"""Templates are crossed with values, and mistakes in them are named."""

import pytest

from labkit.errors import UserError
from labkit.language import fill_templates


def test_every_combination_is_there_once_and_in_order():
    """A column for each slot, and the text; the last slot changes fastest."""
    templates = ["{name} is a {role}.", "The {role} is {name}; {{so}} {name} says."]
    frame = fill_templates(templates, name=["Emily", "Jamal"], role=["nurse", "cook", "pilot"])
    assert frame.columns.tolist() == ["template", "name", "role", "text"] and len(frame) == 12
    assert frame["text"].is_unique and frame["text"][0] == "Emily is a nurse."
    assert frame["text"][11] == "The pilot is Jamal; {so} Jamal says."
    assert frame.groupby(["template", "name"]).size().tolist() == [3, 3, 3, 3]


def test_templates_without_slots_are_left_as_they_are():
    """One row for each."""
    assert fill_templates(["He said so."])["text"].tolist() == ["He said so."]


@pytest.mark.parametrize(
    ("templates", "values", "message"),
    [
        ("{x}", {"x": ["a"]}, "templates is one string"),
        ([], {"x": ["a"]}, "templates is empty"),
        (["{x}", "{x}"], {"x": ["a"]}, "templates holds '{x}' more than once"),
        (["{x}"], {"x": []}, "x is empty; give at least one"),
        (["{x}"], {"x": "ab"}, "x is one string"),
        (["{x}"], {"x": ["a", 3]}, "x holds 3, which is not a string"),
        (["{x}"], {"x": ["a", "a"]}, "x holds 'a' more than once.*none counts double"),
        (["{x} {y}"], {"x": ["a"]}, r"has the slot 'y'; give its values: y=\[...\]"),
        (["{x}"], {"x": ["a"], "y": ["b"]}, "has no slot {y}; add it"),
        (["{x"], {"x": ["a"]}, "cannot be read .* write {{ for a brace"),
        (["{}"], {}, "slot that is not a plain name"),
        (["{x.real}"], {"x": ["a"]}, "slot that is not a plain name"),
        (["{text}"], {"text": ["a"]}, "slot 'text' has the name of a column"),
    ],
)
def test_mistakes_are_named_with_a_remedy(templates, values, message):
    """Before any text is made."""
    with pytest.raises(UserError, match=message):
        fill_templates(templates, **values)
