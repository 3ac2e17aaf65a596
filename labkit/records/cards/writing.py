"""Write a model card from an audit: for people as Markdown, for programs as JSON."""

import hashlib
import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from labkit.audit.between.four_fifths import check_favorable
from labkit.audit.command.folder import Results, open_output
from labkit.audit.command.for_programs import write_lines
from labkit.audit.results import Audit
from labkit.errors import UserError
from labkit.records.cards._facts import FORMAT, VERSION, describe_data, describe_fit, gather_facts
from labkit.records.cards._rendering import render_card
from labkit.records.cards.statements import Energy, check_statements

if TYPE_CHECKING:
    from huggingface_hub import EvalResultEntry

    from labkit.audit.score_histogram import ScoreHistogram
    from labkit.training.fit import Fit

CARD = Results("card", ("README.md", "card.json"), listing="card.json", format=FORMAT)


@dataclass(frozen=True, repr=False)
class ModelCardText:
    """A model card: ``text`` is for people, ``facts`` for programs.

    Parameters
    ----------
    text : str
        Markdown with YAML front matter: the content of ``README.md``. `huggingface_hub.ModelCard` reads it.
    facts : dict
        The same as JSON holds it, with every number unrounded: the content of ``card.json``.
    """

    text: str
    facts: dict[str, Any]

    @property
    def missing(self) -> list[str]:
        """The sections that people have to write and nobody has."""
        return list(self.facts["missing"])

    def save(self, folder: str | Path) -> Path:
        """Write ``README.md`` and ``card.json``, both or none; only those of an earlier card are replaced.

        Parameters
        ----------
        folder : str or Path
            Made where it is missing.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        UserError
            It cannot be written to, another card is being written there, or it holds a ``README.md`` that no card lists
            as its own, or that somebody has changed since. Nothing is written then.
        """
        with open_output(folder, CARD) as output:
            reject_edited(output.folder)
            output.write(self.contents())
        return Path(folder)

    def contents(self) -> dict[str, bytes]:
        """Return the files by name."""
        readme = self.text.encode()
        facts = self.facts | {"checksums": {"README.md": hashlib.sha256(readme).hexdigest()}}
        return {"README.md": readme, "card.json": write_lines(facts).encode("ascii")}

    def list_hub_results(self, *, dataset_id: str, task_id: str) -> "list[EvalResultEntry]":
        """List the rates of everyone as entries of ``.eval_results/*.yaml``, for a benchmark of the Hugging Face Hub.

        Use it only if the model was tested on that data set: the Hub shows the entries on its leaderboard. Rates of
        groups have no place in that form; they are in the front matter of the card.

        Parameters
        ----------
        dataset_id, task_id : str
            Of the benchmark, as the Hub names them.

        Returns
        -------
        list of EvalResultEntry
            One for each rate that is defined.
        """
        from huggingface_hub import EvalResultEntry

        overall = self.facts["results"]["overall"]
        return [
            EvalResultEntry(
                dataset_id=dataset_id,
                task_id=task_id,
                value=rate["value"],
                date=self.facts["date"],
                notes=", ".join([metric, *self._say_interval(rate), self.facts["people"]]),
            )
            for metric, rate in overall["rates"].items()
            if rate["value"] is not None
        ]

    def _say_interval(self, rate: Mapping[str, float | None]) -> list[str]:
        """Write the interval of a rate; nothing where it has none."""
        if rate["low"] is None:
            return []
        return [f"{self.facts['confidence']:.0%} interval {rate['low']:.3f} to {rate['high']:.3f}"]

    def __repr__(self) -> str:
        return f"Model card of {self.facts['title']!r}; missing sections: {', '.join(self.missing) or 'none'}"

    def _repr_markdown_(self) -> str:
        from huggingface_hub import ModelCard

        return ModelCard(self.text).text


def reject_edited(folder: Path) -> None:
    """Reject a folder whose card was edited by hand: what somebody wrote there would be lost."""
    readme, listing = folder / "README.md", folder / CARD.listing
    try:
        written = json.loads(listing.read_bytes())["checksums"]["README.md"]
        found = hashlib.sha256(readme.read_bytes()).hexdigest()
    except (OSError, ValueError, KeyError, TypeError):
        return  # `open_output` says what is not ours
    if found != written:
        raise UserError(
            f"{str(readme)!r} was changed after it was written, and the change would be lost; put what it says into "
            "the file of statements and move it elsewhere, or choose another folder with output="
        )


def make_card(facts: dict[str, Any]) -> ModelCardText:
    """Write a card of what `gather_facts` found."""
    text, sections, front_matter = render_card(facts)
    checksums = {name: hashlib.sha256(body.encode()).hexdigest() for name, body in sections.items()}
    head = {"format": FORMAT, "version": VERSION, "files": list(CARD.files)}
    checked = {"sections": checksums, "front_matter": hashlib.sha256(front_matter.encode()).hexdigest()}
    return ModelCardText(text, head | facts | checked)


def write_model_card(
    audit: Audit,
    *,
    title: str,
    statements: Mapping[str, str | Sequence[str]] | None = None,
    fit: "Fit | str | Path | None" = None,
    data: "str | Path | pd.DataFrame | None" = None,
    reference: Hashable = None,
    favorable: int | None = None,
    positive_means: str = "",
    scores: "ScoreHistogram | None" = None,
    energy_kwh: float | None = None,
    energy_source: str = "",
    license: str = "",
    language: str = "",
) -> ModelCardText:
    """Write a model card: what was computed comes from the run, and what only people can say from them.

    A section that nobody has written is called missing, in the card and in ``missing``; no text is made up for it. Text
    of people and names of groups are shown as they are, whatever Markdown or HTML they hold.

    Parameters
    ----------
    audit : Audit
        The test of the model, from ``labkit.audit.audit`` or ``Counts.audit``.
    title : str
        Name of the model.
    statements : mapping of str to str or sequence of str, optional
        From a section, such as "Intended use", to a text; a list of texts becomes a list. See `read_statements`.
    fit : Fit, str or Path, optional
        The fine-tuned model, in memory or as a folder that `Fit.save` wrote: adds its settings and, for a folder, the
        checksum of its weights.
    data : str, Path or pandas.DataFrame, optional
        The file or table that was audited: adds its checksum.
    reference : hashable, optional
        With whom other groups are compared, as ``Audit.against`` takes it; the largest group by default.
    favorable : int, optional
        The decision that is good for a person, 0 or 1: adds the four-fifths rule.
    positive_means : str
        What a decision of 1 means for a person, such as "called for an examination".
    scores : ScoreHistogram, optional
        From ``labkit.audit.count_scores``: adds the AUC of each group.
    energy_kwh, energy_source : float, str, optional
        Kilowatt hours that were measured, and how. Without them the card says that nothing was measured.
    license, language : str
        For the front matter: identifiers of the Hugging Face Hub, such as "mit" and "en".

    Returns
    -------
    ModelCardText

    Raises
    ------
    FileNotFoundError
        The fit or the data are not there.
    UserError
        An unknown section (with a suggestion where one is close), an unknown reference, energy without a source, or a
        folder that holds no fit.

    Examples
    --------
    >>> from labkit.audit import audit
    >>> y, groups = [0, 1] * 40, ["a"] * 40 + ["b"] * 40
    >>> tested = audit(y_true=y, y_pred=[1, 1] * 20 + [0, 1] * 20, sensitive_features=groups)
    >>> card = write_model_card(tested, title="Triage", statements={"Intended use": "To sort notes by urgency."})
    >>> "Limits" in card.missing, "Intended use" in card.missing
    (True, False)
    """
    if favorable is not None:
        check_favorable(favorable)
    energy = None if energy_kwh is None and not energy_source else Energy(energy_kwh, energy_source)
    is_rest = reference == "rest" and "rest" not in audit.counts.groups.tolist()
    facts = gather_facts(
        audit,
        title=title,
        statements=check_statements(statements or {}),
        model=describe_fit(fit),
        data=describe_data(data),
        decision={"positive_means": positive_means, "favorable": favorable},
        reference=reference,
        reference_is="the largest group" if reference is None else "all other groups" if is_rest else "chosen",
        scores=scores,
        energy=energy,
        about={"license": license, "language": language},
    )
    return make_card(facts)
