"""The elements of a dashboard, and their conversion to Grafana's classic JSON model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from portero_infra.dashboards.queries import INSTANCES, at_instances

_COLUMNS = 24
_DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
"""The data source that the reader chose: a dashboard can be imported into any Grafana."""
_SCHEMA = 39


class Unit(Enum):
    """Grafana's names of the units in use."""

    NUMBER = "short"
    RATIO = "percentunit"
    SECONDS = "s"
    BYTES = "bytes"
    BYTES_A_SECOND = "Bps"
    A_SECOND = "ops"
    FRAMES_A_SECOND = "fps"
    DOLLARS = "currencyUSD"
    STATE = "bool_on_off"


class Look(Enum):
    """How a panel shows its values."""

    NUMBER = "stat"
    CURVES = "timeseries"
    BARS = "bargauge"


@dataclass(frozen=True, slots=True)
class Query:
    """One expression, and the names of its series ("{{camera}}")."""

    expression: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """The thresholds at which a value becomes a warning or critical.

    Attributes:
        warning: From here on it deserves a look.
        critical: From here on somebody has to act.
        falling: Whether smaller is worse.
    """

    warning: float
    critical: float
    falling: bool = False

    def steps(self) -> list[dict[str, Any]]:
        """Returns Grafana's steps, the first of which has no lower end."""
        if self.falling:
            colors = (("red", None), ("orange", self.critical), ("green", self.warning))
        else:
            colors = (("green", None), ("orange", self.warning), ("red", self.critical))
        return [{"color": color, "value": value} for color, value in colors]


@dataclass(frozen=True, slots=True)
class Panel:
    """One question, and the queries that answer it.

    Attributes:
        question: The title.
        queries: What answers it.
        unit: Unit of the values.
        limits: Where they stop being good.
        look: How they are shown.
        width: Of 24 columns.
        height: In rows of about 30 pixels.
        note: What one should know to read it.
    """

    question: str
    queries: tuple[Query, ...]
    unit: Unit
    limits: Limits
    look: Look = Look.CURVES
    width: int = 8
    height: int = 8
    note: str = ""

    def as_json(self, number: int, x: int, y: int) -> dict[str, Any]:
        """Returns the panel in Grafana's format, at a position."""
        curves = self.look is Look.CURVES
        custom: dict[str, Any] = {"fillOpacity": 10, "showPoints": "never", "thresholdsStyle": {"mode": "dashed"}}
        options: dict[str, Any] = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}
        if curves:
            options = {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}}
        return {
            "id": number,
            "type": self.look.value,
            "title": self.question,
            "description": self.note,
            "datasource": _DATASOURCE,
            "gridPos": {"h": self.height, "w": self.width, "x": x, "y": y},
            "fieldConfig": {
                "defaults": {
                    "unit": self.unit.value,
                    "min": 0,
                    "color": {"mode": "palette-classic" if curves else "thresholds"},
                    "thresholds": {"mode": "absolute", "steps": self.limits.steps()},
                    "custom": custom if curves else {},
                },
                "overrides": [],
            },
            "options": options,
            "targets": [
                {
                    "refId": chr(ord("A") + index),
                    "datasource": _DATASOURCE,
                    "expr": at_instances(query.expression),
                    "legendFormat": query.legend or "__auto",
                    "exemplar": curves,
                }
                for index, query in enumerate(self.queries)
            ],
        }


@dataclass(frozen=True, slots=True)
class Section:
    """Panels under one heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A page of sections, whose reader chooses data source and servers, and with `by_camera` a camera ($camera)."""

    uid: str
    title: str
    about: str
    sections: tuple[Section, ...]
    by_camera: bool = False

    @property
    def panels(self) -> Sequence[Panel]:
        """The panels of all sections, in order."""
        return tuple(panel for section in self.sections for panel in section.panels)

    def as_json(self) -> dict[str, Any]:
        """Returns the dashboard in Grafana's format."""
        return {
            "uid": self.uid,
            "title": self.title,
            "description": self.about,
            "tags": ["portero"],
            "timezone": "browser",
            "editable": False,
            "graphTooltip": 1,
            "refresh": "10s",
            "schemaVersion": _SCHEMA,
            "time": {"from": "now-1h", "to": "now"},
            "links": [{"type": "dashboards", "tags": ["portero"], "title": "Portero", "keepTime": True}],
            "templating": {"list": self._variables()},
            "panels": self._placed(),
        }

    def _variables(self) -> list[dict[str, Any]]:
        variables = [_datasource_variable(), _instance_variable()]
        return [*variables, _camera_variable()] if self.by_camera else variables

    def _placed(self) -> list[dict[str, Any]]:
        """Positions the panels from left to right, with a new row where one does not fit."""
        placed: list[dict[str, Any]] = []
        y = 0
        for section in self.sections:
            placed.append(_heading(section.title, len(placed) + 1, y))
            x, y, tallest = 0, y + 1, 0
            for panel in section.panels:
                if x + panel.width > _COLUMNS:
                    x, y, tallest = 0, y + tallest, 0
                placed.append(panel.as_json(len(placed) + 1, x, y))
                x, tallest = x + panel.width, max(tallest, panel.height)
            y += tallest
        return placed


def _heading(title: str, number: int, y: int) -> dict[str, Any]:
    place = {"h": 1, "w": _COLUMNS, "x": 0, "y": y}
    return {"id": number, "type": "row", "title": title, "collapsed": False, "gridPos": place, "panels": []}


def _datasource_variable() -> dict[str, Any]:
    return {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "refresh": 1}


def _instance_variable() -> dict[str, Any]:
    chosen = _label_variable("instance", "Server", "label_values(portero_build_info, instance)")
    everything = {"text": ["All"], "value": ["$__all"]}
    return {**chosen, "multi": True, "includeAll": True, "allValue": ".*", "current": everything}


def _camera_variable() -> dict[str, Any]:
    return _label_variable("camera", "Camera", f"label_values(portero_camera_up{{{INSTANCES}}}, camera)")


def _label_variable(name: str, label: str, query: str) -> dict[str, Any]:
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": _DATASOURCE,
        "definition": query,
        "query": {"query": query, "refId": f"{name}s"},
        "refresh": 2,
        "sort": 1,
        "multi": False,
        "includeAll": False,
    }
