"""What every page shares that labkit writes: one style, landmarks, a table of contents, boxes that scroll.

`write_document` makes a whole page of its content; `scroll_box`, `table_box` and `figure_box` hold what may be wider
than a page. Pages of notebooks, the report of a run and the page of an audit are made with them.

>>> from labkit.layout import scroll_box
>>> scroll_box("<table></table>", label="Rates")
'<div class="scroll" role="region" aria-label="Rates" tabindex="0"><table></table></div>'
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "document": ["write_document", "Heading"],
        "plain_text": ["strip_sequences"],
        "boxes": ["scroll_box", "table_box", "figure_box", "png_size"],
    },
)
