"""How long the page "Videos" takes with many finished videos in PostgreSQL, beside Airflow's own list of tasks.

``make gallery``: fills a PostgreSQL of its own with what 100,000 videos leave behind, and asks the API server's app in
this process, as a viewer who is logged in: routing, rights, database and JSON count, the network does not.
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from devtools.bench.documentation import fill_in
from devtools.scale.parts import provide
from devtools.stack.airflow_home import environment, free_port, prepare_database, services
from devtools.stack.postgres import CARELESS, postgres

PAGE: Final = Path(__file__).parents[2] / "docs" / "gallery.md"
MOST_MS: Final = 300.0
TIMES: Final = 30
OURS: Final = "videos: the first page"
AIRFLOWS: Final = "Airflow's own list of task instances: the first page"
QUESTIONS: Final = {
    OURS: "/runway/api/videos?limit=50",
    "videos: a page in the middle": "/runway/api/videos?limit=50&cursor={cursor}",
    "videos: of one DAG": "/runway/api/videos?limit=50&dag_id=dag_3",
    "videos: those that wait": "/runway/api/videos?limit=50&state=waiting",
    "videos: a word in the prompts of a week": "/runway/api/videos?limit=50&q=number+4711&since={week}",
    "totals of 30 days": "/runway/api/totals",
    AIRFLOWS: "/api/v2/dags/~/dagRuns/~/taskInstances?limit=50&order_by=-start_date",
}

# A thousand runs of ten DAGs, each with as many mapped videos; all of them made within the last 100 days.
_FILL: Final = """
SET session_replication_role = replica;  -- what refers to what is known to be there
INSERT INTO dag_bundle (name, active) VALUES ('scale', true);
INSERT INTO dag (dag_id, is_paused, is_stale, bundle_name, fileloc, max_active_tasks, max_active_runs,
    max_consecutive_failed_dag_runs, has_task_concurrency_limits, has_import_errors, timetable_type{more_of_dag})
  SELECT 'dag_' || d, false, false, 'scale', '/dags/clips.py', 16, 16, 0, false, false, ''{values_of_dag}
  FROM generate_series(0, 9) d;
INSERT INTO dag_run (dag_id, run_id, run_type, state, run_after, queued_at, clear_number, triggered_by
    {more_of_run})
  SELECT 'dag_' || (r % 10), 'manual__' || r, 'manual', 'success', now() - r * interval '144 minutes',
    now(), 0, 'TEST'{values_of_run}
  FROM generate_series(1, 1000) r;
INSERT INTO task_instance (id, dag_id, run_id, task_id, map_index, state, operator, start_date, end_date, pool,
    pool_slots, try_number, max_tries, priority_weight, queue, executor_config, custom_operator_name{more_of_ti})
  SELECT gen_random_uuid(), dag_id, run_id, 'video', v,
    CASE WHEN v % 50 = 0 THEN 'failed' ELSE 'success' END, 'RunwayGenerateOperator',
    run_after + v * interval '1 second', run_after + v * interval '1 second' + interval '2 minutes', 'default_pool',
    1, 1, 2, 1, 'default', '\\x80047d942e', ''{values_of_ti}
  FROM dag_run, generate_series(1, {per_run}) v;
INSERT INTO xcom (dag_run_id, dag_id, run_id, task_id, map_index, key, value, timestamp)
  SELECT r.id, t.dag_id, t.run_id, 'video', t.map_index, k.key, k.value, t.end_date
  FROM task_instance t JOIN dag_run r ON r.dag_id = t.dag_id AND r.run_id = t.run_id,
  LATERAL (SELECT jsonb_build_object('task_id', md5(t.id::text), 'parent_task_id', NULL, 'kind', 'runway',
      'state', 'success', 'video_url', 'https://tempfile.aiquickdraw.com/' || t.id || '.mp4',
      'image_url', 'https://tempfile.aiquickdraw.com/' || t.id || '.jpg', 'video_id', t.id, 'submitted_at',
      to_char(t.start_date, 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"'), 'completed_at',
      to_char(t.end_date, 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"'), 'expires_at',
      to_char(t.end_date + interval '14 days', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"'), 'saved_to',
      's3://aws_default@bucket/videos/' || t.id || '.mp4', 'sha256', md5(t.id::text), 'size', 4000000,
      'thumbnail_saved_to', NULL, 'credits_estimate', 12, 'schema_version', 1) AS result) made,
  LATERAL (
    SELECT 'return_value' AS key, made.result AS value WHERE t.state = 'success'
    UNION ALL SELECT each.key, each.value FROM jsonb_each(made.result) each WHERE t.state = 'success'
    UNION ALL SELECT 'failure', jsonb_build_object('reason', 'moderation', 'message', 'Not this.', 'paid', false)
      WHERE t.state = 'failed'
    UNION ALL SELECT 'runway', jsonb_build_object('kind', 'runway', 'model', 'runway', 'prompt',
      'A fox in the snow, number ' || (r.id * 100 + t.map_index) || ', ' || repeat('with long words ', 20), 'duration',
      5, 'quality', '720p', 'aspect_ratio', '16:9', 'credits', 12, 'dollars', 0.06, 'conn_id', 'runway_default',
      'task_id', md5(t.id::text), 'submitted_at', to_char(t.start_date, 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"'),
      'schema_version', 1)
  ) k;
ANALYZE;
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=int, default=100_000, help="a multiple of 1000")
    parser.add_argument("--write", action="store_true", help="put the figures into docs/gallery.md")
    arguments = parser.parse_args()
    provide()
    with tempfile.TemporaryDirectory(prefix="gallery-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        with postgres(home / "postgres", CARELESS) as url:
            env = environment(home, home, free_port(), 1, all_admins=False) | services(url, None)
            os.environ.update(env)
            prepare_database(home, env)
            began = time.monotonic()
            fill(arguments.videos // 1000)
            print(f"{arguments.videos} videos are in PostgreSQL after {time.monotonic() - began:.0f} s.")
            figures = measure()
    table = as_table(figures)
    print(table)
    if arguments.write:
        fill_in(PAGE, {"gallery": f"With {arguments.videos:,} finished videos in PostgreSQL:\n\n{table}"})
    return 0 if statistics.median(figures[OURS]) < MOST_MS else 1


def fill(per_run: int) -> None:
    """What a thousand runs of so many videos each leave in Airflow's database."""
    from airflow.settings import engine
    from sqlalchemy import inspect

    assert engine is not None
    must = _musts(inspect(engine))
    with engine.begin() as connection:
        connection.exec_driver_sql(_FILL.format(per_run=per_run, **must).replace("%", "%%"))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


def _musts(found: Any) -> dict[str, str]:
    """Values for columns that must have one and that this release of Airflow has besides."""
    values = {}
    for short, table in (("dag", "dag"), ("run", "dag_run"), ("ti", "task_instance")):
        given = _FILL.partition(f"INSERT INTO {table} (")[2].partition(")")[0]
        columns = [
            column
            for column in found.get_columns(table)
            if not column["nullable"] and column["default"] is None and column["name"] not in given
        ]
        names = [column["name"] for column in columns if column["name"] != "id"]
        fillers = [_filler(str(column["type"])) for column in columns if column["name"] != "id"]
        values[f"more_of_{short}"] = "".join(f", {name}" for name in names)
        values[f"values_of_{short}"] = "".join(f", {filler}" for filler in fillers)
    return values


def _filler(column_type: str) -> str:
    if "CHAR" in column_type:
        return "''"
    return {"JSON": "'{}'", "JSONB": "'{}'", "BOOLEAN": "false"}.get(column_type, "0")


def measure() -> dict[str, list[float]]:
    """Milliseconds of each question, asked again and again, in turn."""
    from datetime import datetime, timedelta, timezone

    from airflow.api_fastapi.app import create_app, get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from starlette.testclient import TestClient

    logging.disable(logging.INFO)
    client = TestClient(create_app(apps="core"))
    viewer = SimpleAuthManagerUser(username="viewer", role="viewer")
    client.cookies.set("_token", get_auth_manager().generate_jwt(viewer))
    cursor = client.get(QUESTIONS[OURS]).json()["next"]
    for _ in range(20):
        cursor = client.get("/runway/api/videos", params={"limit": 200, "cursor": cursor}).json()["next"] or cursor
    week = (datetime.now(timezone.utc) - timedelta(days=7)).strftime("%Y-%m-%dT%H:%M:%SZ")
    figures: dict[str, list[float]] = {name: [] for name in QUESTIONS}
    for turn in range(TIMES + 2):
        for name, question in QUESTIONS.items():
            began = time.perf_counter()
            answer = client.get(question.format(cursor=cursor, week=week))
            took = (time.perf_counter() - began) * 1000
            if answer.status_code != 200:
                print(f"{name}: {answer.status_code} {answer.text[:300]}", file=sys.stderr)
                raise SystemExit(1)
            if turn > 1:  # the first ones load what is loaded once
                figures[name].append(took)
    assert len(client.get(QUESTIONS[OURS]).json()["videos"]) == 50
    return figures


def as_table(figures: dict[str, list[float]]) -> str:
    """The figures, for people."""
    rows = [f"| {name} | {statistics.median(each):.0f} | {max(each):.0f} |" for name, each in figures.items()]
    return "\n".join([f"| median and longest of {TIMES} answers | ms | ms |", "|---|---:|---:|", *rows])


if __name__ == "__main__":
    raise SystemExit(main())
