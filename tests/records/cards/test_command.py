"""The command `labkit card`: what it writes, its exit statuses, and every bad input."""

import dataclasses
import json
import re
import shlex
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from filelock import FileLock
from typer.testing import CliRunner

from labkit.audit.command.folder import open_output
from labkit.course.cli import app
from labkit.records import check_card, read_statements
from labkit.records.cards._sections import STATED, key_of
from labkit.records.cards.writing import CARD
from labkit.training import TrainConfig
from labkit.training.fit import ABOUT
from tests.records.cards.decisions import SENTENCE, make_decisions
from tests.records.cards.test_writing import validate

README = Path(__file__).parents[3] / "README.md"
CALL = "--label y --prediction yhat --sensitive sex".split()
PYTHON = re.compile(r"\b(label|prediction|output|reference|min_group_size)=|Traceback")
STATEMENTS = "\n".join(f'{key_of(section)} = "{SENTENCE}"' for section in STATED)


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Return a function that runs the command on decisions in a new folder."""
    monkeypatch.chdir(tmp_path)
    make_decisions().to_csv("log.csv", index=False)

    def run(*options, call=CALL, file="log.csv"):
        return CliRunner().invoke(app, ["card", file, *call, *options])

    return run


def rejected(done, status=1):
    """Return the message of a call that failed: nothing printed, one line, no words of Python, nothing written."""
    assert done.exit_code == status and done.stdout == "" and done.stderr.startswith("labkit: ")
    assert done.stderr.count("\n") == 1 and not PYTHON.search(done.stderr)
    assert not list(Path().rglob("*card.json"))
    return done.stderr


def save_fit(folder, **changes):
    """Write what a saved fit says about itself, and weights that nobody loads."""
    config = dataclasses.asdict(TrainConfig(pooling="cls", precision="float32", log_dir="secret/place"))
    about = dict.fromkeys(ABOUT, 0.0) | {"name": "minilm", "activation": "gelu", "head_hidden": None}
    about |= {"config": config, "history": {"epoch": [1], "loss": [0.25]}} | changes
    Path(folder).mkdir()
    Path(folder, "fit.json").write_text(json.dumps(about))
    Path(folder, "fit.safetensors").write_bytes(b"weights")


def test_a_card_is_written_and_says_what_is_missing(call):
    """Exit status 0: that nobody has answered is no error, and the next step is named."""
    done = call("--favorable", "1", "--positive-means", "called back")
    assert done.exit_code == 0 and done.stderr == ""
    assert done.stdout.startswith("Tested on 226 people in 3 groups; ")
    assert "Written to log-card-sex: README.md (card), card.json (for programs)\n" in done.stdout
    assert "Missing, and the card says so: What it is, Intended use" in done.stdout and "--questions" in done.stdout
    facts = json.loads(Path("log-card-sex/card.json").read_text())
    assert validate(facts) == [] and facts["data"]["source"] == "log.csv" and facts["data"]["rows"] == 226
    text = Path("log-card-sex/README.md").read_text()
    assert "# The model behind log.csv\n" in text and "A decision of 1 means: called back." in text
    assert "(the group with the highest rate of the favorable decision)" in text


def test_the_command_in_the_card_writes_the_same_card(call):
    """Every option that was set is in it."""
    Path("statements.toml").write_text(STATEMENTS)
    done = call("--score", "p", "--reference", "women", "--statements", "statements.toml", "--title", "A 'b' $c")
    text = Path("log-card-sex/README.md").read_text()
    line = shlex.split(re.search(r"^labkit card .*$", text, re.MULTILINE)[0])
    again = CliRunner().invoke(app, [*line[1:], "--output", "again"])
    assert done.exit_code == again.exit_code == 0
    assert re.sub("Date: .*", "", Path("again/README.md").read_text()) == re.sub("Date: .*", "", text)
    assert "AUC of the score" in text and "minus women (chosen with --reference)" in text


def test_a_complete_card_passes_its_check(call):
    """With statements on everything; a change by hand does not pass."""
    Path("statements.toml").write_text(
        f'title = "Triage"\nlicense = "mit"\nenergy_kwh = 2\nenergy_source = "a meter"\n{STATEMENTS}'
    )
    done = call("--statements", "statements.toml", "--output", "card")
    assert done.exit_code == 0 and "Missing" not in done.stdout
    checked = CliRunner().invoke(app, ["card", "card/README.md", "--check"])
    assert checked.exit_code == 0 and checked.stdout.startswith("nothing is missing in the card")
    text = Path("card/README.md").read_text()
    assert "# Triage\n" in text and "license: mit\n" in text and "2 kWh: a meter" in text
    Path("card/README.md").write_text(text.replace("2 kWh", "1 kWh"))
    checked = CliRunner().invoke(app, ["card", "card", "--check"])
    assert checked.exit_code == 1 and checked.stderr.startswith("labkit: 'Energy' was changed after")


def test_a_saved_fit_adds_settings_and_checksum(call):
    """Without folders of this machine."""
    save_fit("fit")
    assert call("--fit", "fit").exit_code == 0
    text = Path("log-card-sex/README.md").read_text()
    made = text.split("## How it was made")[1].split("\n## ")[0]
    for said in ("fine-tuned: minilm", "| learning_rate | 5e-05 |", "loss 0.25", "SHA-256 of the weights: `"):
        assert said in made
    assert "secret" not in text and validate(json.loads(Path("log-card-sex/card.json").read_text())) == []


def test_faulty_fits_are_named(call):
    """None, damaged, without its configuration or its weights, or given in place of decisions."""
    assert "holds no fit.json; give a folder" in rejected(call("--fit", "nowhere"))
    save_fit("open", config=dataclasses.asdict(TrainConfig()))
    assert "leaves pooling open" in rejected(call("--fit", "open"))
    save_fit("wrong", config={"epoch": 3})
    assert "does not describe a fit" in rejected(call("--fit", "wrong"))
    Path("wrong/fit.json").write_text("{}")
    assert "lacks or should not have activation, cache_seconds, config" in rejected(call("--fit", "wrong"))
    save_fit("light")
    Path("light/fit.safetensors").unlink()
    assert "holds no fit.safetensors" in rejected(call("--fit", "light"))
    assert "is a saved fit, which holds no decisions; name the file of its" in rejected(call(file="light"))


def test_the_questions_are_a_file_of_statements(call):
    """Empty, so that everything is missing; each section has its question above it."""
    done = CliRunner().invoke(app, ["card", "--questions"])
    assert done.exit_code == 0
    Path("statements.toml").write_text(done.stdout)
    found = read_statements("statements.toml")
    assert found.sections == {} and found.energy is None
    assert [line for line in STATED if f"# {line}: " not in done.stdout] == []
    assert call("--statements", "statements.toml").exit_code == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'limit = "x"', "no section 'limit' to answer; did you mean 'limits'"),
        (b'results_by_group = "x"', "'Results by group' is computed"),
        (b"limits = 3", "'Limits' is 3; give a text"),
        (b"title = 3", "title in 'statements.toml' is 3"),
        (b'energy_kwh = "2"\nenergy_source = "x"', "energy_kwh is '2'"),
        (b"energy_kwh = 2", "energy_kwh needs energy_source"),
        (b"limits: x", "'statements.toml' is no TOML in UTF-8"),
        ('limits = "größer"'.encode("latin-1"), "'statements.toml' is no TOML in UTF-8"),
    ],
)
def test_faulty_statements_are_named(content, message, call):
    """Before anything is counted."""
    Path("statements.toml").write_bytes(content)
    assert message in rejected(call("--statements", "statements.toml"))


def test_statements_that_are_not_there(call):
    """The message says how to begin them."""
    message = rejected(call("--statements", "nowhere.toml"))
    assert "there is no file 'nowhere.toml'" in message and "labkit card --questions > nowhere.toml" in message


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (["--sensitive", "sex"], 2, "name the column of decisions, --prediction"),
        (["--prediction", "yhat"], 2, "name the column with the group, --sensitive"),
        ([*CALL, "--favorable", "yes"], 2, "--favorable 'yes' is no decision"),
        ([*CALL, "--reference", "children"], 1, "--reference 'children' is none of the groups"),
        ([*CALL[:-1], "gender"], 1, "unknown column 'gender'"),
        ([*CALL, "--confidence", "2"], 2, "confidence"),
        ([*CALL, "--title", " "], 1, "title is ' '"),
    ],
)
def test_wrong_calls(options, status, message, call):
    """Exit status 2 for a call that nobody can mean, and 1 for what the file does not have."""
    assert message in rejected(call(call=options), status)


def test_without_a_file_the_call_is_wrong(call):
    """It says what one can name."""
    done = CliRunner().invoke(app, ["card"])
    assert done.exit_code == 2 and "name the file of decisions, or a card and --check" in done.stderr


def test_files_that_are_not_there(call):
    """As the audit says it, and as the check does."""
    assert "nowhere.csv" in rejected(call(file="nowhere.csv"))
    assert "there is no card 'nowhere'" in rejected(CliRunner().invoke(app, ["card", "nowhere", "--check"]))


def test_somebody_elses_readme_is_not_overwritten(call):
    """Nor a card that somebody edited by hand; an untouched one is replaced."""
    Path("mine").mkdir()
    Path("mine/README.md").write_text("# My project")
    assert "holds 'README.md', which no card lists as its own" in rejected(call("--output", "mine"))
    assert call("--output", "card").exit_code == 0
    done = call("--output", "card")
    assert done.exit_code == 0 and "Files of an earlier card were replaced there: README.md, card.json" in done.stdout
    edited = Path("card/README.md").read_text() + "\nWritten by hand.\n"
    Path("card/README.md").write_text(edited)
    done = call("--output", "card")
    assert done.exit_code == 1 and "was changed after it was written" in done.stderr and "--output" in done.stderr
    assert Path("card/README.md").read_text() == edited


def test_a_full_disk_leaves_the_former_card(call, monkeypatch):
    """Both files of it."""
    assert call().exit_code == 0
    before = {path.name: path.read_bytes() for path in Path("log-card-sex").iterdir()}
    with monkeypatch.context() as patched:
        patched.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=1_000_000))
        done = call("--title", "other")
        assert done.exit_code == 1 and "its disk has 1.0 MB left, and a card needs 10 MB" in done.stderr
    with monkeypatch.context() as patched:
        full = OSError(28, "No space left on device")
        patched.setattr(Path, "write_bytes", lambda *_: (_ for _ in ()).throw(full))
        done = call("--title", "other")
        assert done.exit_code == 1 and "cannot write to" in done.stderr and "No space left" in done.stderr
    assert {path.name: path.read_bytes() for path in Path("log-card-sex").iterdir()} == before
    assert sorted(path.name for path in Path().iterdir()) == ["log-card-sex", "log.csv"]


def test_two_cards_at_once_do_not_share_a_folder(call):
    """The second says so; an audit of the same folder is another matter."""
    with open_output("log-card-sex", CARD):
        done = call()
        assert done.exit_code == 1 and "another card is writing to the folder 'log-card-sex'" in done.stderr
    assert call().exit_code == 0 and FileLock is not None


def test_names_cannot_steer_the_terminal(call):
    """Nor a table, a page or YAML."""
    make_decisions().replace({"sex": {"men": "m\x1b[2J|<b>", "women": "---"}}).to_csv("log.csv", index=False)
    done = call("--title", "a\x1b[2J\n---\n# b")
    text = Path("log-card-sex/README.md").read_text()
    assert done.exit_code == 0 and "\x1b" not in done.stdout + text and "<b>" not in text.split("---\n")[2]
    assert [line for line in check_card("log-card-sex") if "is missing" not in line] == []


def test_missing_groups_are_counted_and_said(call):
    """An error by default; with a name they are a group, and the card says how many."""
    frame = make_decisions()
    frame.loc[::10, "sex"] = None
    frame.to_csv("log.csv", index=False)
    assert "sex" in rejected(call())
    assert call("--missing-group", "not stated").exit_code == 0
    text = Path("log-card-sex/README.md").read_text()
    assert f"People whose group is missing are counted as not stated: {frame['sex'].isna().sum()}." in text


def test_decisions_without_labels(call):
    """Selection rates alone, and the card says what cannot be known."""
    assert call(call=["--prediction", "yhat", "--sensitive", "sex"]).exit_code == 0
    text = Path("log-card-sex/README.md").read_text()
    assert "no labels: error rates, precision and base rates cannot be known" in text
    assert "labeled 1" not in text and "true positive rate" not in text


def test_the_example_of_the_readme_prints_what_it_shows(call):
    """Word for word, with the decisions of these tests."""
    section = README.read_text(encoding="utf-8").split("**Your model on one page.**")[1]
    line, shown = re.search(r"```sh\n(.+?)\n```.*?```text\n(.+?)```", section, re.DOTALL).groups()
    program, command, name, *options = shlex.split(line)
    assert (program, command) == ("labkit", "card")
    frame = make_decisions().rename(columns={"y": "repaid", "yhat": "approved"})
    assert isinstance(frame, pd.DataFrame)
    frame.to_csv(name, index=False)
    Path("statements.toml").write_text(f'intended_use = "{SENTENCE}"\nlimits = "{SENTENCE}"\n')
    done = call(*options, call=[], file=name)
    assert done.exit_code == 0 and done.stdout == shown
