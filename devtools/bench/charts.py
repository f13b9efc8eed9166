"""The charts of docs/performance.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from devtools.bench.contenders import LABELS, OURS
from devtools.bench.results import Results
from devtools.bench.summary import median_of
from devtools.bench.waiting import Waiting

_OURS, _OTHERS = "#c2410c", "#94a3b8"
_PANELS = (
    ("CPU per poll, ms", "cpu_ms_per_poll", "{:.2f}"),
    ("TCP connections per poll", "connections_per_poll", "{:.2f}"),
    ("memory per wait, KiB", "kib_per_wait", "{:.0f}"),
    ("worst stall less gc, ms", "stall_ms", "{:.0f}"),
)


def draw(results: Results, folder: Path) -> None:
    """Draw what was measured.

    :param results: Of one run.
    :param folder: Where ``bench-waiting.png``, ``bench-scale.png`` and ``bench-storm.png`` go.
    """
    import matplotlib as mpl

    mpl.use("agg")
    mpl.rcParams.update(
        {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.titlelocation": "left"}
    )
    folder.mkdir(parents=True, exist_ok=True)
    if results.waiting:
        _waiting({name: median_of(runs) for name, runs in results.waiting.items()}, folder / "bench-waiting.png")
    if len(results.scale) > 1:
        _scale(results.scale, folder / "bench-scale.png")
    if results.storms:
        _storm(results, folder / "bench-storm.png")


def _waiting(medians: Mapping[str, Waiting], path: Path) -> None:
    names = list(medians)
    figure, panels = _figure(2, 2, (9.0, 4.8), f"{medians[names[0]].waits:,} waits over TLS, one process each")
    for panel, (title, field, text) in zip(panels, _PANELS, strict=True):
        values = [float(getattr(medians[name], field)) for name in names]
        _bars(panel, title, [LABELS[name] for name in names], values, text, ours=names.index(OURS.name))
    _save(figure, path)


def _scale(scale: Mapping[int, Waiting], path: Path) -> None:
    sizes = list(scale)
    labels = [f"{size:,}" for size in sizes]
    figure, panels = _figure(1, 4, (11.0, 2.6), f"{LABELS[OURS.name]} at more and more waits")
    shown = (_PANELS[0], _PANELS[2], _PANELS[3], ("sockets", "sockets", "{:.0f}"))
    for panel, (title, field, text) in zip(panels, shown, strict=True):
        values = [float(getattr(scale[size], field)) for size in sizes]
        panel.bar(labels, values, color=_OURS)
        for at, value in enumerate(values):
            panel.annotate(text.format(value), (at, value), ha="center", va="bottom")
        panel.set_ylim(top=max(values) * 1.1)
        panel.set_title(title)
    _save(figure, path)


def _storm(results: Results, path: Path) -> None:
    figure, panels = _figure(1, len(results.storms), (9.0, 2.4), "Requests per second while every answer is ...")
    for panel, (name, storm) in zip(panels, results.storms.items(), strict=True):
        labels = ["running", *(str(error) for error in storm.by_error)]
        title = f"{LABELS[name]}, {storm.waits} {'wait' if storm.waits == 1 else 'waits'}"
        _bars(panel, title, labels, [storm.healthy, *storm.by_error.values()], "{:.1f}", ours=None)
        panel.patches[0].set_color(_OURS)
    _save(figure, path)


def _figure(rows: int, columns: int, size: tuple[float, float], title: str) -> tuple[Any, list[Any]]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", weight="bold")
    return figure, list(figure.subplots(rows, columns, squeeze=False).flat)


def _bars(
    panel: Any, title: str, labels: Sequence[str], values: Sequence[float], text: str, *, ours: int | None
) -> None:
    colours = [_OURS if at == ours else _OTHERS for at in range(len(labels))]
    panel.barh(labels, values, color=colours)
    panel.invert_yaxis()
    panel.set_xlim(right=max(*values, 1e-9) * 1.15)
    for at, value in enumerate(values):
        panel.annotate(f" {text.format(value)}", (value, at), va="center")
    panel.set_title(title)


def _save(figure: Any, path: Path) -> None:
    # Without the version and the date, which would make a new file of the same picture.
    figure.savefig(path, dpi=130, metadata={"Software": None})
