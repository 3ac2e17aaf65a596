"""BBQ is the published set, and its stereotypical answer is the right one of both polarities."""

import pytest

from labkit.language import BBQ_CATEGORIES, load_bbq


def test_bbq_has_the_published_counts(bbq):
    """Parrish et al. (2022), table 2: 58,492 questions in eleven files."""
    counts = bbq["category"].value_counts().to_dict()
    assert len(bbq) == sum(counts.values()) == 58_492 and set(counts) == set(BBQ_CATEGORIES) and len(counts) == 11
    assert (counts["Gender_identity"], counts["Race_x_gender"], counts["Sexual_orientation"]) == (5672, 15_960, 864)


def test_a_situation_is_asked_about_four_times(bbq):
    """Each polarity with each condition, with the same answers of one template."""
    grouped = bbq.groupby("situation")
    assert (grouped.size() == 4).all() and (grouped["template"].nunique() == 1).all()
    assert (grouped["answer_0"].nunique() == 1).all()
    assert not bbq.duplicated(["situation", "polarity", "condition"]).any()


def test_the_right_answer_is_the_unknown_one_exactly_where_the_context_does_not_tell(bbq):
    """That defines the two conditions."""
    assert ((bbq["correct"] == bbq["unknown"]) == (bbq["condition"] == "ambig")).all()


def test_the_stereotypical_answer_changes_with_the_polarity(bbq):
    """One person for the negative question, the other for the non-negative one; 16 questions have none."""
    assert bbq["biased"].isna().sum() == 16
    known = bbq[bbq["biased"].notna()]
    assert (known["biased"] != known["unknown"]).all()
    by_polarity = known.groupby(["situation", "polarity"])["biased"]
    assert (by_polarity.nunique() == 1).all()
    assert (known.groupby("situation")["biased"].nunique() == 2).all()


def test_the_stereotypical_answer_of_an_example_is_what_the_stereotype_says():
    """The first situation of Age: the older person is the one of whom one expects trouble with a phone."""
    first = load_bbq("Age").head(4)
    answers = [row[f"answer_{row['biased']}"] for _, row in first.iterrows()]
    assert dict(zip(first["polarity"], answers, strict=True)) == {"neg": "The grandfather", "nonneg": "The grandson"}


def test_half_of_the_right_answers_agree_with_the_stereotype_but_in_six_templates(bbq):
    """Where the context tells the answer, a model that is always right has no bias score; the card names the six."""
    tells = bbq[(bbq["condition"] == "disambig") & bbq["biased"].notna()]
    agrees = (tells["correct"] == tells["biased"]).groupby([tells["category"], tells["template"]]).mean()
    one_sided = agrees[(agrees == 0) | (agrees == 1)]
    assert dict(one_sided) == {
        ("Disability_status", 4): 1,
        ("Disability_status", 19): 1,
        ("Physical_appearance", 6): 1,
        ("Physical_appearance", 10): 0,
        ("SES", 9): 1,
        ("SES", 10): 1,
    }
    assert agrees.drop(one_sided.index).between(0.48, 0.52).all()


def test_an_unknown_category_lists_the_known_ones():
    """The error about a misspelled category lists them."""
    with pytest.raises(ValueError, match="category 'Gender' is not known; choose one of all, Age, "):
        load_bbq("Gender")
