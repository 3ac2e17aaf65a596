"""Citations in a notebook, checked against ``notebooks/references.bib``, and the list of references at its end."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from labkit.errors import MissingExtra, UserError

if TYPE_CHECKING:
    from nbformat import NotebookNode

HEADING = "## References"
ID = "references"  # of the cell that lists them, and its tag

_NAME = r"[A-Z][\w'’-]+(?: [A-Z][\w'’-]+)*"  # Angwin, O'Connell, Goldfarb-Tarrant, Civil Rights Act
_AUTHORS = rf"{_NAME}(?:, {_NAME})*(?: and {_NAME}| et al\.)?"
_YEAR = r"(?:1[6-9]|20)\d\d[a-z]?"
# "(Angwin et al., 2016)", "(Lu et al., 2020; Stock and Watson, 2007, ch. 11)": one or several in parentheses
_IN_PARENTHESES = re.compile(rf"(?:(?<=\()|(?<=; )|(?<=e\.g\. )|(?<=see ))({_AUTHORS}), ({_YEAR})(?=[,;)])")
_IN_TEXT = re.compile(rf"\b({_AUTHORS}) \(({_YEAR})(?=[,)])")  # "Hardt, Price and Srebro (2016)"
_UNCHECKED = re.compile(r"```.*?```|`[^`]*`|\]\([^)]*\)", re.DOTALL)  # code, and where links lead


@dataclass(frozen=True)
class Reference:
    """A work that can be cited.

    Attributes
    ----------
    authors : tuple of str
        Last names, in order; an institution is one name.
    year : str
        Year, with a letter where an author has several works of one year.
    text : str
        The entry of the list, in markdown.
    """

    authors: tuple[str, ...]
    year: str
    text: str


@dataclass(frozen=True)
class Citation:
    """A work as a text cites it: ``names`` in order, ``abbreviated`` where "et al." stands for the other authors."""

    names: tuple[str, ...]
    year: str
    abbreviated: bool
    written: str

    def fits(self, reference: Reference) -> bool:
        """Say whether a reference can be what is cited."""
        if self.year != reference.year:
            return False
        (first, *others), named = self.names, len(self.names)
        if not f" {first}".endswith(f" {reference.authors[0]}"):  # a sentence may begin "As Young (1998) says"
            return False
        if list(reference.authors[1:named]) != others:
            return False
        return named < len(reference.authors) if self.abbreviated else named == len(reference.authors)


def read_references(path: Path) -> list[Reference]:
    """Read a BibTeX file.

    Parameters
    ----------
    path : pathlib.Path
        ``notebooks/references.bib``; where there is none, nothing can be cited.

    Returns
    -------
    list of Reference
        In alphabetical order, as the list at the end of a notebook has them.

    Raises
    ------
    UserError
        The file is not BibTeX, an entry has no author or year, or two have the same authors and year.
    MissingExtra
        pybtex is not installed.
    """
    if not path.is_file():
        return []
    try:
        from pybtex.database import parse_string
        from pybtex.plugin import find_plugin
        from pybtex.scanner import PybtexError
    except ImportError:
        raise MissingExtra(
            f'{path.name} needs pybtex: pip install -e ".[course]" -c constraints.txt, in the repository'
        ) from None
    try:
        entries = parse_string(path.read_text(encoding="utf-8"), "bibtex").entries
        for key, entry in entries.items():
            if "author" not in entry.persons or "year" not in entry.fields:
                raise UserError(f"{path}: entry {key} needs an author and a year")
        style = find_plugin("pybtex.style.formatting", "plain")(abbreviate_names=True)
        markdown = find_plugin("pybtex.backends", "markdown")()
        formatted = {each.key: each.text.render(markdown) for each in style.format_entries(entries.values())}
    except PybtexError as error:
        raise UserError(f"{path} cannot be read: {error}") from error
    references = [
        Reference(_last_names(entry), entry.fields["year"], " ".join(formatted[key].split()))
        for key, entry in entries.items()
    ]
    seen: set[tuple] = set()
    for reference in references:
        if (mark := (reference.authors, reference.year)) in seen:
            raise UserError(f"{path}: two entries are by {', '.join(mark[0])}, {mark[1]}; add a letter to each year")
        seen.add(mark)
    return sorted(references, key=lambda each: (tuple(map(str.casefold, each.authors)), each.year))


def _last_names(entry: object) -> tuple[str, ...]:
    """Return the last names of an entry's authors, without the braces that keep an institution's name together."""
    people = entry.persons["author"]
    return tuple(" ".join([*each.prelast_names, *each.last_names]).strip("{}") for each in people)


def find_citations(text: str) -> Iterator[Citation]:
    """Find what a text cites.

    Parameters
    ----------
    text : str
        Markdown. Code and the targets of links are not searched.

    Yields
    ------
    Citation
        Each "Author (year)" and "(Author, year)", in order, with repetitions.
    """
    plain = " ".join(_UNCHECKED.sub(" ", text).replace("*", "").split())
    found = [*_IN_PARENTHESES.finditer(plain), *_IN_TEXT.finditer(plain)]
    for match in sorted(found, key=lambda each: each.start()):
        authors, year = match.groups()
        abbreviated = authors.endswith(" et al.")
        names = tuple(re.split(r", | and ", authors.removesuffix(" et al.")))
        yield Citation(names, year, abbreviated, f"{authors}, {year}")


def add_references(cells: list["NotebookNode"], references: Sequence[Reference]) -> None:
    """Check every citation of a notebook, and append the list of what it cites.

    Parameters
    ----------
    cells : list of nbformat.NotebookNode
        A notebook's cells; a markdown cell is appended where anything is cited.
    references : sequence of Reference
        What can be cited.

    Raises
    ------
    UserError
        A citation without an entry, or one that fits several; or a list of references that somebody typed.
    """
    from nbformat.v4 import new_markdown_cell

    cited: list[Reference] = []
    for cell in cells:
        if cell.cell_type == "markdown" and re.search(rf"^{HEADING}\s*$", cell.source, re.MULTILINE):
            raise UserError("the build writes the list of references; remove the one in the source")
        if cell.cell_type != "markdown" and "reading" not in cell.metadata.get("tags", []):
            continue
        for citation in find_citations(cell.source):
            fitting = [each for each in references if citation.fits(each)]
            if len(fitting) != 1:
                reason = "has no entry in" if not fitting else "fits several entries of"
                raise UserError(f"the citation ({citation.written}) {reason} references.bib; name the authors as there")
            cited += [each for each in fitting if each not in cited]
    if cited:
        listed = "\n".join(f"- {each.text}" for each in references if each in cited)
        cells.append(new_markdown_cell(f"{HEADING}\n\n{listed}", id=ID, metadata={"tags": [ID]}))
