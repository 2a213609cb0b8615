"""One self-contained HTML page of everything that was run: lessons, figures, tables, where each
came from, and a search.

:func:`lib.companion.report.page.write` puts it together; ``python -m lib.companion.report`` writes
``build/report.html``. The page opens offline: styles, script and pictures are in the file, formulas
are MathML, and a content security policy forbids the browser to fetch anything.
"""
