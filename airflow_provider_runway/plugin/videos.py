"""The endpoints that tell of videos and accounts."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Annotated, Any, TypeGuard, get_args

from airflow.api_fastapi.common.db.common import SessionDep
from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Response
from pydantic import AfterValidator
from starlette.responses import JSONResponse

from airflow_provider_runway.kie.errors import ConnectionSettingsError, RunwayError
from airflow_provider_runway.kie.kinds import Kind
from airflow_provider_runway.plugin.access import EDITS_TASKS, READS_VIDEOS, ReadableDags, may_read_connection
from airflow_provider_runway.plugin.accounts import balances, client_of, connection_ids
from airflow_provider_runway.plugin.cards import card_of, is_worth_a_card, media_path
from airflow_provider_runway.plugin.listing import Cursor, Filters, Row, State, page_of_videos
from airflow_provider_runway.plugin.seen import look
from airflow_provider_runway.plugin.stored_files import find, media_roots
from airflow_provider_runway.plugin.totals import USUAL_RANGE, kept_totals
from airflow_provider_runway.results import to_iso

router = APIRouter(prefix="/api")
# For so long a link lives that KIE gives for the asking.
_RENEWED = timedelta(minutes=20)
_NO_ACCOUNT = "Connection {!r} of this task leads to no account that the API server can ask."


def _in_utc(moment: datetime) -> datetime:
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    except OverflowError:
        raise ValueError("is no moment of this calendar") from None


Text = Annotated[str | None, Query(max_length=500, pattern=r"^[^\x00]*$")]
Moment = Annotated[Annotated[datetime, AfterValidator(_in_utc)] | None, Query()]
Name = Annotated[str, Path(max_length=500, pattern=r"^[^\x00]*$")]
Index = Annotated[int, Path(ge=-1, lt=2**31)]


@router.get("/videos", dependencies=READS_VIDEOS)
def list_videos(  # noqa: PLR0917 - FastAPI calls it by name
    request: Request,
    session: SessionDep,
    dags: ReadableDags,
    dag_id: Text = None,
    run_id: Text = None,
    task_id: Text = None,
    map_index: Annotated[int | None, Query(ge=-1, lt=2**31)] = None,
    state: Annotated[State | None, Query()] = None,
    model: Text = None,
    since: Moment = None,
    until: Moment = None,
    q: Text = None,
    ended_since: Moment = None,
    cursor: Text = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """A page of videos of the DAGs that the viewer may read, the newest first."""
    filters = Filters(
        dag_id=dag_id or None,
        run_id=run_id or None,
        task_id=task_id or None,
        map_index=map_index,
        state=state,
        model=model or None,
        since=since,
        until=until,
        q=q or None,
        ended_since=ended_since,
    )
    try:
        begin = Cursor.decode(cursor) if cursor else None
    except ValueError:
        raise HTTPException(400, "This page of the list cannot be found: reload the list.") from None
    rows, following = page_of_videos(session, dags, filters, begin, limit)
    now, mount, roots = datetime.now(timezone.utc), request.scope.get("root_path", ""), media_roots()

    def media_url(row: Row, which: str, place: str) -> str | None:
        return f"{mount}/{media_path(row, which)}" if find(place, roots) else None

    seen = look(session, dags, rows)
    cards = [card_of(row, now, media_url, seen) for row in rows if is_worth_a_card(row)]
    back_to = filters.earliest and to_iso(filters.earliest)
    # Made at once: to check what is in each of them takes FastAPI longer than to find them.
    return JSONResponse({"videos": cards, "next": following and following.encode(), "since": back_to})


@router.get("/totals", dependencies=READS_VIDEOS)
def count_videos(
    session: SessionDep, dags: ReadableDags, dag_id: Text = None, since: Moment = None, until: Moment = None
) -> dict[str, Any]:
    """Videos, failures and money by day and DAG, of the last 30 days if nobody says; and how much waits."""
    try:
        since = since or (until or datetime.now(timezone.utc)) - USUAL_RANGE
    except OverflowError:
        raise HTTPException(422, "There is nothing before that.") from None
    return kept_totals(session, dags, since, until, dag_id or None)


@router.get("/balances")
def ask_for_balances(session: SessionDep, user: GetUserDep) -> list[dict[str, Any]]:
    """What is left of the accounts whose connections the viewer may read."""
    conn_ids = connection_ids(session, lambda conn_id: may_read_connection(user, conn_id))
    session.close()  # KIE may take its time
    return balances(conn_ids)


def _is_kind(text: str) -> TypeGuard[Kind]:
    """Whether this is a kind of KIE tasks."""
    return text in get_args(Kind)


def _is_json(request: Request) -> None:
    """Refuse what a form on another site could send."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(415, "Send it as application/json.")


@router.post(
    "/videos/{dag_id}/{run_id}/{task_id}/{map_index}/link",
    dependencies=[*READS_VIDEOS, *EDITS_TASKS, Depends(_is_json)],
)
def renew_link(  # noqa: PLR0917 - FastAPI calls it by name
    session: SessionDep,
    user: GetUserDep,
    dags: ReadableDags,
    dag_id: Name,
    run_id: Name,
    task_id: Name,
    map_index: Index,
) -> dict[str, Any]:
    """Another link to a finished video, where the one at hand has died. Free of charge.

    KIE alone is asked, at the address of the task's connection; the link that died is only named to it.
    """
    filters = Filters(dag_id=dag_id, run_id=run_id, task_id=task_id, map_index=map_index)
    rows, _ = page_of_videos(session, {dag_id} & dags, filters, None, 1)
    session.close()
    result, said = (rows[0].result, rows[0].runway) if rows else ({}, {})
    told = (result.get("task_id"), result.get("video_url"), said.get("conn_id"), result.get("kind"))
    task, dead, conn_id, kind = map(str, told)
    if not all(isinstance(each, str) and each.isprintable() for each in told) or not _is_kind(kind):
        raise HTTPException(404, "This task has made no video.")
    try:
        with client_of(conn_id) as client:
            renewed = client.renew_link(task, dead, kind)
    except ConnectionSettingsError as error:
        # The task has said which connection: whoever may not read it learns nothing of it.
        is_told = may_read_connection(user, conn_id)
        raise HTTPException(502, str(error) if is_told else _NO_ACCOUNT.format(conn_id)) from None
    except RunwayError as error:
        raise HTTPException(502, str(error)) from None
    return {"video_url": renewed, "expires_at": to_iso(datetime.now(timezone.utc) + _RENEWED)}
