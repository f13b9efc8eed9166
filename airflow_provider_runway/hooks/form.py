"""The form of a connection: what Airflow reads of it as metadata and, before 3.2, asks the hook for."""

from __future__ import annotations

from typing import Any

CONNECTION_TYPE: dict[str, Any] = {
    "connection-type": "runway",
    "hook-class-name": "airflow_provider_runway.hooks.runway.RunwayHook",
    "hook-name": "Runway (KIE.AI)",
    "ui-field-behaviour": {
        "hidden-fields": ["login"],
        "relabeling": {"password": "API key", "host": "Base URL"},
        "placeholders": {
            "password": "from https://kie.ai/api-key",
            "host": "https://api.kie.ai",
            "schema": "https (only if the base URL has no scheme)",
            "port": "443 (fill it in to use Test)",
        },
    },
    "conn-fields": {
        "api": {
            "label": "API",
            "description": "runway: the dedicated endpoints; jobs: the unified ones (createTask). Both make the same.",
            "schema": {"type": "string", "enum": ["runway", "jobs"], "default": "runway"},
        },
        "timeout": {
            "label": "Timeout (s)",
            "description": "Seconds to connect, and as many for a whole answer. Not the time to make a video.",
            "schema": {"type": ["number", "null"], "default": 30, "minimum": 1, "maximum": 3600},
        },
        "credit_floor": {
            "label": "Credit floor",
            "description": "A submission that would take the balance below this many credits is refused unsent.",
            "schema": {"type": ["number", "null"], "minimum": 0},
        },
        "daily_credit_limit": {
            "label": "Daily credit limit",
            "description": (
                "Credits that a day (in UTC) may cost: a submission beyond is refused unsent. Needs a records folder. "
                "Left empty, that of [runway] daily_credit_limit."
            ),
            "schema": {"type": ["number", "null"], "exclusiveMinimum": 0},
        },
        "submission_limit": {
            "label": "Submissions in 10 s",
            "description": "What KIE.AI allows the account; it raises the usual 20 on request.",
            "schema": {"type": ["integer", "null"], "default": 20, "minimum": 1, "maximum": 10000},
        },
        "records": {
            "label": "Records",
            "description": (
                "A folder for records of submissions, such as s3://aws_default@bucket/records. Left empty, that of "
                "[runway] records."
            ),
            "schema": {"type": ["string", "null"]},
        },
        "callback_base_url": {
            "label": "Callback base URL",
            "description": (
                "Where KIE.AI reaches Airflow's API server, such as https://airflow.example.com. Left empty, that of "
                "[runway] callback_base_url."
            ),
            "schema": {"type": ["string", "null"]},
        },
        "webhook_secret": {
            "label": "Webhook secret",
            "description": "The account's webhook key, from https://kie.ai/settings: callbacks must be signed.",
            "schema": {"type": ["string", "null"], "format": "password"},
        },
        "upload_url": {
            "label": "Upload URL",
            "description": (
                "Where files are uploaded to; the API key is sent there too. Left empty, https://kieai.redpandaai.co, "
                "if the base URL is KIE.AI's; needed for uploads if it is another."
            ),
            "schema": {"type": ["string", "null"]},
        },
    },
}


def get_ui_field_behaviour() -> dict[str, Any]:
    """The behaviour of the standard fields, as Airflow 3.1 asks a hook for it."""
    return {name.replace("-", "_"): value for name, value in CONNECTION_TYPE["ui-field-behaviour"].items()}


def get_connection_form_widgets() -> dict[str, Any]:
    """The fields of the extra, as Airflow 3.1 asks a hook for them: fields of WTForms, which it reads for its form."""
    from wtforms import IntegerField, StringField
    from wtforms.validators import Optional, any_of

    def field(about: dict[str, Any]) -> Any:
        schema = about["schema"]
        is_number = {"integer", "number"} & {*([schema["type"]] if isinstance(schema["type"], str) else schema["type"])}
        return (IntegerField if is_number else StringField)(
            about["label"],
            description=about["description"],
            default=schema.get("default"),
            validators=[Optional(), *([any_of(schema["enum"])] if "enum" in schema else [])],
        )

    return {name: field(about) for name, about in CONNECTION_TYPE["conn-fields"].items()}
