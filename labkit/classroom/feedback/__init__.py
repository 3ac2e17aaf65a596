"""What students and teachers get to see of results: pages that run nothing, tables for gradebooks, a class at a glance.

`write_feedback` writes all of it. Texts of students are escaped, and a content security policy keeps pages from running
or loading anything.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs={"writing": ["write_feedback"]})
