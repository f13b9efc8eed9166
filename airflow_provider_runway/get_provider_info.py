"""What Airflow reads of this provider without importing any of it."""

from __future__ import annotations

from typing import Any

from airflow_provider_runway.hooks.form import CONNECTION_TYPE

_INTEGRATION = "Runway at KIE.AI"


def get_provider_info() -> dict[str, Any]:
    """Return the provider's metadata, in the form of Airflow's ``provider_info.schema.json``."""
    return {
        "package-name": "airflow-provider-runway",
        "name": _INTEGRATION,
        "description": "Runway video generation at `KIE.AI <https://kie.ai>`__.",
        "integrations": [
            {
                "integration-name": _INTEGRATION,
                "external-doc-url": "https://docs.kie.ai",
                "tags": ["service"],
            },
            {
                "integration-name": "HTTP service that publishes",
                "external-doc-url": "https://airflow.apache.org/docs/apache-airflow-providers-http/",
                "tags": ["protocol"],
            },
        ],
        "hooks": [_modules("airflow_provider_runway.hooks.runway")],
        "operators": [
            _modules(
                "airflow_provider_runway.operators.runway",
                "airflow_provider_runway.operators.compose",
                "airflow_provider_runway.operators.frame",
                "airflow_provider_runway.operators.kie_job",
                "airflow_provider_runway.operators.kie_task",
                "airflow_provider_runway.operators.upload",
            )
        ],
        "sensors": [_modules("airflow_provider_runway.sensors.runway")],
        "triggers": [_modules("airflow_provider_runway.triggers.admission", "airflow_provider_runway.triggers.runway")],
        "transfers": [
            {
                "source-integration-name": _INTEGRATION,
                "target-integration-name": "Object storage",
                "python-module": "airflow_provider_runway.transfers.runway_to_object_storage",
            },
            {
                "source-integration-name": _INTEGRATION,
                "target-integration-name": "HTTP service that publishes",
                "python-module": "airflow_provider_runway.transfers.video_to_http",
            },
        ],
        "task-decorators": [
            {"name": "runway", "class-name": "airflow_provider_runway.decorators.runway.runway_task"},
        ],
        "extra-links": [
            "airflow_provider_runway.links.runway.RunwayVideoLink",
            "airflow_provider_runway.links.runway.VideoCardLink",
            "airflow_provider_runway.links.runway.KieLogsLink",
        ],
        "cli": ["airflow_provider_runway.cli.definition.get_runway_cli_commands"],
        "connection-types": [CONNECTION_TYPE],
        "config": {"runway": _CONFIGURATION},
    }


def _modules(*names: str) -> dict[str, Any]:
    return {"integration-name": _INTEGRATION, "python-modules": list(names)}


_CONFIGURATION: dict[str, Any] = {
    "description": "Settings of the Runway provider.",
    "options": {
        "prices": {
            "description": (
                "Credits a video costs, as a JSON object: by the id of a model of KIE.AI's market, or in place of the "
                "built-in prices of the same names: "
                "generate-5s-720p, generate-10s-720p, generate-5s-1080p, extend-720p, extend-1080p, aleph, and those "
                "of other models, such as kling-3.0/video:pro, which the page of prices lists."
            ),
            "version_added": "0.1.0",
            "type": "string",
            "example": '{"extend-720p": 15}',
            "default": "",
        },
        "largest_file": {
            "description": (
                "Bytes that a file to be stored may have at most. A media host that sends more, or without end, is "
                "not listened to further; the video stays paid and at KIE.AI."
            ),
            "version_added": "1.0.0",
            "type": "integer",
            "example": "20000000000",
            "default": "5000000000",
        },
        "upload_roots": {
            "description": (
                "Folders of the worker's machine, with commas between them. Where this is set, only local files below "
                "them are uploaded, wherever symbolic links may lead. Not set, any file that the worker may read."
            ),
            "version_added": "1.0.0",
            "type": "string",
            "example": "/srv/pictures,/srv/videos",
            "default": "",
        },
        "records": {
            "description": (
                "A folder in which records of submissions are kept, so that a retry finds them on any version of "
                "Airflow: on a disk that all workers share, or in object storage. A connection may name another. Not "
                "set, they are kept in Airflow's task state store, from Airflow 3.3 on."
            ),
            "version_added": "1.0.0",
            "type": "string",
            "example": "s3://aws_default@bucket/records",
            "default": "",
        },
        "callback_base_url": {
            "description": (
                "Where KIE.AI reaches Airflow's API server from outside, with the path of its base URL: KIE.AI calls "
                "there when a video is ready. A connection may name another. Not set, videos are polled for alone."
            ),
            "version_added": "1.0.0",
            "type": "string",
            "example": "https://airflow.example.com",
            "default": "",
        },
        "daily_credit_limit": {
            "description": (
                "Credits that a day (in UTC) may cost each account. A submission that would cost more is refused, "
                "before anything is sent. What was spent is written in the records folder, which has to be set. A "
                "connection may name another limit. Not set, there is none."
            ),
            "version_added": "1.0.0",
            "type": "float",
            "example": "2000",
            "default": "",
        },
        "media_roots": {
            "description": (
                'Folders, with commas between them, below which the page "Videos" plays what tasks have stored: '
                "absolute paths of the API server's machine, or URIs of object stores. Where a file was stored is said "
                "by whoever writes DAGs, and whoever may read such a DAG may see what lies below. Not set, no stored "
                "file is played, and KIE.AI's own links are, while they live."
            ),
            "version_added": "1.0.0",
            "type": "string",
            "example": "/srv/videos,s3://aws_default@bucket/videos",
            "default": "",
        },
        "shortest_deferral": {
            "description": (
                "Seconds that a task which waits in the triggerer stays there at least, on Airflow before 3.4, and "
                "that a sensor in reschedule mode pauses at least, on any. One that comes back before the scheduler "
                "has noted that its process has ended is failed by it. Shorter waits stay in the worker. 0 to 600."
            ),
            "version_added": "1.0.0",
            "type": "float",
            "example": "5",
            "default": "30",
        },
    },
}
