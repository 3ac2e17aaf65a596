"""WinoBias and Winogender are the published sets, and their columns mean what they say."""

import re

import pandas as pd
import pytest

from labkit.language.benchmarks.coreference import GENDER_OF_PRONOUN


def test_winobias_has_the_published_counts(winobias):
    """Zhao et al. (2018): 396 test sentences of each type and condition, about 40 occupations."""
    assert set(winobias.groupby(["type", "condition"]).size()) == {396} and len(winobias) == 1584
    assert winobias["occupation"].nunique() == winobias["other"].nunique() == 40
    per_gender = winobias.drop_duplicates("occupation")["occupation_gender"].value_counts()
    assert per_gender.to_dict() == {"female": 20, "male": 20}


def test_pro_means_the_stereotype_of_the_occupation(winobias):
    """In all pro sentences the marked pronoun has the occupation's gender, in all anti sentences the other one."""
    agrees = winobias["gender"] == winobias["occupation_gender"]
    assert (agrees == (winobias["condition"] == "pro")).all()


def test_sentences_of_winobias_are_clean_and_name_both_occupations(winobias):
    """No brackets or numbers are left."""
    assert not winobias["sentence"].str.contains(r"[\[\]]|^\d", regex=True).any()
    for row in winobias.itertuples():
        assert (
            row.occupation in row.sentence.lower() and row.other in row.sentence.lower() and row.other != row.occupation
        )


def test_items_that_are_no_minimal_pairs_are_marked(winobias):
    """Ten, and the others are the same sentence but for pronouns."""
    pairs = winobias.pivot(index=["type", "item"], columns="condition", values=["sentence", "matched"])
    pronouns = re.compile(rf"\b({'|'.join(GENDER_OF_PRONOUN)})\b", re.IGNORECASE)
    same = [
        pronouns.sub("", pro) == pronouns.sub("", anti)
        for pro, anti in zip(pairs["sentence", "pro"], pairs["sentence", "anti"], strict=True)
    ]
    assert (pd.Series(same, index=pairs.index) == pairs["matched", "pro"]).mean() > 0.998  # an article, once
    assert list(pairs["matched", "pro"]).count(False) == 10


def test_winogender_has_the_published_counts(winogender):
    """Rudinger et al. (2018): 720 sentences, 60 occupations, half of them with "someone", three genders."""
    assert (len(winogender), winogender["occupation"].nunique(), winogender["item"].nunique()) == (720, 60, 240)
    assert set(winogender["gender"].value_counts()) == {240}
    assert (winogender["participant"] == "someone").sum() == 360
    assert winogender["refers_to"].value_counts().to_dict() == {"occupation": 360, "participant": 360}


@pytest.mark.parametrize(("occupation", "share"), [("technician", 0.4034), ("engineer", 0.1072), ("nurse", 0.9)])
def test_occupations_have_the_shares_of_the_file(winogender, occupation, share):
    """Women's shares are between 0 and 1, of every occupation, and none is exactly one half."""
    found = winogender.loc[winogender["occupation"] == occupation, "bls_share"].unique()
    assert found == pytest.approx([share], abs=0.01)
    assert winogender["bls_share"].between(0, 1).all() and (winogender["bls_share"] != 0.5).all()


def test_the_pronoun_has_the_gender_of_its_row(winogender):
    """The pronoun is read from the sentence, the gender from its identifier."""
    assert (winogender["pronoun"].map(GENDER_OF_PRONOUN) == winogender["gender"]).all()
