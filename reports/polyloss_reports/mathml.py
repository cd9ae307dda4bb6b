"""LaTeX of a result file to MathML that a page can hold.

The converter copies text and attributes through unescaped, so its tree is written out here: known elements, known attributes,
everything else as text.
"""

from __future__ import annotations

import html
import re
from xml.etree.ElementTree import Element

from latex2mathml.converter import convert_to_element
from markupsafe import Markup, escape

_ELEMENTS = frozenset(
    re.findall(
        r"\w+",
        """math mrow mi mn mo ms mtext mspace mfrac msqrt mroot msub msup msubsup munder mover munderover mmultiscripts
        mprescripts none mtable mtr mtd mstyle mpadded mphantom menclose""",
    )
)
_ATTRIBUTES = frozenset(
    re.findall(
        r"\w+",
        """display displaystyle scriptlevel stretchy fence form accent accentunder separator largeop movablelimits
        lspace rspace minsize maxsize symmetric linethickness width height depth""",
    )
)
_BARS = "|‖∣∥"
_OPERATORS = re.compile(r"\\(arg|argmin|argmax|sgn|sign|softmax|sigmoid|mean|erf)(?![A-Za-z])")
_MACRO = re.compile(r"\\DeclareMathOperator\*?\s*\{?\\(\w+)\}?\s*\{([^{}]*)\}")


class UnknownLatexError(ValueError):
    """The LaTeX holds something that cannot be shown as MathML."""


def to_html(latex: str) -> Markup:
    """The formula as a block of MathML, or its source where that fails."""
    try:
        return Markup(convert(latex))
    except Exception:  # the converter raises IndexError, KeyError and errors of its own on LaTeX that it cannot read
        return Markup('<code class="latex">{}</code>').format(latex)


def convert(latex: str) -> str:
    """The formula as a ``<math>`` element.

    Raises:
        UnknownLatexError: unbalanced braces, or a command that the converter does not know.
    """
    latex = _plain(latex)
    if not latex or not _balanced(latex):
        raise UnknownLatexError("nothing to show" if not latex else "unbalanced braces")
    return _write(convert_to_element(latex, display="block"))


def _plain(latex: str) -> str:
    """Without what belongs to a document: delimiters, operator declarations, environments known by another name."""
    for name, shown in _MACRO.findall(latex):
        declared = rf"\operatorname{{{shown}}}".replace("\\", r"\\")
        latex = re.sub(rf"\\{name}(?![A-Za-z])", declared, _MACRO.sub("", latex, count=1))
    latex = _OPERATORS.sub(r"\\operatorname{\1}", latex.strip().strip("$").strip())
    latex = re.sub(r"^\\\[(.*)\\\]$", r"\1", latex, flags=re.S)
    return re.sub(r"\\(begin|end)\{(?:aligned|align|split|gathered)\*?\}", r"\\\1{align*}", latex).strip()


def _balanced(latex: str) -> bool:
    depth = 0
    for brace in re.findall(r"(?<!\\)(?:\\\\)*([{}])", latex):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return False
    return depth == 0


def _write(element: Element) -> str:
    text = html.unescape(element.text or "")
    if element.tag not in _ELEMENTS:
        raise UnknownLatexError(f"element {element.tag}")
    if text.startswith("\\") and len(text) > 1:
        raise UnknownLatexError(f"command {text}")
    attributes = {name: value for name, value in element.attrib.items() if name in _ATTRIBUTES}
    classes = []
    if element.tag == "mo" and text in _BARS and element.get("stretchy") != "true":
        attributes |= {
            "lspace": "0",
            "rspace": "0",
        }  # an operator between two operands by position, a delimiter by meaning
    if element.tag == "mtd" and element.get("columnalign") in ("left", "right"):
        classes.append(element.attrib["columnalign"])  # MathML Core has no columnalign: the style sheet does it
    if "bold" in element.get("mathvariant", ""):
        classes.append("bold")
    if classes:
        attributes["class"] = " ".join(classes)
    opening = "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
    body = str(escape(text)) + "".join(
        _write(child) + str(escape(html.unescape(child.tail or ""))) for child in element
    )
    return f"<{element.tag}{opening}>{body}</{element.tag}>"
