"""The model card of a user's own file: what ``labkit card`` does."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit.audit.between.reference import REST, Picked
from labkit.audit.command.folder import name_folder, open_output
from labkit.audit.command.for_programs import Asked
from labkit.audit.command.run import BadOption, as_list, find_defaults
from labkit.audit.command.steps import check_asked, count_as_asked, name_roles
from labkit.audit.command.terminal import printing, taking_any_text
from labkit.audit.files.kinds import file_ending
from labkit.audit.text import format_name
from labkit.errors import UserError
from labkit.records.cards._facts import describe_fit, gather_facts
from labkit.records.cards.statements import StatementsFile, read_statements
from labkit.records.cards.writing import CARD, ModelCardText, make_card, reject_edited
from labkit.validation import escape_controls

if TYPE_CHECKING:
    from rich.console import Console

UNSET = {"n_tables": 9_999, "explain_gap": None, "fail_if": []}  # settings of an audit that a card does not have


def card_file(
    path: str | Path,
    *,
    label: str | None,
    prediction: str | None = None,
    sensitive: str | Sequence[str],
    score: str | None = None,
    threshold: float | None = None,
    count: str | None = None,
    weight: str | None = None,
    person: str | None = None,
    missing_group: str | None = None,
    decimal: str = ".",
    sheet: str | None = None,
    favorable: int | None = None,
    reference: str | Sequence[str] | None = None,
    min_group_size: int = 20,
    confidence: float = 0.95,
    positive_means: str = "",
    title: str | None = None,
    statements: str | Path | None = None,
    fit: str | Path | None = None,
    output: str | Path | None = None,
    console: "Console | None" = None,
) -> ModelCardText:
    """Write the model card of the decisions in a file: ``README.md`` and ``card.json``, both or none.

    Parameters
    ----------
    path : str or Path
        What ``labkit.audit.audit_file`` reads.
    label, prediction, sensitive, score, threshold, count, weight, person, missing_group, decimal, sheet : optional
        As in ``labkit.audit.audit_file``, and so are ``favorable``, ``reference``, ``min_group_size``, ``confidence``
        and ``positive_means``.
    title : str, optional
        Name of the model; by default that in the statements, or "The model behind FILE".
    statements : str or Path, optional
        TOML file of what only people can say, see `read_statements`.
    fit : str or Path, optional
        Folder of the saved fit that made the decisions: adds its settings and checksum.
    output : str or Path, optional
        Folder to write to, made if it is missing; ``NAME-card-COLUMNS`` in the current folder for a file ``NAME.csv``.
    console : rich.console.Console, optional
        Where to print; the terminal by default.

    Returns
    -------
    ModelCardText

    Raises
    ------
    FileNotFoundError
        A file or folder is not there.
    UserError
        What ``labkit.audit.audit_file``, `read_statements` and ``labkit.training.load_fit`` reject, or an output that
        cannot be written, is being written, or holds a ``README.md`` that no card lists. Nothing is written then.
    """
    settings = {name: value for name, value in locals().items() if name not in ("path", "output", "console")}
    from rich.console import Console

    path, console = Path(path), console or Console()
    if (path / "fit.json").is_file():
        raise UserError(
            f"{str(path)!r} is a saved fit, which holds no decisions; name the file of its predictions, and the fit "
            f"with --fit {path}"
        )
    for name in ("sensitive", "reference"):
        settings[name] = as_list(settings[name])
    for name in ("statements", "fit"):
        settings[name] = _beside(settings[name], path)
    settings |= UNSET
    try:
        conditions = check_asked(settings)
        roles, binned = name_roles(settings)
    except UserError as error:  # the call is wrong, whatever the file holds
        raise BadOption(str(error)) from error
    stated = StatementsFile({}) if statements is None else read_statements(statements)
    model = describe_fit(fit)
    name = Path(os.path.abspath(path)).name  # the folder `.` has a name, too
    stem = name if path.is_dir() else name.removesuffix(file_ending(path))
    with (
        taking_any_text(console),
        open_output(output or name_folder(stem, settings["sensitive"], CARD), CARD) as folder,
    ):
        reject_edited(folder.folder)
        defaults = find_defaults(card_file) | UNSET
        audit, asked = count_as_asked(
            path, name, settings, conditions, roles, binned, console, defaults=defaults, command="card"
        )
        facts = gather_facts(
            audit,
            title=title or stated.title or f"The model behind {name}",
            statements=stated.sections,
            model=model,
            data=_describe_file(asked),
            decision={each: settings[each] for each in DECISION},
            reference=asked.reference,
            reference_is=_say_reference(asked),
            scores=asked.scores,
            energy=stated.energy,
            command=asked.provenance.command,
            about={"license": stated.license, "language": stated.language},
        )
        card = make_card(facts)
        reject_edited(folder.folder)
        replaced, _ = folder.write(card.contents())
    with taking_any_text(console), printing(console):
        for line in _report(card, folder.folder, replaced, has_statements=statements is not None):
            console.print(escape_controls(line), markup=False, highlight=False, soft_wrap=True)
    return card


DECISION = ("label", "prediction", "score", "threshold", "missing_group", "positive_means", "favorable")


def _beside(place: str | Path | None, path: Path) -> str | None:
    """Write a path as it is seen from the folder of the decisions: the card names no folder of one machine."""
    if place is None:
        return None
    try:
        return Path(os.path.relpath(place, path.absolute().parent)).as_posix()
    except ValueError:  # another drive of Windows
        return Path(place).name


def _describe_file(asked: Asked) -> dict[str, Any]:
    """Describe the file that was counted."""
    found = asked.provenance
    known = {name: getattr(found, name) for name in ("source", "sha256", "size", "rows", "files", "duplicates")}
    return known | {"source": format_name(found.source)}


def _say_reference(asked: Asked) -> str:
    """Say how the reference was chosen."""
    if isinstance(asked.reference, Picked):
        return "the group with the highest rate of the favorable decision"
    if asked.reference is None:
        return "the largest group"
    return "all other groups" if asked.reference == REST else "chosen with --reference"


def _report(card: ModelCardText, folder: Path, replaced: Sequence[str], *, has_statements: bool) -> list[str]:
    """Write the lines that the command prints."""
    results = card.facts["results"]
    lines = [
        f"Tested on {card.facts['people']} in {len(results['groups']):,} groups; {len(results['warnings'])} warnings",
        f"Written to {folder}: README.md (card), card.json (for programs)",
    ]
    if replaced:
        lines.append(f"Files of an earlier card were replaced there: {', '.join(replaced)}")
    if card.missing:
        how = "answer them in the file of statements"
        if not has_statements:
            how = "labkit card --questions > statements.toml writes the questions; add --statements statements.toml"
        lines.append(f"Missing, and the card says so: {', '.join(card.missing)}; {how}")
    return lines
