"""What to do about an error, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping

from airflow_provider_runway.kie import errors
from airflow_provider_runway.kie.errors import ServiceError
from airflow_provider_runway.kie.web_pages import page

_AFTER_REFUSAL: Mapping[type[ServiceError], str] = {
    errors.BadRequestError: "Compare extra_fields, and the host of the connection, with KIE.AI's documentation",
    errors.AuthenticationError: "Correct the API key of the connection",
    errors.InsufficientCreditsError: "Top up the account, and clear the task",
    errors.PermissionDeniedError: "Look at the key's list of allowed addresses, and at proxies",
    errors.NotFoundError: "Correct the host of the connection",
    errors.RejectedError: "Change the request as KIE.AI says",
    errors.RateLimitedError: "The next try submits it",
    errors.QuotaExceededError: "Raise the key's own cap at KIE.AI, and clear the task",
    errors.InputUnreachableError: "Make the URL of the image or video reachable from the internet",
    errors.MaintenanceError: "The next try submits it",
    errors.FeatureDisabledError: "Ask KIE.AI",
    errors.ServerError: (
        "The next try submits it; if that fails too, look at what KIE.AI said, as some wrong fields end so"
    ),
}


def after_refusal(error: ServiceError) -> str:
    """What follows from a refusal that proves that no video was made: what is paid, what to do, where to read on."""
    advice = next(
        (text for kind, text in _AFTER_REFUSAL.items() if isinstance(error, kind)), "Look at what KIE.AI said"
    )
    return f"Nothing was paid. {advice}. See {page('errors.md#kieai-refuses')}"
