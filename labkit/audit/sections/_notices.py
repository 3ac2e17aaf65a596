"""What a reader must know first, one line per kind on top of a page, and all of it at its end."""

import html

from labkit.audit.results import Audit
from labkit.audit.sampling._notices import summarize_notices
from labkit.audit.sections._tables import mark_options
from labkit.audit.text import begin


def group_notices(audit: Audit) -> tuple[list[str], list[str]]:
    """Return notices in one line per kind, and all of them."""
    return summarize_notices(audit.notices), [notice.said for notice in audit.notices]


def notices_on_top(audit: Audit) -> str:
    """Write one line per kind, as HTML; nothing where there is nothing to know."""
    lines, every = group_notices(audit)
    if not lines:
        return ""
    more = ""
    if len(every) > len(lines):
        more = f'<p><a href="#notices">All {len(every):,} notices, group by group</a></p>'
    listed = "".join(f"<li>{mark_options(html.escape(begin(line)))}</li>" for line in lines)
    return f'<div class="warnings"><h2 id="first">Read this first</h2><ul>{listed}</ul>{more}</div>\n'


def notices_at_end(audit: Audit) -> str:
    """Write all of them, as HTML, where the top has fewer."""
    lines, every = group_notices(audit)
    if len(every) <= len(lines):
        return ""
    listed = "".join(f"<li>{mark_options(html.escape(begin(line)))}</li>" for line in every)
    return (
        f'<h2 id="notices">All notices</h2>\n<details><summary>{len(every):,} notices</summary>'
        f"<ul>{listed}</ul></details>\n"
    )
