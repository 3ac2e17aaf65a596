"""Where the links of notebooks, datasheets and other files of the repository lead in a folder of pages."""

import posixpath
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

INDEX = "index.html"
COPIES = "files"  # folder for copies of linked files that are no pages


@dataclass
class Links:
    """Decides where links lead, and notes what has to be there for them to work.

    Attributes
    ----------
    root : pathlib.Path
        The repository.
    pages : dict of str to str
        For paths in the repository (with slashes) the name of their page, such as ``notebooks/04_measuring.ipynb``.
    hidden : set of str
        Paths whose pages were not made this time: links to them become their text, and nobody is warned.
    wanted : dict of str to str
        For linked files that have no page yet, their path in the repository and where they have to be in the folder.
    warnings : list of str
        A sentence for each link that leads nowhere.
    """

    root: Path
    pages: dict[str, str]
    hidden: set[str] = field(default_factory=set)
    wanted: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def resolve(self, address: str, *, source: str) -> str | None:
        """Return where a link leads from a page in the folder; None where it leads nowhere.

        Parameters
        ----------
        address : str
            As the link has it.
        source : str
            Path in the repository of the file with the link, with slashes.
        """
        url = urlsplit(address)
        if url.scheme or url.netloc or not url.path:
            return address
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), unquote(url.path)))
        if path in self.hidden:
            return None
        target = self.pages.get(path) or self._find(path)
        if target is None:
            self.warnings.append(f"{source}: the link to {address} leads nowhere; name a file of the repository")
            return None
        return quote(target) + (f"#{url.fragment}" if url.fragment else "")

    def _find(self, path: str) -> str | None:
        """Return where a file of the repository will be in the folder, and note that it is wanted there."""
        if path.startswith("../") or not (self.root / path).is_file():
            return None
        if path not in self.wanted:
            self.wanted[path] = page_name(path) if path.endswith(".md") else f"{COPIES}/{path}"
        return self.wanted[path]


def page_name(path: str) -> str:
    """Return the name of the page of a markdown file.

    >>> page_name("datasets/hmda/card.md"), page_name("notebooks/glossary.md"), page_name("docs/a/b.md")
    ('datasheet-hmda.html', 'glossary.html', 'docs-a-b.html')
    """
    parts = path.removesuffix(".md").split("/")
    if parts[0] == "datasets" and parts[-1] == "card" and len(parts) == 3:
        return f"datasheet-{parts[1]}.html"
    return "-".join(parts[1:] if parts[0] == "notebooks" else parts) + ".html"
