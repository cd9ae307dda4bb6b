"""LaTeX to MathML: what formulas use comes through, what nobody knows is shown as source, nothing is markup."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from polyloss_reports import mathml


@pytest.mark.parametrize(
    "latex",
    [
        r"\begin{cases} \frac{1}{2}(p-l)^2 & \text{if } |p-l|\le\rho \\ \rho|p-l| & \text{otherwise}\end{cases}",
        r"L = -\sum_i {label}_i \log\left(1 + e^{-\lVert x_i \rVert_2}\right)",
        r"\DeclareMathOperator{\softmax}{softmax} p = \softmax({pred})",
        r"\begin{aligned} a &= b \\ c &= d \end{aligned}",
        r"\operatorname*{mean}_i \max(0, m - \hat{y}_i) \cdot \mathbf{1}[y = 1]",
        r"$$\arg\min_k \mathbb{E}[x_k]$$",
        r"\{0, 1\}",
    ],
)
def test_formulas_convert(latex: str) -> None:
    found = ElementTree.fromstring(mathml.convert(latex))
    assert found.tag == "math"
    assert "\\" not in "".join(found.itertext())


def test_text_and_structure() -> None:
    found = ElementTree.fromstring(mathml.convert(r"\DeclareMathOperator{\softmax}{softmax} \frac{\softmax(x)}{2}"))
    assert [e.tag for e in found.iter("mfrac")] == ["mfrac"]
    assert "".join(found.itertext()) == "softmax(x)2"


def test_cases_are_aligned_by_the_style_sheet() -> None:
    assert 'class="left"' in mathml.convert(r"\begin{cases}a & b\end{cases}")


@pytest.mark.parametrize(
    "latex", [r"\frac{1}{2", "a}", r"\nosuch{x}", r"\left(", "", "  ", r"\begin{cases}", "{" * 3000 + "}" * 3000]
)
def test_what_fails_is_shown_as_source(latex: str) -> None:
    assert mathml.to_html(latex) == f'<code class="latex">{latex}</code>'


@pytest.mark.parametrize(
    "latex",
    [
        r"\text{<img src=x onerror=alert(1)>}",
        r"\text{&lt;script&gt;}",
        "</math><script>alert(1)</script>",
        r"\href{javascript:alert(1)}{x}",
        r"\style{background:url(//example.org)}{x}",
        r"\class{loss}{x}",
        r"\color{red\" onclick=\"x}{x}",
    ],
)
def test_hostile_latex(latex: str) -> None:
    text = mathml.to_html(latex)
    elements = list(ElementTree.fromstring(text).iter())
    assert {e.tag for e in elements} <= {*mathml._ELEMENTS, "code"}
    assert {name for e in elements for name in e.attrib} <= {*mathml._ATTRIBUTES, "class"}
    assert {e.get("class") for e in elements} <= {None, "latex", "left", "right", "bold"}
