"""Measures of scored benchmarks: right values, intervals over clusters, references."""

import numpy as np
import pandas as pd
import pytest

from labkit.language import score_benchmark, summarise_benchmark
from labkit.language.benchmarks._intervals import MeasureIntervals

from .conftest import Stub

pytestmark = pytest.mark.usefixtures("loaded_once")


def estimates(summary: pd.DataFrame, part: str) -> dict[str, float]:
    """Return measure -> estimate of one part."""
    return summary[summary["part"] == part].set_index("measure")["estimate"].to_dict()


def answers(choices, *, condition="ambig", correct=0.0, aligned=np.nan) -> pd.DataFrame:
    """Make scores of BBQ with the choices given, each from a template of its own."""
    n = len(choices)
    return pd.DataFrame(
        {
            "benchmark": "bbq",
            "part": condition,
            "form": "letters",
            "cluster": range(n),
            "log_odds": 0.0,
            "prefers_stereotype": 0.5,
            "choice": choices,
            "correct": correct,
            "aligned": aligned,
            "competent": np.nan if condition == "ambig" else correct,
            "stereotype_shorter": 0.5,
        }
    )


def test_bias_score_of_bbq_is_that_of_its_authors():
    """Parrish et al. (2022), section 4: 2 n_biased / n_not_unknown - 1, times 1 - accuracy where nothing tells."""
    choices = ["biased"] * 6 + ["counter"] * 2 + ["unknown"] * 12
    told = estimates(summarise_benchmark(answers(choices, condition="disambig", correct=1.0)), "disambig")
    assert told["bias score"] == pytest.approx(2 * 6 / 8 - 1)
    untold = answers(choices, correct=[0.0] * 8 + [1.0] * 12)
    assert estimates(summarise_benchmark(untold), "ambig")["bias score"] == pytest.approx(
        (1 - 12 / 20) * (2 * 6 / 8 - 1)
    )


def test_accuracy_with_and_against_the_stereotype_is_compared():
    """0.75 where the right answer agrees with it, 0.25 where it does not."""
    correct, aligned = [1, 1, 1, 0, 1, 0, 0, 0] * 2, [1, 1, 1, 1, 0, 0, 0, 0] * 2
    scores = answers(["biased"] * 16, condition="disambig", correct=np.array(correct) * 1.0, aligned=aligned)
    summary = summarise_benchmark(scores)
    assert estimates(summary, "disambig")["correct, with minus against the stereotype"] == pytest.approx(0.5)


def test_stereoset_has_its_authors_scores(guessing):
    """Mean over targets, and ICAT = lms * min(ss, 1 - ss) / 0.5, here as a share."""
    scores = score_benchmark(guessing, "stereoset")
    found = estimates(summarise_benchmark(scores, draws=10), "intrasentence")
    part = scores[scores["part"] == "intrasentence"]
    by_target = part.groupby("cluster")["prefers_stereotype"].mean().mean()
    assert found["stereotype score, mean over targets"] == pytest.approx(by_target)
    preference, competence = part["prefers_stereotype"].mean(), part["competent"].mean()
    assert found["ICAT"] == pytest.approx(competence * min(preference, 1 - preference) / 0.5)


def test_all_pairs_of_crows_pairs_come_before_their_directions(guessing):
    """The published figure is over both."""
    scores = score_benchmark(guessing, "crows_pairs")
    summary = summarise_benchmark(scores, draws=10)
    assert list(summary["part"].unique()) == ["all pairs", "stereo", "antistereo"]
    assert estimates(summary, "all pairs")["prefers the stereotype"] == pytest.approx(
        scores["prefers_stereotype"].mean()
    )


def test_the_shorter_sentence_of_crows_pairs_is_the_stereotype_more_often_than_not(guessing):
    """The card states .55 for all pairs: whoever counts bytes "prefers stereotypes"."""
    summary = summarise_benchmark(score_benchmark(guessing, "crows_pairs"))
    row = summary[(summary["part"] == "all pairs") & (summary["measure"] == "the stereotype is shorter")].iloc[0]
    assert (row["kind"], row["reference"]) == ("control", 0.5)
    assert row["estimate"] == pytest.approx(0.551, abs=0.0005) and row["low"] > 0.5


def test_a_guessing_model_is_near_its_references(guessing):
    """All that a guess decides: within an interval of four standard errors of the reference."""
    for name, options in (("winobias", {}), ("winogender", {}), ("bbq", {"items": 200})):
        summary = summarise_benchmark(score_benchmark(guessing, name, **options), draws=500)
        of_the_set = ["the right person is named last", "the stereotype is shorter"]
        rows = summary[~summary["measure"].isin(of_the_set)].dropna(subset=["reference", "low"])
        assert len(rows) > 5
        for row in rows.itertuples():
            margin = 2 * (row.high - row.low)  # an interval is about four standard errors wide
            assert abs(row.estimate - row.reference) < margin, (name, row.measure)


def intervals(clusters, *, draws=2000, seed=0) -> MeasureIntervals:
    """Return intervals for items of the clusters given."""
    part = pd.DataFrame({"cluster": clusters})
    return MeasureIntervals(part, ["cluster"], draws=draws, seed=seed, confidence=0.95)


@pytest.mark.parametrize("how", ["mean", "redrawn"])
def test_intervals_are_over_clusters_and_not_items(how):
    """Items of a cluster that agree make intervals wide: as wide as those of that many items."""
    values = np.repeat(np.random.default_rng(0).integers(0, 2, 40).astype(float), 25)
    spread = []
    for clusters in (np.repeat(np.arange(40), 25), np.arange(1000)):
        of = intervals(clusters)
        found = of.mean(values) if how == "mean" else of.percentiles(of.redraw(values))
        assert found.value == pytest.approx(values.mean())
        spread.append(found.high - found.low)
    assert spread[0] == pytest.approx(5 * spread[1], rel=0.15)


def test_redrawn_intervals_cover_the_mean():
    """Of 300 samples of 40 clusters with 1 to 9 items each, about 95% hold the mean of the population."""
    rng = np.random.default_rng(1)
    covered = []
    for seed in range(300):
        sizes = rng.integers(1, 10, 40)
        shares = rng.beta(2, 2, 40)
        values = np.concatenate([rng.random(size) < share for size, share in zip(sizes, shares, strict=True)])
        of = intervals(np.repeat(np.arange(40), sizes), draws=400, seed=seed)
        found = of.percentiles(of.redraw(values))
        covered.append(found.low <= 0.5 <= found.high)
    assert 0.91 <= np.mean(covered) <= 0.98


def test_shares_of_orders_have_limits_within_0_and_1():
    """A letter that nearly always wins, and one that never does: neither seems certain, neither passes the bounds."""
    scores = answers(["biased"] * 20).assign(chose_a=[2 / 3] + [1.0] * 19, chose_b=0.0, chose_c=[1 / 3] + [0.0] * 19)
    summary = summarise_benchmark(scores).set_index("measure")
    letters = summary.loc[["chose letter A", "chose letter B", "chose letter C"]]
    assert ((letters["low"] >= 0) & (letters["high"] <= 1) & (letters["low"] < letters["high"])).all()
    assert letters["high"].iloc[1] > 0.1  # of 20 templates
    assert summary.loc["log odds", ["low", "high"]].isna().all()  # the same for all, so that nothing shows its spread
    assert summary.loc["bias score", ["low", "high"]].isna().all()


def test_few_clusters_have_no_redrawn_interval():
    """Nine templates do not show how much templates vary; the estimate is there, and so is a mean's wide interval."""
    few, enough = (summarise_benchmark(answers(["biased", "counter", "biased"] * n)) for n in (3, 4))
    few, enough = few.set_index("measure"), enough.set_index("measure")
    assert np.isnan(few.loc["bias score", "low"]) and few.loc["bias score", "estimate"] == pytest.approx(1 / 3)
    assert enough.loc["bias score", "low"] < 1 / 3 < enough.loc["bias score", "high"]
    assert few.loc["correct", "high"] > 0.2  # no right answer among nine, and that is little to go by
    one = summarise_benchmark(answers(["biased"] * 3).assign(cluster=0))
    assert one["low"].isna().all() and one["estimate"].notna().any()


def test_missing_values_are_left_out_of_means_and_draws():
    """Also whole clusters of them."""
    of = intervals(["a", "a", "b", "c"], draws=50)
    drawn = of.redraw([1.0, np.nan, 0.0, np.nan])
    assert drawn[0] == of.mean([1.0, np.nan, 0.0, np.nan]).value == 0.5
    assert set(np.round(drawn[~np.isnan(drawn)], 3)) <= {0, 0.25, 0.333, 0.5, 0.667, 0.75, 1}


def test_winobias_takes_both_occupations_of_a_sentence_into_account(guessing):
    """What depends on the other occupation widens the interval as well."""
    scores = score_benchmark(guessing, "winobias")
    decided = scores.assign(prefers_stereotype=(scores["other"] > "d").astype(float))
    narrow = decided.assign(other=range(len(decided)))
    width = [
        (rows := summarise_benchmark(each, draws=10).query("measure == 'prefers the stereotype'"))["high"] - rows["low"]
        for each in (decided, narrow)
    ]
    assert (width[0] > 1.5 * width[1]).all()


def test_correlation_of_winogender_is_over_occupations(winogender):
    """It is that of numpy, of means over the sentences of an occupation."""
    shares = winogender.set_index("sentence")["bls_share"]
    female = set(winogender.loc[winogender["gender"] == "female", "sentence"])
    rng = np.random.default_rng(0)
    model = Stub(lambda prompt, text: -5 + rng.normal() + (shares[text] if not prompt and text in female else 0))
    scores = score_benchmark(model, "winogender")
    summary = summarise_benchmark(scores).query('measure == "correlation with women\'s share"').set_index("part")
    for part, rows in scores.groupby("part"):
        means = rows.groupby("cluster")[["log_odds_female", "bls_share"]].mean()
        assert summary.loc[part, "estimate"] == pytest.approx(means.corr().iloc[0, 1])
        assert summary.loc[part, "low"] < summary.loc[part, "estimate"] < summary.loc[part, "high"]


def test_forms_and_benchmarks_are_never_pooled(guessing):
    """Two ways of asking in one frame are an error that names them."""
    two = pd.concat([score_benchmark(guessing, "bbq", items=4, form=form) for form in ("letters", "answers")])
    with pytest.raises(ValueError, match="several values of 'form': letters, answers; summarize each by itself"):
        summarise_benchmark(two)
    with pytest.raises(ValueError, match="there is no column 'sex'; the scores have benchmark, item"):
        summarise_benchmark(two[two["form"] == "letters"], by="sex")
    with pytest.raises(ValueError, match="there are no scores"):
        summarise_benchmark(two[:0])


def test_splitting_by_bias_type_keeps_every_item(guessing):
    """The parts and types add up to the whole."""
    scores = score_benchmark(guessing, "stereoset")
    summary = summarise_benchmark(scores, by="bias_type", draws=10)
    assert summary.drop_duplicates(["part", "bias_type"])["items"].sum() == len(scores)
