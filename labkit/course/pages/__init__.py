"""Pages of a run: each executed notebook, the index, the glossary, datasheets, and copies of what they link to."""

from labkit.course.pages.notebook import ASSETS, render_page, shorten
from labkit.course.pages.site import write_site

__all__ = ["ASSETS", "render_page", "shorten", "write_site"]
