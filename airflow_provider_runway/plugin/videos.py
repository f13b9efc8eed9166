"""The endpoints that list videos."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Annotated, Any

from airflow.api_fastapi.common.db.common import SessionDep
from fastapi import APIRouter, HTTPException, Query, Request
from pydantic import AfterValidator

from airflow_provider_runway.plugin.access import READS_VIDEOS, ReadableDags
from airflow_provider_runway.plugin.cards import card_of, is_worth_a_card, media_path
from airflow_provider_runway.plugin.listing import Cursor, Filters, Row, State, page_of_videos

router = APIRouter(prefix="/api", dependencies=READS_VIDEOS)


def _in_utc(moment: datetime) -> datetime:
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    except OverflowError:
        raise ValueError("is no moment of this calendar") from None


Text = Annotated[str | None, Query(max_length=500, pattern=r"^[^\x00]*$")]
Moment = Annotated[Annotated[datetime, AfterValidator(_in_utc)] | None, Query()]


@router.get("/videos")
def videos(  # noqa: PLR0917 - FastAPI calls it by name
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
    cursor: Text = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, Any]:
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
    )
    try:
        begin = Cursor.decode(cursor) if cursor else None
    except ValueError:
        raise HTTPException(400, "This page of the list cannot be found: reload the list.") from None
    rows, following = page_of_videos(session, dags, filters, begin, limit)
    now, mount = datetime.now(timezone.utc), request.scope.get("root_path", "")

    def media_url(row: Row, which: str, place: str) -> str | None:
        return f"{mount}/{media_path(row, which)}" if place.startswith(()) else None

    cards = [card_of(row, now, media_url) for row in rows if is_worth_a_card(row)]
    return {"videos": cards, "next": following and following.encode(), "since": filters.earliest}
