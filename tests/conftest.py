"""What every test shares: no network, no display, one thread a worker, and a small course to work on."""

import os
import signal

# Before any test module imports torch, numpy or matplotlib: these are read once, when the library is loaded. Several
# test workers share the machine, so each takes one thread.
os.environ.update(HF_HUB_OFFLINE="1", MPLBACKEND="Agg", TOKENIZERS_PARALLELISM="false")
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

from pathlib import Path
from textwrap import dedent

import pytest

FIRST = """
    # ---
    # jupyter:
    #   labkit:
    #     budget:
    #       seconds: 20
    #       mb: 500
    # ---
    # %% [markdown]
    # # 00 · Is one half of $x$ enough?
    # %% tags=["parameters"]
    SIZE = 3
    # %%
    print("size", SIZE)
    # %% tags=["exercise"] exercise="00.1" points=2 objective="00-half"
    half = ...
    # %% tags=["solution"]
    half = SIZE / 2
    # %% tags=["check"]
    from IPython.display import display
    state = "not attempted" if half is ... else "correct"
    bundle = {"application/vnd.labkit.exercise+json": {"id": "00.1", "state": state}, "text/plain": state}
    display(bundle, raw=True)
"""
SECOND = """
    # %% [markdown]
    # # 01 · What fails?
    # %%
    answer = 41
    # %%
    assert answer == 42, "the answer is [wrong]"
    # %%
    print("never reached")
"""


@pytest.fixture
def interruptible():
    """Let Ctrl-C interrupt, as in a terminal: what a shell runs in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def empty_cache(tmp_path, monkeypatch) -> Path:
    """A cache folder of this test's own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("LABKIT_CACHE", str(folder))
    return folder


@pytest.fixture(scope="module")
def module_cache(tmp_path_factory):
    """A cache folder that the tests of a module share."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("LABKIT_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """A small BERT, loaded from a folder."""
    from labkit.models.encoder import load_foundation_model
    from tests.tiny import save_tiny_bert

    return load_foundation_model(save_tiny_bert(tmp_path_factory.mktemp("tiny")))


@pytest.fixture
def cluster(cluster_of_two):
    """The cluster, when both of its workers are there: one that a test killed takes a while to come back."""
    import distributed

    with distributed.Client(cluster_of_two, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
    return cluster_of_two


@pytest.fixture(scope="module")
def cluster_of_two():
    """A scheduler and two workers with one thread each, in their own processes."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def make_course():
    """Return a function that writes sources (name to text) into a folder and gives a course with its own package."""
    from labkit.course.build import Course

    def make(folder: Path, sources: dict[str, str]) -> Course:
        course = Course(folder / "course", package=folder / "package")
        for each in (course.solutions, course.package, course.root / "datasets"):
            each.mkdir(parents=True)
        (course.package / "code.py").write_text("ONE = 1\n")
        (course.root / "datasets" / "registry.toml").write_text("[hmda]\n")
        for name, source in sources.items():
            (course.solutions / f"{name}.py").write_text(dedent(source).lstrip())
        return course

    return make


@pytest.fixture(scope="session")
def sources():
    """Two small notebooks: 00_half passes, with an exercise; 01_fails does not."""
    return {"00_half": FIRST, "01_fails": SECOND}


@pytest.fixture
def course(make_course, sources, tmp_path):
    """A course of those two notebooks, for one test to change."""
    return make_course(tmp_path, sources)


def pytest_collection_modifyitems(items):
    """Run the notebooks first: they take longest, and at the end one worker would be left alone with them."""
    items.sort(key=lambda item: "test_notebook_executes" not in item.nodeid)
