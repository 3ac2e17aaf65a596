"""Sizes of a run: the parameter values that `notebooks/profiles.toml` gives each notebook for smoke and full runs."""

import tomllib
from collections.abc import Iterable

from labkit.course import Course

PROFILES = ("smoke", "default", "full")
FORMS = ("solution", "student")


def load_profile(course: Course, profile: str, *, names: Iterable[str], form: str = "solution") -> dict[str, dict]:
    """Return the parameter values of each notebook for a profile; ``default`` keeps the notebooks' own.

    Parameters
    ----------
    course : Course
        Whose ``notebooks/profiles.toml``: a table ``[PROFILE.NOTEBOOK]`` of values.
    profile : {"smoke", "default", "full"}
        Size of the run.
    names : iterable of str
        The notebooks that will run; each one's values are checked against its ``parameters`` cell.
    form : {"solution", "student"}
        Which form's cell to check.

    Returns
    -------
    dict of str to dict
        For every name, parameter to value.

    Raises
    ------
    ValueError
        An unknown profile, form, notebook or parameter, in the call or in the file: papermill itself would only warn,
        and run the notebook at full size.
    """
    names = list(names)
    for value, known, what in ((profile, PROFILES, "profile"), (form, FORMS, "form")):
        if value not in known:
            raise ValueError(f"no {what} named {value!r}; choose one of {', '.join(known)}")
    path = course.notebooks / "profiles.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path} is not valid TOML: {error}") from error
    sized = [known for known in PROFILES if known != "default"]
    for section, notebooks in table.items():
        if section not in sized:
            raise ValueError(f"{path}: [{section}] is no profile with values of its own; these are {', '.join(sized)}")
        if unknown := sorted(set(notebooks) - set(course.names)):
            known = ", ".join(course.names)
            raise ValueError(f"{path}: [{section}.{unknown[0]}] names no notebook; there are: {known}")
    values = {name: table.get(profile, {}).get(name, {}) for name in names}
    for name, given in values.items():
        if given and (unknown := sorted(set(given) - (known := parameters_of(course.read(name, form=form))))):
            raise ValueError(
                f"{path}: [{profile}.{name}] sets {', '.join(unknown)}, but the notebook's parameters cell has "
                f"{', '.join(sorted(known)) or 'no parameters'}"
            )
    return values


def parameters_of(notebook) -> set[str]:
    """Names assigned in a notebook's cell tagged ``parameters``."""
    import papermill

    return set(papermill.inspect_notebook(notebook))
