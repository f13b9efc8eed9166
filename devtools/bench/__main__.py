"""``make bench``: everything that is measured, in one run of some minutes.

Prints tables, and keeps them in ``docs/performance.md``, the figures in ``devtools/bench/results.json`` and the charts
in ``docs/images``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from devtools.bench.certificate import Certificate, make_certificate
from devtools.bench.charts import draw
from devtools.bench.contenders import BARE, CONTENDERS, OURS
from devtools.bench.documentation import fill_in
from devtools.bench.download import Download, measure_download
from devtools.bench.film import measure_join
from devtools.bench.import_time import measure_imports
from devtools.bench.report import figures, figures_table, tables
from devtools.bench.results import Results, as_json
from devtools.bench.scale import measure_scale
from devtools.bench.server import Server, server_process
from devtools.bench.storm import measure_storms
from devtools.bench.waiting import Waiting, measure_waiting

_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much is measured.

    :param waits: Waits of each contender.
    :param interval: Seconds, their poll interval.
    :param stretch: Seconds for which they are watched, at least.
    :param repetitions: How often ours and the bare session are measured.
    :param peer_repetitions: How often the others are.
    :param sizes: Numbers of waits at which ours is measured.
    :param scale_interval: Seconds, their poll interval.
    :param scale_stretch: Seconds for which they are watched, at least.
    :param storm_waits: Waits that meet errors.
    :param storm_seconds: Seconds for which they meet each.
    :param imports: Processes in which each module is imported.
    :param download: Bytes of the file that is saved.
    :param joins: How often clips are joined.
    :param film: Seconds of the film that memory is measured with.
    """

    waits: int = 1000
    interval: float = 4.0
    stretch: float = 7.0
    repetitions: int = 3
    peer_repetitions: int = 2
    sizes: Sequence[int] = (100, 1000, 5000, 10_000)
    scale_interval: float = 5.0
    scale_stretch: float = 8.0
    storm_waits: int = 400
    storm_seconds: float = 5.0
    imports: int = 3
    download: int = 1 << 30
    joins: int = 9
    film: int = 3600


_FULL = Effort()
_QUICK = Effort(
    waits=100,
    interval=2.0,
    stretch=4.0,
    repetitions=1,
    peer_repetitions=1,
    sizes=(100, 500),
    scale_interval=2.0,
    scale_stretch=6.0,
    storm_waits=50,
    storm_seconds=4.0,
    imports=2,
    download=64 << 20,
    joins=3,
    film=600,
)
_PARTS = ("waiting", "scale", "storm", "imports", "download", "film")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and keep; returns 1 if a figure is not what the project wants of itself (of a full run)."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less of everything, kept in build/bench")
    parser.add_argument("--only", nargs="+", choices=_PARTS, metavar="PART", help=f"of {', '.join(_PARTS)}; not kept")
    parser.add_argument("--size", type=int, metavar="MIB", help="of the file that is saved")
    options = parser.parse_args(arguments)
    effort = _QUICK if options.quick else _FULL
    size = options.size << 20 if options.size else effort.download
    with tempfile.TemporaryDirectory(prefix="runway-bench-") as folder:
        certificate = make_certificate(Path(folder))
        os.environ |= {"AIRFLOW_HOME": folder, "SSL_CERT_FILE": certificate.certificate}
        results = measure(effort, certificate, parts=options.only or _PARTS, size=size)
    print(f"\n{tables(results)}\n\n{figures_table(results)}")
    if not options.only:
        _keep(results, _ROOT / "build/bench" if options.quick else None)
    return 0 if options.quick or all(figure.good for figure in figures(results)) else 1


def measure(effort: Effort, certificate: Certificate, *, parts: Sequence[str], size: int) -> Results:
    """Measure these parts.

    :param effort: How much.
    :param certificate: Of the server.
    :param parts: Of ``waiting``, ``scale``, ``storm``, ``imports``, ``download`` and ``film``.
    :param size: Bytes of the file that is saved.
    """
    with server_process(certificate) as process:
        server = Server(process, tls=True)
        waiting = _waiting(effort, server) if "waiting" in parts else {}
        _say("scale", "scale" in parts)
        scale = (
            measure_scale(server, sizes=effort.sizes, interval=effort.scale_interval, stretch=effort.scale_stretch)
            if "scale" in parts
            else {}
        )
        _say("storm", "storm" in parts)
        storms = (
            measure_storms(server, waits=effort.storm_waits, interval=effort.interval / 2, seconds=effort.storm_seconds)
            if "storm" in parts
            else {}
        )
    _say("imports", "imports" in parts)
    imports = measure_imports(effort.imports) if "imports" in parts else {}
    _say("download", "download" in parts)
    downloads = _downloads(certificate, size) if "download" in parts else {}
    _say("film", "film" in parts)
    join = measure_join(times=effort.joins, seconds=effort.film) if "film" in parts else None
    return Results(
        interval=effort.interval,
        waiting=waiting,
        scale_interval=effort.scale_interval,
        scale=scale,
        storms=storms,
        imports=imports,
        downloads=downloads,
        join=join,
    )


def _waiting(effort: Effort, server: Server) -> Mapping[str, Sequence[Waiting]]:
    """All contenders one after the other, and that several times: what changes meanwhile touches all of them."""
    runs: dict[str, list[Waiting]] = {name: [] for name, each in CONTENDERS.items() if each.installed}
    for repetition in range(effort.repetitions):
        for name, so_far in runs.items():
            if name in {BARE.name, OURS.name} or repetition < effort.peer_repetitions:
                _say(f"waiting, {name}, {repetition + 1}")
                so_far.append(
                    measure_waiting(name, server, waits=effort.waits, interval=effort.interval, stretch=effort.stretch)
                )
    return runs


def _downloads(certificate: Certificate, size: int) -> Mapping[str, Download]:
    """Over TLS the server is what takes longest: a quarter of the file shows as much."""
    measured = {
        "http": measure_download(None, size=size, times=5),
        "https": measure_download(certificate, size=size // 4, times=3),
    }
    return {scheme: download for scheme, download in measured.items() if download is not None}


def _keep(results: Results, folder: Path | None) -> None:
    """Write figures and charts: into the documentation, or into a folder of their own."""
    figures_file = (folder or _ROOT / "devtools/bench") / "results.json"
    figures_file.parent.mkdir(parents=True, exist_ok=True)
    figures_file.write_text(json.dumps(as_json(results), indent=1) + "\n")
    draw(results, folder or _ROOT / "docs/images")
    if folder is None:
        fill_in(_ROOT / "docs/performance.md", {"figures": figures_table(results), "tables": tables(results)})


_STARTED = time.monotonic()


def _say(what: str, wanted: bool = True) -> None:
    if wanted:
        print(f"{time.monotonic() - _STARTED:5.0f} s  {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
