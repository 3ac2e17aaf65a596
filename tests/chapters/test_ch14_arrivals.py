"""Records in bands, people who arrive, and the figure of streams."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from labkit.chapters.ch14 import band_records, draw_arrivals, plot_streams
from labkit.data import load_compas
from labkit.errors import UserError


@pytest.fixture(scope="module")
def people():
    """Two groups with their records."""
    return band_records(load_compas().frame)


def test_bands_hold_everyone_once(people):
    """Nobody is without a band, ages are in theirs, and only people who were observed are kept."""
    assert len(people) == 5271 and not people[["age_band", "priors_band", "record"]].isna().any(axis=None)
    assert people.loc[people["age_band"] == "under 25", "age"].max() == 24
    assert people.loc[people["priors_band"] == "7 or more", "priors_count"].min() == 7
    assert people["record"].nunique() == 40 and (people["two_years_observed"] == 1).all()


def test_late_people_have_one_label():
    """Those who were not observed for two years are in the table only if they were charged again."""
    late = band_records(load_compas().frame, observed=False)
    assert (late["two_year_recid"] == 1).all() and (late["two_years_observed"] == 0).all()


def test_arrivals_follow_their_weights(people):
    """In each phase a group comes as its weights say, and the groups come equally often."""
    young = people.assign(young=(people["age_band"] == "under 25").astype(float))
    stream = draw_arrivals(young, ("young", 3000), (None, 3000), seed=1)
    assert (stream["age_band"][:3000] == "under 25").all()
    late = stream[3000:]
    for race, own in people.groupby("race"):
        share = (late.loc[late["race"] == race, "age_band"] == "under 25").mean()
        assert abs(share - (own["age_band"] == "under 25").mean()) < 0.05
    assert abs((stream["race"] == "Caucasian").mean() - 0.5) < 0.03
    assert stream.index.tolist() == list(range(6000))


def test_arrivals_depend_on_the_seed_alone(people):
    """The same seed gives the same people; another one gives others."""
    one, again, other = (draw_arrivals(people, (None, 50), seed=seed) for seed in ([0, 1], [0, 1], [0, 2]))
    pd.testing.assert_frame_equal(one, again)
    assert not one.equals(other)


def test_mistakes_are_named(people):
    """Unknown columns and groups, one group alone, and weights of zero."""
    with pytest.raises(UserError, match="nobody is recorded as 'Green'"):
        band_records(load_compas().frame, groups=("Green", "Caucasian"))
    with pytest.raises(UserError, match="unknown column 'heavy'"):
        draw_arrivals(people, ("heavy", 5), seed=0)
    with pytest.raises(UserError, match=r"has the groups \['Caucasian'\]"):
        draw_arrivals(people[people["race"] == "Caucasian"], (None, 5), seed=0)
    with pytest.raises(UserError, match=r"of 'African-American' add up to 0\.0"):
        draw_arrivals(people.assign(none=0.0), ("none", 5), seed=0)


def test_figure_has_a_panel_for_each_stream():
    """With a mark where the wealth first reaches 20, and an empty place where panels are odd in number."""
    wealth = pd.DataFrame({"arrival": [10, 20, 30], "log_wealth": np.log([2.0, 30.0, 50.0])})
    fig = plot_streams({name: {"rates": wealth} for name in ("one", "two", "three")}, change_at=15)
    shown = [ax for ax in fig.axes if ax.axison]
    assert [ax.get_title() for ax in shown] == ["one", "two", "three"]
    marks = [line for line in shown[0].lines if line.get_marker() == "s"]
    assert marks[0].get_xdata()[0] == 20
    plt.close(fig)
    with pytest.raises(UserError, match="no stream to plot"):
        plot_streams({}, change_at=1)
