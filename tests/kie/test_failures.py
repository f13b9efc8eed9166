from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_runway.kie.failures import FailureReason, failure_reason, useful_resubmissions

# KIE's own texts, from the Runway pages of docs.kie.ai (record detail and callbacks).
NSFW = (
    "Your video creation prompt contains NSFW content, which isn't allowed under our policy. "
    "Kindly revise your prompt and generate again."
)
MODERATION = [
    "Detected inappropriate content, please try replacing the video.",
    "Inappropriate content detected. Please replace the image or video.",
    "Your prompt was caught by our AI moderator.",
    "Your prompt was caught by our AI moderator. Please adjust it and try again!",
    "Your prompt has triggered our AI moderator, please re-enter your prompt",
    NSFW,
]
INPUT = [
    "Your prompt/negative prompt cannot exceed 2048 characters. Please check if your input is too long.",
    "Incorrect image format.",
    "Unsupported width or height. Please adjust the size and try again.",
    "Get image info failed.",
]
CAPACITY = [
    "HD quality free trials complete. Subscribe now to continue creating in high resolution.",
    "Please try again later. You can upgrade to Standard membership to start generating now.",
    "Reached the limit for concurrent generations.",
]
SERVICE = [
    "Upload failed due to network reasons, please re-enter.",
    "Generation failed, please try again later",
]
# Seen in use with other models of the platform.
SEEN_MODERATION = [
    "Content was flagged by the safety system. Try different prompts or inputs.",
    "The input or output was flagged as sensitive. Please try again with different inputs.",
    "Request blocked: The uploaded audio was flagged by Google safety review.",
]
SEEN_MODERATION += ["unsafe image upload", "Lyrics contained copyrighted material", "Unsafe image upload detected.",
                    "The current content could not be processed"]  # fmt: skip
SEEN_INPUT = [
    "Image size exceeds maximum of 10MB",
    "couldn't process the provided image file (code=invalid_image_format)",
    "couldn\u2019t process the provided video file",
    "Only English prompts are supported",
    "Video duration exceeds 10 seconds",
    "Prompt length exceeds the limit",
    "This aspect ratio is not supported",
]
# They may be the input's fault, and were seen to pass when the service was less busy.
SEEN_FETCHES = [
    "Failed to fetch the image. Kindly verify any access limits or restrictions set by you or your provider.",
    "Image fetch failed. Check access settings or use our File Upload API instead.",
    "Unable to fetch the video",
    "Failed to download image",
]
SEEN_TRANSIENT = ["Internal Error", "internal error, please try again later", "the server is busy"]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        *((message, FailureReason.MODERATION) for message in MODERATION + SEEN_MODERATION),
        *((message, FailureReason.INPUT) for message in INPUT + SEEN_INPUT + SEEN_FETCHES),
        *((message, FailureReason.CAPACITY) for message in CAPACITY),
        *((message, FailureReason.SERVICE) for message in SERVICE),
    ],
)
def test_every_documented_message_has_its_reason(message: str, reason: FailureReason) -> None:
    for spelling in (message, message.upper(), message.lower(), message.rstrip(".!")):
        assert failure_reason(spelling) is reason


@pytest.mark.parametrize("message", MODERATION + SEEN_MODERATION + INPUT + SEEN_INPUT)
def test_what_the_prompt_or_the_input_caused_is_not_tried_again(message: str) -> None:
    assert useful_resubmissions(message) == 0


@pytest.mark.parametrize("message", CAPACITY + SERVICE)
def test_what_the_service_caused_is_tried_as_often_as_the_task_says(message: str) -> None:
    assert useful_resubmissions(message) is None


@pytest.mark.parametrize("message", SEEN_TRANSIENT)
def test_what_the_service_seems_to_have_caused_is_tried_again(message: str) -> None:
    assert useful_resubmissions(message) != 0


@pytest.mark.parametrize("message", SEEN_FETCHES)
def test_a_file_that_could_not_be_fetched_is_tried_once_more(message: str) -> None:
    assert useful_resubmissions(message) == 1


@pytest.mark.parametrize(
    "message",
    [
        "Server under moderate load, please wait",
        "could not execute statement: unique constraint violation",
        "The task took too long and was stopped",
        "Too many tasks in the queue",
        "upstream closed the connection",
        "Unknown error",
        "null",
        "400",
    ],
)
def test_a_fault_of_the_service_is_not_mistaken_for_one_of_the_input(message: str) -> None:
    assert useful_resubmissions(message) != 0


@pytest.mark.parametrize(
    "message", ["Prompt has too many characters", "Character limit reached: at most 2048 characters", "Image too large"]
)
def test_a_fault_of_the_input_is_not_mistaken_for_one_of_capacity(message: str) -> None:
    assert failure_reason(message) is FailureReason.INPUT


@pytest.mark.parametrize("message", [None, "", " "])
def test_a_failure_without_a_text_is_unknown_and_tried_once_more(message: str | None) -> None:
    assert failure_reason(message) is FailureReason.UNKNOWN
    assert useful_resubmissions(message) == 1


def test_reasons_read_as_words() -> None:
    assert [str(reason) for reason in FailureReason] == ["moderation", "input", "capacity", "service", "unknown"]


@given(st.text())
def test_any_text_has_a_reason(message: str) -> None:
    assert failure_reason(message) in FailureReason
