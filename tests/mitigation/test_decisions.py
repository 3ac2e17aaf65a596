"""What constraints, thresholds and quantiles do to decisions."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.linear_model import LogisticRegression

from labkit.comparison.seeds import summarise
from labkit.mitigation.base import lottery
from labkit.mitigation.decisions import FairThresholds, QuantileMatching
from labkit.mitigation.estimators import GivenScore
from labkit.mitigation.features import Unmitigated
from labkit.mitigation.reductions import ExponentiatedGradientReduction, GridSearchReduction


@pytest.fixture(scope="module")
def data():
    """2,000 people; group b has lower features and half of its positives are recorded as 0."""
    generator = np.random.default_rng(0)
    group = np.where(generator.random(2000) < 0.4, "b", "a")
    X = np.column_stack([generator.normal(size=(2000, 2)), group == "b"])
    truth = (X[:, 0] + 0.5 * generator.normal(size=2000) > 0).astype(int)
    y = np.where((group == "b") & (generator.random(2000) < 0.5), 0, truth)
    return X, y, group


@pytest.fixture(scope="module")
def fit(data):
    """Return a function that fits a method on the data, each method once."""
    X, y, group = data
    fitted = {}

    def fit_once(method):
        if repr(method) not in fitted:
            fitted[repr(method)] = method.fit(X, y, sensitive_features=group)
        return fitted[repr(method)]

    return fit_once


@pytest.fixture(scope="module")
def gap_of(data, fit):
    """Return a function that gives a method's gap on the training data."""
    X, y, group = data

    def gap(method, metric="selection_rate"):
        return summarise(fit(method).predict(X, y, sensitive_features=group), metric=metric)["gap"]

    return gap


@pytest.mark.parametrize(
    ("constraints", "metrics"),
    [
        ("demographic_parity", ["selection_rate"]),
        ("equalized_odds", ["true_positive_rate", "false_positive_rate"]),
        ("true_positive_rate_parity", ["true_positive_rate"]),
        ("false_positive_rate_parity", ["false_positive_rate"]),
    ],
)
@pytest.mark.parametrize("method", [ExponentiatedGradientReduction, FairThresholds])
def test_constraints_hold_on_the_training_data(method, constraints, metrics, gap_of):
    """From gaps that are large to gaps within the tolerance (twice it between two groups) and the lottery's luck."""
    for metric in metrics:
        assert abs(gap_of(method(constraints=constraints), metric)) < 0.06
    before = {metric: abs(gap_of(Unmitigated(), metric)) for metric in ("selection_rate", "true_positive_rate")}
    assert min(before.values()) > 0.25


def test_a_tolerance_is_used(gap_of):
    """The wider it is, the larger the gap that remains."""
    gaps = [gap_of(ExponentiatedGradientReduction(tolerance=tolerance)) for tolerance in (0.01, 0.05, 0.1)]
    assert gaps == sorted(gaps) and gaps[0] < 0.04 < 0.14 < gaps[2] < 0.24
    assert 0.05 < gap_of(FairThresholds(tolerance=0.1)) < 0.13


def test_an_infeasible_tolerance_is_an_error(data):
    """One classifier alone cannot meet the constraint; the message says by how much, and what to do."""
    X, y, group = data
    with pytest.raises(ValueError, match=r"tolerance=0.01 was not reached: demographic_parity is violated by 0\.\d+"):
        ExponentiatedGradientReduction(max_iter=1).fit(X, y, sensitive_features=group)


def test_the_mixture_is_what_decides(data, fit):
    """y_score is the chance of the decision, whatever the seed; the seed draws the decisions."""
    X = data[0]
    tables = [fit(ExponentiatedGradientReduction(seed=seed)).predict(X) for seed in (0, 1)]
    pd.testing.assert_series_equal(tables[0]["y_score"], tables[1]["y_score"])
    assert 0 < (tables[0]["y_pred"] != tables[1]["y_pred"]).mean() < 0.5
    assert tables[0]["y_pred"].mean() == pytest.approx(tables[0]["y_score"].mean(), abs=0.04)
    certain = tables[0]["y_score"].isin([0, 1])
    assert (tables[0]["y_pred"] == tables[0]["y_score"])[certain].all() and 0 < certain.mean() < 1


def test_the_grid_trades_error_for_violation(data, fit, gap_of):
    """The more the violation counts, the smaller the gap; a single classifier decides by its score."""
    gaps = [abs(gap_of(GridSearchReduction(constraint_weight=weight))) for weight in (0.0, 0.9)]
    assert gaps[0] > 0.2 and gaps[1] < gaps[0] / 2
    table = fit(GridSearchReduction()).predict(data[0])
    assert ((table["y_score"] >= 0.5) == table["y_pred"]).all()


def test_a_lottery_is_not_the_draw_of_the_data():
    """Groups that are simulated with the lottery's seed must not decide it."""
    group = np.where(np.random.default_rng(0).random(4000) < 0.4, "b", "a")
    drawn = lottery(0).random(4000) < 0.5
    assert abs(drawn[group == "a"].mean() - drawn[group == "b"].mean()) < 0.06
    assert (lottery(0).random(4000) == lottery(0).random(4000)).all()


def test_scores_alone_are_enough_for_thresholds(data):
    """FICO-like: no features, a score for each person; the score comes out as it went in."""
    X, y, group = data
    score = LogisticRegression().fit(X, y).predict_proba(X)[:, 1]
    fitted = FairThresholds(estimator=GivenScore()).fit(score, y, sensitive_features=group)
    table = fitted.predict(score, y, sensitive_features=group)
    np.testing.assert_array_equal(table["y_score"], score)
    assert abs(summarise(table)["gap"]) < 0.04
    with pytest.raises(ValueError, match="scores run from -1 to 3; give scores in"):
        GivenScore().predict_proba([-1, 3])
    with pytest.raises(ValueError, match="one score per person"):
        GivenScore().predict_proba(X)


def test_a_fitted_model_keeps_its_scores(data):
    """prefit=True chooses thresholds on other people than those the model was fitted on."""
    X, y, group = data
    model = LogisticRegression().fit(X[:1000], y[:1000])
    fitted = QuantileMatching(estimator=model, prefit=True, amount=0).fit(
        X[1000:], y[1000:], sensitive_features=group[1000:]
    )
    table = fitted.predict(X[1000:], sensitive_features=group[1000:])
    np.testing.assert_allclose(table["y_score"], model.predict_proba(X[1000:])[:, 1], atol=1e-12)


def test_matched_quantiles_give_parity_at_every_threshold(data, fit):
    """On the fitting data the two distributions differ by no more than one person; order within a group stays."""
    X, _, group = data
    plain = fit(Unmitigated()).predict(X)["y_score"].to_numpy()
    score = fit(QuantileMatching()).predict(X, sensitive_features=group)["y_score"]
    a, b = score[group == "a"], score[group == "b"]
    assert stats.ks_2samp(plain[group == "a"], plain[group == "b"]).statistic > 0.3
    assert stats.ks_2samp(a, b).statistic <= 2 / len(b)
    for own in (group == "a", group == "b"):
        assert stats.spearmanr(plain[own], score[own]).statistic > 0.99999


def test_the_common_distribution_is_the_barycentre():
    """Uniform on [0, .2] and on [.8, 1], equally many: the barycentre is uniform on [.4, .6]."""
    score = np.concatenate([np.linspace(0, 0.2, 101), np.linspace(0.8, 1, 101)])
    group, y = np.repeat(["a", "b"], 101), np.tile([0, 1], 101)
    fitted = QuantileMatching(estimator=GivenScore(), randomise_ties=False).fit(score, y, sensitive_features=group)
    matched = fitted.predict(score, sensitive_features=group)["y_score"]
    np.testing.assert_allclose(matched[:101], np.linspace(0.4, 0.6, 101), atol=0.002)
    np.testing.assert_allclose(matched[:101], matched[101:], atol=1e-12)
    half = QuantileMatching(estimator=GivenScore(), randomise_ties=False, amount=0.5)
    moved = half.fit(score, y, sensitive_features=group).predict(score, sensitive_features=group)["y_score"]
    np.testing.assert_allclose(moved, (score + matched) / 2, atol=1e-12)


def test_ties_are_broken_by_lot_or_not_at_all():
    """Two scores only: with lots the groups' selection rates agree, without they cannot; a seed repeats the lots."""
    score = np.array([0.2] * 300 + [0.8] * 100 + [0.2] * 100 + [0.8] * 300)
    group, y = np.repeat(["a", "b"], 400), np.tile([0, 1], 400)
    rates = {}
    for ties in (True, False):
        fitted = QuantileMatching(estimator=GivenScore(), randomise_ties=ties).fit(score, y, sensitive_features=group)
        table = fitted.predict(score, sensitive_features=group, threshold=0.45)
        rates[ties] = table.groupby("group")["y_pred"].mean()
        pd.testing.assert_frame_equal(table, fitted.predict(score, sensitive_features=group, threshold=0.45))
    assert abs(rates[True]["a"] - rates[True]["b"]) < 0.1 < abs(rates[False]["a"] - rates[False]["b"])
