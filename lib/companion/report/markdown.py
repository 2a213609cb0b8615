"""Text cells as HTML that needs nothing from elsewhere: nbconvert's renderer, with formulas as
MathML."""

import re
from html import escape, unescape

from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath


def mathml(tex: str, *, block: bool = False) -> str:
    """A formula as MathML, which browsers draw by themselves; as code where docutils cannot read
    it. The keyboard reaches one in a line of its own, which may be wider than a phone."""
    try:
        drawn = tex2mathml(tex.strip(), as_block=block)
        return drawn.replace(' xmlns="http://www.w3.org/1998/Math/MathML"', ' tabindex="0"' * block)
    except MathError:
        return f'<code class="tex">{escape(tex.strip())}</code>'


def slug(text: str) -> str:
    """What a heading is called in an address: lower case, words joined by hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "part"


class Text(IPythonRenderer):
    """Renders the text of one notebook. Its title becomes an ``h3``, its sections follow; names of
    notebooks become links.

    Parameters
    ----------
    name : str
        The notebook's; every id on the page begins with it.
    known : collection of str
        Names of the notebooks on the page.
    """
    def __init__(self, name: str, known=(), **options):
        super().__init__(escape=False, **options)
        self.name, self.known = name, frozenset(known)
        self.headings: list[tuple[int, str, str]] = []  # level, id, plain text

    def html(self, source: str) -> str:
        """Render Markdown; headings met on the way are appended to ``headings``."""
        return MarkdownWithMath(renderer=self).render(source)

    def heading(self, text: str, level: int, **attrs) -> str:
        """One level lower per level of the page above; the first of level 1 is the notebook's own
        and keeps its name as id."""
        plain = " ".join(unescape(re.sub(r"<[^>]+>", "", text)).split())
        first = level == 1 and not self.headings
        anchor = self.name if first else f"{self.name}--{slug(plain)}"
        taken = {other for _, other, _ in self.headings}
        if anchor in taken:
            anchor = next(f"{anchor}-{i}" for i in range(2, 1000) if f"{anchor}-{i}" not in taken)
        self.headings.append((level, anchor, plain))
        depth = min(level + 2, 6) if first or level > 1 else 4
        return f'<h{depth} id="{anchor}">{text}</h{depth}>\n'

    def codespan(self, text: str) -> str:
        """Code in a line of text; a notebook's name leads to it."""
        code = f"<code>{escape(text, quote=False)}</code>"
        return f'<a href="#{text}">{code}</a>' if text in self.known else code

    def link(self, text: str, url: str, title: str | None = None) -> str:
        """A link; one to another notebook leads to its place on this page, one to another file
        becomes plain text."""
        name = url.rsplit("/", 1)[-1].removesuffix(".ipynb").removesuffix(".py")
        if name in self.known:
            return f'<a href="#{name}">{text}</a>'
        if re.match(r"https?://|mailto:", url):
            return f'<a href="{escape(url)}" rel="noreferrer">{text}</a>'
        return f"{text} (<code>{escape(url)}</code>)" if url and not url.startswith("#") else text

    def table(self, text: str) -> str:
        """A table in a frame of its own that scrolls where the page is narrow."""
        text = re.sub(r"<th(?=[ >])", '<th scope="col"', text)
        return f'<div class="wide">\n<table>\n{text}</table>\n</div>\n'

    inline_math = staticmethod(mathml)

    def block_math(self, body: str) -> str:
        """A formula on a line of its own."""
        return mathml(body, block=True)

    def latex_environment(self, name: str, body: str) -> str:
        """An environment such as ``align``."""
        return mathml(f"\\begin{{{name}}}{body}\\end{{{name}}}", block=True)
