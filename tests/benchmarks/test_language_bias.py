"""The script that scores benchmarks of bias: what it writes, keeps and reads again; the figures are no tests."""

import zlib

import numpy as np
import pytest

from tests.benchmarks import language_bias


class Guess:
    """A model without weights, which counts the texts that it was asked for."""

    def __init__(self):
        self.asked = 0

    def sequence_log_probabilities(self, texts):
        """Score texts by their checksum."""
        self.asked += len(texts)
        return np.array([-float(zlib.crc32(text.encode()) % 997) for text in texts])

    def continuation_log_probabilities(self, prompts, continuations):
        """Likewise."""
        return self.sequence_log_probabilities([a + b for a, b in zip(prompts, continuations, strict=True)])

    def count_tokens(self, texts):
        """Count words."""
        return np.array([len(text.split()) for text in texts])


@pytest.fixture
def model(tmp_path, monkeypatch):
    """A model that the script loads, and folders of this test's own."""
    model = Guess()
    monkeypatch.setattr(language_bias, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(language_bias, "FOLDER", tmp_path)
    monkeypatch.setattr(language_bias.Kept, "model", lambda self: language_bias.Remembering(model))
    return model


def test_a_part_is_printed_kept_and_read_again(model, tmp_path, capsys):
    """A second call scores nothing, --again does; a part does not replace the committed table."""
    first = language_bias.main(["winogender", "--items", "24"])
    asked = model.asked
    assert "## Winogender" in first and "correlation with women's share" in first and first in capsys.readouterr().out
    assert language_bias.main(["winogender", "--items", "24"]) == first and model.asked == asked > 0
    language_bias.main(["winogender", "--items", "24", "--again"])
    assert model.asked == 2 * asked and not (tmp_path / "LANGUAGE.md").exists()


def test_the_table_has_bias_types_controls_and_references(model):
    """Of a benchmark of several types, in both ways of scoring it."""
    text = language_bias.main(["stereoset", "--items", "60"])
    assert "## StereoSet, per token" in text
    assert "| intrasentence | prefers the stereotype | gender |" in text
    assert "| intersentence | competence | language-model score |" in text
    assert "| intrasentence | groups swapped by a coin |" in text
    assert all(len(set(map(len, (row.split("|") for row in table)))) == 1 for table in tables(text))


def tables(text):
    """Return the rows of each Markdown table."""
    return [[row for row in block.splitlines() if row] for block in text.split("\n\n") if block.startswith("| ")]


def test_a_text_is_scored_once():
    """Two runs that use the same texts ask the model once, and get the same scores in the order asked for."""
    model = Guess()
    remembering = language_bias.Remembering(model)
    first = remembering.sequence_log_probabilities(["a", "b", "a"])
    assert remembering.sequence_log_probabilities(["b", "a"]) == first[1:] and model.asked == 2
    assert remembering.continuation_log_probabilities(["a"], ["b"]) and model.asked == 3


def test_an_unknown_benchmark_is_named(model, capsys):
    """The error lists the known ones."""
    with pytest.raises(SystemExit):
        language_bias.main(["bold"])
    assert "no benchmark bold; there is bbq, crows_pairs" in capsys.readouterr().err


def test_a_section_is_updated_and_the_others_stay(model, tmp_path):
    """With the day of its own measurement; what was before and after it is kept to the letter."""
    old = "# Head\n\nMeasured before.\n\n## CrowS-Pairs\n\nkept\n\n## Winogender\n\nold\n\n## Last\n\nkept, too\n"
    (tmp_path / "LANGUAGE.md").write_text(old)
    language_bias.main(["winogender", "--items", "24", "--update"])
    text = (tmp_path / "LANGUAGE.md").read_text()
    before, rest = text.split("## Winogender\n")
    assert before == old.split("## Winogender")[0] and rest.endswith("\n\n## Last\n\nkept, too\n")
    assert "old" not in rest and "correlation with women's share" in rest and "Measured on 2" in rest
