"""What a model card is written from: everything that is known about a model and its test, as programs read it."""

import dataclasses
import hashlib
from collections.abc import Hashable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from labkit.audit.between.reference import Picked
from labkit.audit.command.for_programs import make_plain, results_for_programs
from labkit.audit.command.provenance import find_versions
from labkit.audit.results import Audit
from labkit.audit.text import format_name, say_people
from labkit.cache import file_sha256
from labkit.errors import UserError
from labkit.records.cards._sections import STATED
from labkit.records.cards.regulation import crosswalk
from labkit.records.cards.statements import Energy

if TYPE_CHECKING:
    from labkit.audit.score_histogram import ScoreHistogram
    from labkit.training.fit import Fit

VERSION = 1  # of the schema: the number rises when something is removed, renamed, or changes its meaning
FORMAT = "labkit card"
PLACES = ("log_dir", "checkpoint_dir")  # settings that name folders of one machine


def gather_facts(
    audit: Audit,
    *,
    title: str,
    statements: Mapping[str, Sequence[str]],
    model: Mapping[str, Any] | None,
    data: Mapping[str, Any] | None,
    decision: Mapping[str, Any],
    reference: Hashable = None,
    reference_is: str = "the largest group",
    scores: "ScoreHistogram | None" = None,
    energy: Energy | None = None,
    command: str = "",
    about: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Put together what is known, with null for what is not.

    Parameters
    ----------
    audit : Audit
        The test.
    title : str
        Name of the model.
    statements : mapping of str to sequence of str
        From `check_statements`.
    model : mapping, optional
        From `describe_fit`.
    data : mapping, optional
        From `describe_data`, or from the command: what the model was tested on.
    decision : mapping of str to object
        Columns, threshold, what a decision of 1 means, and which decision is favorable; None for what is not known.
    reference : hashable, optional
        As ``Audit.against`` takes it.
    reference_is : str
        How it was chosen, in words.
    scores : ScoreHistogram, optional
        Adds the AUC of each group.
    energy : Energy, optional
        What was measured.
    command : str
        What repeats the test in a shell.
    about : mapping of str to str, optional
        License and language, empty where they are not known.

    Returns
    -------
    dict
        What JSON can hold.
    """
    if not isinstance(title, str) or not title.strip():
        raise UserError(f"title is {title!r}; give the name of the model")
    results = results_for_programs(audit, reference=reference, favorable=decision.get("favorable"), scores=scores)
    compared = results["comparisons"]
    made = ["How it was made"] if model is not None else []
    facts = {
        "title": format_name(title.strip()),
        **(about or {"license": "", "language": ""}),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
        "versions": find_versions(),
        "model": model,
        "data": data,
        "decision": dict(decision),
        "people": say_people(audit.counts),
        "confidence": audit.confidence,
        "min_group_size": audit.min_group_size,
        "reference": {
            "name": compared[0]["reference"] if compared else None,
            "is": reference_is,
            "picked": isinstance(reference, Picked),
        },
        "energy": None if energy is None else dataclasses.asdict(energy),
        "statements": {section: list(statements[section]) if section in statements else None for section in STATED},
        "missing": [section for section in STATED if section not in statements and section not in made],
        "results": results,
        "crosswalk": crosswalk().to_dict("records"),
    }
    return make_plain(facts)


def describe_fit(fit: "Fit | str | Path | None") -> dict[str, Any] | None:
    """Describe how a model was trained, by its fit or the folder of a saved one; None without one.

    Parameters
    ----------
    fit : Fit, str or Path, optional
        In memory, or what `Fit.save` wrote.

    Returns
    -------
    dict or None
        Encoder, settings, the last line of the history, and the checksum of the weights, which only a folder has.

    Raises
    ------
    FileNotFoundError
        The folder lacks ``fit.json`` or the weights.
    UserError
        ``fit.json`` is not what `Fit.save` writes.
    """
    if fit is None:
        return None
    if isinstance(fit, str | Path):
        from labkit.training.fit import WEIGHTS, read_fit_settings

        settings, weights = read_fit_settings(fit), Path(fit) / WEIGHTS
        if not weights.is_file():
            raise FileNotFoundError(f"{fit} holds no {WEIGHTS}; give a folder that Fit.save() wrote")
        name, config, history, sha256 = settings.name, settings.config, settings.history, file_sha256(weights)
    else:
        name, config, history, sha256 = str(fit.model.name), fit.config, fit.history, None
    config = {key: value for key, value in dataclasses.asdict(config).items() if key not in PLACES}
    last = history.iloc[-1].to_dict() if len(history) else {}
    encoder = Path(name).name if Path(name).is_absolute() else name  # a folder of one machine says nothing elsewhere
    return {"encoder": encoder, "config": config, "last_epoch": last, "weights_sha256": sha256}


def describe_data(data: "str | Path | pd.DataFrame | None") -> dict[str, Any] | None:
    """Describe what a model was tested on: the checksum of a file, or of a table in memory; None where it is unknown.

    Parameters
    ----------
    data : str, Path or pandas.DataFrame, optional
        A file, or the table that was audited. The checksum of a table is that of the CSV that pandas makes of it
        (``to_csv(index=False)``, in UTF-8).

    Returns
    -------
    dict or None
        Source, sha256, bytes and rows; None for what is not known.
    """
    if data is None:
        return None
    if isinstance(data, pd.DataFrame):
        content = data.to_csv(index=False, lineterminator="\n").encode()
        source = "a table in memory, as pandas writes it: to_csv(index=False)"
        return {
            "source": source,
            "sha256": hashlib.sha256(content).hexdigest(),
            "size": len(content),
            "rows": len(data),
        }
    path = Path(data)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {str(path)!r}; name the file that was audited, or leave data= out")
    return {"source": path.name, "sha256": file_sha256(path), "size": path.stat().st_size, "rows": None}
