"""Line charts as SVG, drawn by pygal on the server: no script, and lines that marks and dashes tell apart too."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pygal
from pygal.style import Style

WIDTH, HEIGHT = 560, 300  # letters can be read still where a phone shrinks it
COLORS = ("#9e2a1f", "#1b5e7b", "#6b5a00", "#3d6b35", "#5b3a7d", "#9a4d00")  # as in nianbao.css
_DASHES = ("none", "7,4", "2,3")
_INK, _SOFT, _LINE, _LEAF = "#1f1c18", "#635b50", "#d9d2c4", "#fffefb"
_LOOKS = {
    "background": _LEAF,
    "plot_background": _LEAF,
    "guide_stroke_color": _LINE,
    "major_guide_stroke_color": _LINE,
    "guide_stroke_dasharray": "none",
    "major_guide_stroke_dasharray": "none",
    "stroke_width": "2",
    "foreground": _SOFT,
    "foreground_strong": _INK,
    "foreground_subtle": _LINE,
    "stroke_opacity": "1",
    "label_font_size": 14,
    "major_label_font_size": 14,
    "value_label_font_size": 15,
    "value_font_size": 12,
    "font_family": "PingFang SC, Microsoft YaHei, Noto Sans CJK SC, Helvetica, Arial, sans-serif",
}
_SETTINGS = {
    "width": WIDTH,
    "height": HEIGHT,
    "margin": 12,
    "show_legend": False,
    "include_x_axis": True,
    "max_scale": 6,
    "allow_interruptions": True,
    "dots_size": 4,
    "js": [],
    "disable_xml_declaration": True,
    "css": ["file://style.css", "file://graph.css", "inline:.dot { stroke-dasharray: none }"],
}


@dataclass(frozen=True, slots=True)
class Line:
    """`runs` are year → value, a mapping for each stretch that may be drawn as one; `mark` stands at its last point."""

    mark: str
    runs: Sequence[Mapping[int, float]]


def svg(lines: Sequence[Line], years: Iterable[int], percent: bool) -> str:
    """The chart; a year without a value is a gap in its line, never a nought."""
    years = list(years)
    runs = [(n, run) for n, line in enumerate(lines) for run in line.runs if run]
    colors = tuple(COLORS[n % len(COLORS)] for n, _ in runs)
    chart = pygal.Line(style=Style(**_LOOKS, colors=colors or (_INK,)), print_labels=len(lines) > 1, **_SETTINGS)
    chart.uuid = "chart"  # so the same figures give the same bytes
    chart.margin_right = 34  # for the marks
    chart.value_formatter = (lambda v: f"{v:.3g}%") if percent else (lambda v: f"{v:,.12g}")
    chart.x_labels = [str(year) for year in years]
    for n, run in runs:
        dash = _DASHES[(n + n // len(COLORS)) % len(_DASHES)]
        last = max(max(run) for run in lines[n].runs if run)
        values = [_point(run[year], lines[n].mark * (year == last)) if year in run else None for year in years]
        chart.add(None, values, stroke_style={"width": 2, "dasharray": dash})
    chart.add_xml_filter(_bare)
    return str(chart.render())


def _point(value: float, mark: str) -> dict[str, Any]:
    return {"value": value, "label": mark}


def _bare(root: Any) -> Any:
    """pygal writes its settings into every chart as a script, even where none is to run; and the date, as a comment."""
    for parent in list(root.iter()):
        for child in [child for child in parent if not isinstance(child.tag, str) or child.tag.endswith("script")]:
            parent.remove(child)
    return root
