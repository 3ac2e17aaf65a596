import pytest

from labkit.course.run import load_profile


def write_profiles(course, text):
    """Write the sizes of a course."""
    (course.notebooks / "profiles.toml").write_text(text)


def test_profile_gives_each_notebook_its_values(course):
    """smoke has the file's values; default keeps the notebook's own."""
    write_profiles(course, "[smoke.00_half]\nSIZE = 1\n[full.00_half]\nSIZE = 9\n")
    names = course.names
    assert load_profile(course, "smoke", names=names) == {"00_half": {"SIZE": 1}, "01_fails": {}}
    assert load_profile(course, "default", names=names) == {"00_half": {}, "01_fails": {}}
    assert load_profile(course, "full", names=names)["00_half"] == {"SIZE": 9}


def test_no_file_means_no_values(course):
    """A course without profiles.toml runs at its own sizes."""
    assert load_profile(course, "smoke", names=["00_half"]) == {"00_half": {}}


@pytest.mark.parametrize(
    "text, message",
    [
        ("[smoke.00_half]\nSIZ = 1\n", r"\[smoke.00_half\] sets SIZ, but .* has SIZE"),
        ("[smoke.01_fails]\nSIZE = 1\n", "01_fails.* sets SIZE, but .* has no parameters"),
        ("[smoke.02_nothing]\nSIZE = 1\n", r"02_nothing\] names no notebook; there are: 00_half, 01_fails"),
        ("[smok.00_half]\nSIZE = 1\n", r"\[smok\] is no profile .* smoke, full"),
        ("[default.00_half]\nSIZE = 1\n", r"\[default\] is no profile"),
        ("[smoke", "not valid TOML"),
    ],
    ids=["parameter", "no parameters cell", "notebook", "profile", "default", "syntax"],
)
def test_unknown_names_in_the_file_are_errors(course, text, message):
    """papermill only warns about an unknown parameter; here every name that means nothing ends the run."""
    write_profiles(course, text)
    with pytest.raises(ValueError, match=message):
        load_profile(course, "smoke", names=course.names)


@pytest.mark.parametrize("profile, form", [("tiny", "solution"), ("smoke", "teacher")])
def test_unknown_profile_or_form_is_an_error(course, profile, form):
    """The message lists what can be chosen."""
    with pytest.raises(ValueError, match="choose one of"):
        load_profile(course, profile, names=[], form=form)
