"""Names of the audit study: groups, published call-back rates, and word pieces."""

import pytest

from labkit.language import first_names


def test_names_have_the_published_rates():
    """Bertrand and Mullainathan (2004), table 1: 9.65% and 6.45% called back; 36 names, 9 of each group."""
    names = first_names()
    assert len(names) == 36 and set(names.groupby(["ethnicity", "gender"]).size()) == {9}
    totals = names.groupby("ethnicity")[["calls", "applications"]].sum()
    rates = (totals["calls"] / totals["applications"]).round(4).to_dict()
    assert rates == {"afam": 0.0645, "cauc": 0.0965} and totals["applications"].sum() == 4870
    assert (names["call_rate"] == names["calls"] / names["applications"]).all()


@pytest.mark.parametrize(("name", "ethnicity", "gender"), [("Lakisha", "afam", "female"), ("Greg", "cauc", "male")])
def test_names_suggest_the_groups_of_the_title(name, ethnicity, gender):
    """Of the study's own title."""
    row = first_names().set_index("name").loc[name]
    assert (row["ethnicity"], row["gender"]) == (ethnicity, gender)


def test_pieces_are_those_of_the_name_after_a_space():
    """A tokenizer is called once for each name, without special tokens; a model lends its own."""
    asked = []

    def tokenizer(text, *, add_special_tokens):
        asked.append((text, add_special_tokens))
        return {"input_ids": list(text)}

    names = first_names(tokenizer)
    assert asked[0] == (f" {names['name'][0]}", False) and len(asked) == 36
    assert (names["pieces"] == names["name"].str.len() + 1).all()
    model = type("Model", (), {"tokenizer": staticmethod(tokenizer)})
    assert first_names(model)["pieces"].equals(names["pieces"])
    assert "pieces" not in first_names()
