"""CrowS-Pairs and StereoSet are the published sets."""

import pandas as pd
import pytest

from labkit.data.fetching import fetch
from labkit.data.tables import kept_path
from labkit.language import load_crows_pairs


def test_crows_pairs_has_the_published_counts(crows_pairs):
    """Nangia et al. (2020), table 1: 1,508 pairs of nine bias types, 1,290 and 218 of the two directions."""
    counts = crows_pairs["bias_type"].value_counts().to_dict()
    assert len(crows_pairs) == sum(counts.values()) == 1508 and len(counts) == 9
    assert (counts["race-color"], counts["gender"], counts["disability"]) == (516, 262, 60)
    assert crows_pairs["direction"].value_counts().to_dict() == {"stereo": 1290, "antistereo": 218}
    assert (crows_pairs["sent_more"] != crows_pairs["sent_less"]).all() and not crows_pairs.isna().any(axis=None)


def test_stereoset_has_the_published_counts(stereoset):
    """Nadeem et al. (2021), table 2: 2,106 and 2,123 items of the development set; 79 targets each."""
    assert stereoset["task"].value_counts().to_dict() == {"intersentence": 2123, "intrasentence": 2106}
    assert stereoset["bias_type"].value_counts().to_dict() == {
        "race": 1938,
        "profession": 1637,
        "gender": 497,
        "religion": 157,
    }
    assert (stereoset.groupby("task")["target"].nunique() == 79).all() and stereoset["item"].is_unique


def test_options_within_a_sentence_fill_its_blank(stereoset):
    """Whole sentences: what is before the blank begins each option, but for a few slips of the pen."""
    within = stereoset[stereoset["task"] == "intrasentence"]
    before = within["context"].str.split("BLANK").str[0].str.lower()
    for option in ("stereotype", "antistereotype", "unrelated"):
        fits = [
            text.lower().startswith(start) for text, start in zip(within[option], before, strict=True)
        ]  # some writers changed an article or a capital
        assert pd.Series(fits).mean() > 0.97


@pytest.fixture
def damaged(empty_cache):
    """Return a function that puts a damaged copy of a fetched file into an empty cache."""

    def damage(content):
        folder = kept_path("crows_pairs").with_suffix("")
        folder.mkdir(parents=True)
        (folder / "crows_pairs_anonymized.csv").write_bytes(content)

    return damage


def test_a_wrong_byte_is_refused(damaged, empty_cache, monkeypatch):
    """On every load, and it counts as missing when fetching."""
    monkeypatch.delenv("LABKIT_CACHE")
    content = bytearray((kept_path("crows_pairs").with_suffix("") / "crows_pairs_anonymized.csv").read_bytes())
    monkeypatch.setenv("LABKIT_CACHE", str(empty_cache))
    content[1000] ^= 1
    damaged(content)
    with pytest.raises(ValueError, match=r"crows_pairs_anonymized\.csv was changed.*run `labkit fetch`"):
        load_crows_pairs()
    assert [item.state for item in fetch(["crows_pairs"], dry_run=True)] == ["missing"]


def test_a_missing_benchmark_names_the_command(empty_cache):
    """Without the fetched file the error says which command downloads it."""
    with pytest.raises(FileNotFoundError, match="run `labkit fetch` once"):
        load_crows_pairs()
