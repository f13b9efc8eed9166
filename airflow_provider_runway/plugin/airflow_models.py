"""Where Airflow keeps what the page shows, version by version: the one place that knows its tables.

Up to Airflow 3.3 an XCom has the coordinates of its task instance. From 3.4 on it belongs to one try (``xcom_v2``), a
task instance has a region besides its index, and what was pushed before the upgrade is in ``xcom_v1``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from airflow.models.taskinstance import TaskInstance
from sqlalchemy import JSON, Text, and_, case, cast, func, type_coerce
from sqlalchemy.dialects import postgresql

from airflow_provider_runway.utils.versions import airflow_version

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlalchemy.orm import Session

_FIRST_WITH_REGIONS = (3, 4)
_JSON = JSON().with_variant(postgresql.JSONB(), "postgresql")
# So many characters of JSON are read of an XCom: what a task has pushed may be of any size and depth.
_LONGEST = 200_000
_COORDINATES = ("dag_id", "task_id", "run_id", "map_index")


def with_xcom(select: Select[Any], ti: Any, key: str) -> tuple[Select[Any], Any]:
    """Join an XCom to a query of task instances.

    :param select: The query.
    :param ti: The task instances in it: the model, or a subquery with the columns of :data:`COLUMNS`.
    :param key: The XCom's key.
    :return: The query, and the XCom's value as JSON; null where there is none.
    """
    if airflow_version() >= _FIRST_WITH_REGIONS:
        return _with_xcom_of_a_try(select, ti, key)
    from airflow.models.xcom import XComModel

    xcom = _alias(XComModel)
    same = [xcom.c[name] == getattr(ti, name) for name in _COORDINATES]
    return select.outerjoin(xcom, and_(*same, xcom.c.key == key)), xcom.c.value


def _with_xcom_of_a_try(select: Select[Any], ti: Any, key: str) -> tuple[Select[Any], Any]:
    from airflow.models import taskinstance, xcom

    models: Any = xcom
    new, old = _alias(models.XComModelV2), _alias(models.XComModelV1)
    owner = _alias(getattr(taskinstance, "LegacyTaskDataOwner"))  # noqa: B009 - earlier versions have none
    same = [old.c[name] == owner.c[name] for name in _COORDINATES]
    select = (
        select.outerjoin(new, and_(new.c.task_instance_id == ti.id, new.c.key == key))
        .outerjoin(owner, owner.c.task_instance_id == ti.id)
        .outerjoin(old, and_(*same, old.c.key == key))
    )
    return select, func.coalesce(new.c.value, old.c.value, type_=_JSON)


def _alias(model: Any) -> Any:
    """A model's table under another name; one of the model itself takes longer to make than its query."""
    return model.__table__.alias()


def as_read(value: Any) -> Any:
    """An XCom as the text of its JSON, to be read with care; null where there is none, or one too long to be ours.

    :param value: The XCom's value, of :func:`with_xcom`.
    """
    text = cast(value, Text)
    return case((func.length(text) <= _LONGEST, text))


def text_in(session: Session, value: Any, name: str) -> Any:
    """A field of an XCom that is an object, as a text; null where there is none.

    :param session: A database session. Of all databases SQLite alone stores what is no JSON, such as ``NaN``.
    :param value: The XCom's value, of :func:`with_xcom`.
    :param name: The field.
    """
    if session.get_bind().dialect.name == "sqlite":
        value = type_coerce(case((func.json_valid(value) == 1, value)), _JSON)
    return value[name].as_string()


# What is read of a task instance. From 3.4 on, `map_index` is another name of its `region_index`.
COLUMNS = tuple(
    getattr(TaskInstance, name).label(name)
    for name in (
        *("id", "dag_id", "run_id", "task_id", "map_index", "try_number"),
        *("operator", "state", "start_date", "end_date"),
    )
)


def as_id(text: str) -> Any:
    """The id of a task instance, as its column wants it: a text up to Airflow 3.1, a UUID since.

    :raises ValueError: If it is none.
    """
    uuid = UUID(text)
    return str(uuid) if airflow_version() < (3, 2) else uuid
