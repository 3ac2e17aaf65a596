"""Check a model card: which sections are missing, still open, or changed after the card was written."""

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

from labkit.data.datasheets import check_sections, split_sections
from labkit.errors import UserError
from labkit.records.cards._facts import FORMAT, VERSION
from labkit.records.cards._sections import MISSING, SECTIONS, SHORT

LARGEST = 20_000_000  # bytes of a file that is taken for a card


def check_card(card: str | Path) -> list[str]:
    r"""List what is missing or wrong in a model card.

    A program can see whether something was written, and whether the card is still what it was. Only people can judge
    whether what is written is true.

    Parameters
    ----------
    card : str or Path
        Markdown with YAML front matter, or the file that holds it, or a folder with a ``README.md``. Where a
        ``card.json`` is next to the file, sections and front matter are compared with it: that shows a careless change,
        and not one of somebody who changes both.

    Returns
    -------
    list of str
        One complaint for each thing that is missing or wrong, in the order of the card; empty if there is none.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    UserError
        It is no text in UTF-8.

    Examples
    --------
    >>> for line in check_card("# Triage\n\n## Limits\n\nNone."):
    ...     print(line[:51])
    the front matter is missing: begin with a line ---,
    missing sections: What it is, Intended use, Out-of-
    'Limits' says next to nothing: what does it do badl
    """
    if isinstance(card, str) and ("\n" in card or not card.strip()):
        return _check_text(card)
    text, facts, complaints = _read(Path(card))
    return complaints + _check_text(text) + (_compare(text, facts) if facts is not None else [])


def _read(path: Path) -> tuple[str, dict[str, Any] | None, list[str]]:
    """Read a card and, where it is there, what is next to it for programs."""
    path = path / "README.md" if path.is_dir() else path
    if not path.is_file():
        raise FileNotFoundError(f"there is no card {str(path)!r}; name a README.md of labkit card, or its folder")
    if path.stat().st_size > LARGEST:
        raise UserError(f"{path.name!r} has {path.stat().st_size:,} bytes, and is no card; name a README.md")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path.name!r} is no text in UTF-8; name a README.md that labkit card wrote") from error
    beside = path.with_name("card.json")
    if not beside.is_file():
        return text, None, []
    try:
        facts = json.loads(beside.read_bytes())
    except ValueError:
        facts = None
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        return text, None, ["card.json next to the card was not written by labkit card; write the card again"]
    if facts.get("version") != VERSION:
        said = f"card.json is of version {facts.get('version')}, and this labkit reads version {VERSION}"
        return text, None, [f"{said}; write the card again"]
    return text, facts, []


def _check_text(text: str) -> list[str]:
    """List what is missing or still open in a text."""
    title, written = split_sections(_without_front_matter(text))
    complaints = []
    if _front_matter(text) is None:
        complaints.append("the front matter is missing: begin with a line ---, then name: value, then a line ---")
    complaints += check_sections(title, written, sections=SECTIONS, tables=SHORT, titled="the name of the model")
    complaints += [f"'{name}' is empty: {SECTIONS[name]}" for name in SHORT if name in written and not written[name]]
    headings = Counter(_list_headings(_without_front_matter(text)))
    complaints += [f"'{name}' is missing: {SECTIONS[name]}" for name in SECTIONS if MISSING in written.get(name, "")]
    twice = [name for name, number in headings.items() if number > 1 and name in SECTIONS]
    complaints += [f"'{name}' is there {headings[name]} times; keep one" for name in twice]
    return complaints


def _list_headings(text: str) -> list[str]:
    """List the headings of the second level."""
    tokens = MarkdownIt("commonmark").parse(text)
    return [
        inline.content.strip()
        for token, inline in zip(tokens, tokens[1:], strict=False)
        if token.type == "heading_open" and token.tag == "h2"
    ]


def _compare(text: str, facts: dict[str, Any]) -> list[str]:
    """List sections, and front matter, that are not what was written with the facts."""
    _, written = split_sections(_without_front_matter(text))
    again = "after the card was written, and card.json does not have it; change the statements and write the card again"
    complaints = [
        f"'{name}' was changed {again}"
        for name, sha256 in dict(facts.get("sections", {})).items()
        if name in written and hashlib.sha256(written[name].encode()).hexdigest() != sha256
    ]
    front = _front_matter(text)
    if front is not None and hashlib.sha256(front.encode()).hexdigest() != facts.get("front_matter"):
        complaints.append(f"the front matter was changed {again}")
    return complaints


def _front_matter(text: str) -> str | None:
    """Return the YAML at the beginning, as the program writes it; None where there is none that can be read."""
    import yaml
    from huggingface_hub import ModelCard

    if not text.lstrip().startswith("---"):
        return None
    try:
        return ModelCard(text, ignore_metadata_errors=True).data.to_yaml() or None
    except (ValueError, TypeError, yaml.YAMLError):
        return None


def _without_front_matter(text: str) -> str:
    """Return the Markdown below the front matter."""
    from huggingface_hub.repocard import REGEX_YAML_BLOCK

    found = REGEX_YAML_BLOCK.match(text)
    return text[found.end() :] if found else text
