"""What can be asked of KIE.AI: immutable requests that are checked before anything is sent.

The rules are KIE's: https://docs.kie.ai, pages "Generate AI video", "Extend AI video" and "Generate Aleph video".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_runway.kie import rules
from airflow_provider_runway.kie.errors import InvalidRequestError


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateRequest:
    """A new video from text, or from text and an image.

    :param prompt: What happens in the video, 1 to 1800 characters.
    :param image_url: http(s) URL of a picture to start from (JPG or PNG up to 10 MB), or the address of a file, which
        has to be uploaded before it can be submitted; ``None`` for text alone.
    :param duration: Seconds of video, 5 or 10. Ten seconds exist in 720p only.
    :param quality: ``"720p"`` or ``"1080p"``.
    :param aspect_ratio: One of 16:9, 4:3, 1:1, 3:4, 9:16. Needed without an image; with one, the image decides.
    :param watermark: Text at the bottom right; ``None`` for none.
    :param callback_url: http(s) URL that KIE posts to when the task has ended.
    :param extra_fields: Further fields of the request body, sent as they are.
    :raises InvalidRequestError: If a field breaks a rule.
    """

    prompt: str
    image_url: str | None = None
    duration: int = 5
    quality: str = "720p"
    aspect_ratio: str | None = None
    watermark: str | None = None
    callback_url: str | None = None
    extra_fields: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rules.check_prompt(self.prompt)
        rules.check_source("image_url", self.image_url)
        rules.check_duration(self.duration)
        rules.check_quality(self.quality)
        rules.check_duration_with_quality(self.duration, self.quality)
        rules.check_aspect_ratio(self.aspect_ratio)
        rules.check_aspect_ratio_is_known(self.aspect_ratio, self.image_url)
        rules.check_text("watermark", self.watermark)
        rules.check_url("callback_url", self.callback_url)
        object.__setattr__(self, "extra_fields", rules.plain_fields("extra_fields", self.extra_fields))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendRequest:
    """A longer video out of one made before. It becomes a task of its own; the aspect ratio is inherited.

    :param task_id: The KIE task of the video to extend, which must have succeeded.
    :param prompt: How the clip goes on, 1 to 1800 characters.
    :param quality: ``"720p"`` or ``"1080p"``.
    :param watermark: Text at the bottom right; ``None`` for none.
    :param callback_url: http(s) URL that KIE posts to when the task has ended.
    :param extra_fields: Further fields of the request body, sent as they are.
    :raises InvalidRequestError: If a field breaks a rule.
    """

    task_id: str
    prompt: str
    quality: str = "720p"
    watermark: str | None = None
    callback_url: str | None = None
    extra_fields: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rules.check_task_id("task_id", self.task_id)
        rules.check_prompt(self.prompt)
        rules.check_quality(self.quality)
        rules.check_text("watermark", self.watermark)
        rules.check_url("callback_url", self.callback_url)
        object.__setattr__(self, "extra_fields", rules.plain_fields("extra_fields", self.extra_fields))


@dataclass(frozen=True, slots=True, kw_only=True)
class AlephRequest:
    """A video made out of another one by Aleph. It becomes a task of its own, of kind ``"aleph"``.

    :param prompt: What changes; KIE names no longest length.
    :param video_url: http(s) URL of the video to change (up to 10 MB), or the address of a file, which has to be
        uploaded before it can be submitted. Aleph works on its first 5 seconds.
    :param aspect_ratio: One of 16:9, 9:16, 4:3, 3:4, 1:1, 21:9; ``None`` leaves it to Aleph.
    :param seed: A whole number; the same one makes for similar results.
    :param reference_image_url: The same for a picture whose style or content is taken up.
    :param watermark: Text at the bottom right, 1 to 20 characters; ``None`` for none.
    :param upload_cn: Whether KIE keeps the result in China (Alibaba OSS) rather than elsewhere.
    :param callback_url: http(s) URL that KIE posts to when the task has ended.
    :param extra_fields: Further fields of the request body, sent as they are.
    :raises InvalidRequestError: If a field breaks a rule.
    """

    prompt: str
    video_url: str
    aspect_ratio: str | None = None
    seed: int | None = None
    reference_image_url: str | None = None
    watermark: str | None = None
    upload_cn: bool = False
    callback_url: str | None = None
    extra_fields: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rules.check_aleph_prompt(self.prompt)
        rules.check_needed_source("video_url", self.video_url)
        rules.check_aleph_aspect_ratio(self.aspect_ratio)
        rules.check_seed(self.seed)
        rules.check_source("reference_image_url", self.reference_image_url)
        rules.check_aleph_watermark(self.watermark)
        rules.check_flag("upload_cn", self.upload_cn)
        rules.check_url("callback_url", self.callback_url)
        object.__setattr__(self, "extra_fields", rules.plain_fields("extra_fields", self.extra_fields))


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """Work for any model of KIE's market, through the unified API. It becomes a task of kind ``"job"``.

    :param model: KIE's name of the model, such as ``"kling-2.6/text-to-video"``.
    :param input: The model's own fields, as https://docs.kie.ai has them. KIE judges them.
    :param callback_url: http(s) URL that KIE posts to when the task has ended.
    :param extra_fields: Further fields beside ``model`` and ``input``, sent as they are.
    :raises InvalidRequestError: If a field breaks a rule.
    """

    model: str
    input: Mapping[str, Any]
    callback_url: str | None = None
    extra_fields: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rules.check_model(self.model)
        object.__setattr__(self, "input", rules.plain_fields("input", self.input))
        if self.input.get("prompt", "") is None:
            raise InvalidRequestError("input['prompt']", None, "must not be None: leave it out, if there is none")
        rules.check_url("callback_url", self.callback_url)
        object.__setattr__(self, "extra_fields", rules.plain_fields("extra_fields", self.extra_fields))

    @property
    def prompt(self) -> str:
        """The prompt, where the model's fields have one."""
        prompt = self.input.get("prompt")
        return prompt if isinstance(prompt, str) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRequest:
    """Work for one of KIE's dedicated endpoints other than Runway's: Veo, 4o Image, Flux Kontext, Suno.

    :param endpoint: Its path behind ``/api/v1/``, such as ``"veo/generate"``.
    :param body: The fields that it takes, as https://docs.kie.ai has them. KIE judges them.
    :param callback_url: http(s) URL that KIE posts to when the task has ended.
    :param extra_fields: Further fields of the body, sent as they are.
    :raises InvalidRequestError: If a field breaks a rule.
    """

    endpoint: str
    body: Mapping[str, Any]
    callback_url: str | None = None
    extra_fields: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rules.check_text("endpoint", self.endpoint)
        object.__setattr__(self, "body", rules.plain_fields("body", self.body))
        rules.check_url("callback_url", self.callback_url)
        object.__setattr__(self, "extra_fields", rules.plain_fields("extra_fields", self.extra_fields))
        for name, fields in (("body", self.body), ("extra_fields", self.extra_fields)):
            rules.check_no_callback(name, fields)

    @property
    def fields(self) -> dict[str, Any]:
        """All fields but the callback URL."""
        return {**self.body, **self.extra_fields}

    @property
    def prompt(self) -> str:
        """The prompt, where the endpoint takes one."""
        prompt = self.body.get("prompt")
        return prompt if isinstance(prompt, str) else ""


Request = GenerateRequest | ExtendRequest | AlephRequest | JobRequest | TaskRequest
