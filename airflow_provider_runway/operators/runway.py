"""Operators that make a video: from text, from an image, or out of another video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_runway.kie import rules
from airflow_provider_runway.kie.errors import InvalidRequestError
from airflow_provider_runway.operators.base import RunwayVideoOperator
from airflow_provider_runway.operators.parameters import check_literal, check_source, number, optional
from airflow_provider_runway.operators.paths import address

if TYPE_CHECKING:
    from os import PathLike

    from airflow.sdk import ObjectStoragePath

    from airflow_provider_runway.kie.kinds import Kind
    from airflow_provider_runway.kie.requests import AlephRequest, ExtendRequest, GenerateRequest
    from airflow_provider_runway.operators.video_job import VideoJob

__all__ = ["RunwayAlephOperator", "RunwayExtendOperator", "RunwayGenerateOperator"]


class RunwayOperator(RunwayVideoOperator):
    """What the operators of Runway's own models have in common.

    The further parameters are those of :class:`~airflow_provider_runway.operators.base.RunwayVideoOperator`.

    :param thumbnail: Whether KIE's thumbnail is stored beside the video, under the same name with the picture's
        suffix. If it cannot be had, that is only logged.
    """

    def __init__(self, *, thumbnail: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.thumbnail = thumbnail
        rules.check_flag("thumbnail", thumbnail)
        if thumbnail and self.save_to is None:
            raise InvalidRequestError("thumbnail", thumbnail, "needs save_to: it is stored beside the video")

    def _job(self) -> VideoJob:
        return replace(super()._job(), thumbnail=self.thumbnail)


class RunwayGenerateOperator(RunwayOperator):
    """Make a video from a prompt, or from a prompt and an image, with Runway at KIE.AI.

    The further parameters are those of :class:`RunwayOperator`. Literal values are checked while the DAG is parsed,
    templated ones before anything is sent.

    :param prompt: What happens in the video, 1 to 1800 characters. (templated)
    :param image_url: A picture to start from, JPG or PNG, up to 10 MB: its http(s) URL, or the address of a file such
        as ``s3://conn_id@bucket/fox.png``, which is uploaded when the request is about to be submitted. (templated)
    :param duration: Seconds of video, 5 or 10; 5 if left out. Ten seconds exist in 720p only. (templated)
    :param quality: ``"720p"`` or ``"1080p"``; 720p if left out. (templated)
    :param aspect_ratio: One of 16:9, 4:3, 1:1, 3:4, 9:16. Needed without an image; with one, the image decides.
        (templated)
    :param watermark: Text at the bottom right; none if left out. (templated)
    :return: A small JSON object, also pushed key by key; see :class:`~airflow_provider_runway.results.VideoResult`.
    :raises InvalidRequestError: If a parameter breaks a rule; nothing was sent.
    """

    template_fields: Sequence[str] = (
        "prompt",
        "image_url",
        "duration",
        "quality",
        "aspect_ratio",
        "watermark",
        *RunwayVideoOperator.template_fields,
    )

    def __init__(
        self,
        *,
        prompt: str,
        image_url: str | ObjectStoragePath | PathLike[str] | None = None,
        duration: int | str = 5,
        quality: str = "720p",
        aspect_ratio: str | None = None,
        watermark: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.prompt = prompt
        self.image_url = image_url
        self.duration = duration
        self.quality = quality
        self.aspect_ratio = aspect_ratio
        self.watermark = watermark
        check_literal(rules.check_prompt, prompt)
        check_literal(lambda url: check_source("image_url", url), image_url)
        check_literal(lambda seconds: rules.check_duration(_duration(seconds)), duration)
        check_literal(lambda lines: rules.check_quality(optional(lines, _QUALITY)), quality)
        check_literal(
            lambda seconds, lines: rules.check_duration_with_quality(_duration(seconds), lines), duration, quality
        )
        check_literal(lambda text: rules.check_text("watermark", text), watermark)
        check_literal(lambda ratio: rules.check_aspect_ratio(optional(ratio)), aspect_ratio)
        check_literal(
            lambda ratio, url: rules.check_aspect_ratio_is_known(optional(ratio), optional(url)),
            aspect_ratio,
            image_url,
        )

    @property
    def request_type(self) -> type[GenerateRequest]:
        """The type of the request that it makes."""
        from airflow_provider_runway.kie.requests import GenerateRequest

        return GenerateRequest

    def build_request(self) -> GenerateRequest:
        """The request, out of the parameters after templating."""
        return self.request_type(
            prompt=self.needed("prompt"),
            image_url=self.optional("image_url"),
            duration=_duration(self.duration),
            quality=self.optional("quality", _QUALITY),
            aspect_ratio=self.optional("aspect_ratio"),
            watermark=self.optional("watermark"),
            callback_url=self.optional("callback_url"),
            extra_fields=self.given_fields("extra_fields"),
        )


class RunwayExtendOperator(RunwayOperator):
    """Make a longer video out of one that Runway at KIE.AI has made before.

    The further parameters are those of :class:`RunwayOperator`.

    :param runway_task_id: The KIE task of the video to extend, such as ``generate.output["task_id"]``. (templated)
    :param prompt: How the clip goes on, 1 to 1800 characters. (templated)
    :param quality: ``"720p"`` or ``"1080p"``. KIE's own pages say that a 1080p video cannot be extended. (templated)
    :param watermark: Text at the bottom right; none if left out. (templated)
    :return: A small JSON object, also pushed key by key; see :class:`~airflow_provider_runway.results.VideoResult`.
    :raises InvalidRequestError: If a parameter breaks a rule; nothing was sent.
    """

    template_fields: Sequence[str] = (
        "runway_task_id",
        "prompt",
        "quality",
        "watermark",
        *RunwayVideoOperator.template_fields,
    )

    def __init__(
        self,
        *,
        runway_task_id: str,
        prompt: str,
        quality: str = "720p",
        watermark: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.runway_task_id = runway_task_id
        self.prompt = prompt
        self.quality = quality
        self.watermark = watermark
        check_literal(lambda task_id: rules.check_task_id("runway_task_id", task_id), runway_task_id)
        check_literal(rules.check_prompt, prompt)
        check_literal(lambda lines: rules.check_quality(optional(lines, _QUALITY)), quality)
        check_literal(lambda text: rules.check_text("watermark", text), watermark)

    @property
    def parent_task_id(self) -> str:
        """The task that the new video extends."""
        parent: str = self.text("runway_task_id")
        return parent

    @property
    def request_type(self) -> type[ExtendRequest]:
        """The type of the request that it makes."""
        from airflow_provider_runway.kie.requests import ExtendRequest

        return ExtendRequest

    def build_request(self) -> ExtendRequest:
        """The request, out of the parameters after templating."""
        runway_task_id = self.needed("runway_task_id")
        rules.check_task_id("runway_task_id", runway_task_id)
        return self.request_type(
            task_id=runway_task_id,
            prompt=self.needed("prompt"),
            quality=self.optional("quality", _QUALITY),
            watermark=self.optional("watermark"),
            callback_url=self.optional("callback_url"),
            extra_fields=self.given_fields("extra_fields"),
        )


class RunwayAlephOperator(RunwayOperator):
    """Make a video out of another one with Runway Aleph at KIE.AI: change its style, its light, what is in it.

    The further parameters are those of :class:`RunwayOperator`. Aleph works on the first 5 seconds of the video. To
    wait for its task elsewhere, say ``kind="aleph"``.

    :param prompt: What changes. (templated)
    :param video_url: The video to change, up to 10 MB: its http(s) URL, such as ``generate.output["video_url"]``, or
        the address of a file, which is uploaded when the request is about to be submitted. (templated)
    :param aspect_ratio: One of 16:9, 9:16, 4:3, 3:4, 1:1, 21:9; left to Aleph if left out. (templated)
    :param seed: A whole number; the same one makes for similar results. (templated)
    :param reference_image_url: A picture whose style or content is taken up: its http(s) URL, or the address of a file.
        (templated)
    :param watermark: Text at the bottom right, 1 to 20 characters; none if left out. (templated)
    :param upload_cn: Whether KIE keeps the result in China (Alibaba OSS) rather than elsewhere.
    :return: A small JSON object, also pushed key by key; see :class:`~airflow_provider_runway.results.VideoResult`.
    :raises InvalidRequestError: If a parameter breaks a rule; nothing was sent.
    """

    template_fields: Sequence[str] = (
        "prompt",
        "video_url",
        "aspect_ratio",
        "seed",
        "reference_image_url",
        "watermark",
        *RunwayVideoOperator.template_fields,
    )
    kind: ClassVar[Kind] = "aleph"

    def __init__(
        self,
        *,
        prompt: str,
        video_url: str | ObjectStoragePath | PathLike[str],
        aspect_ratio: str | None = None,
        seed: int | str | None = None,
        reference_image_url: str | ObjectStoragePath | PathLike[str] | None = None,
        watermark: str | None = None,
        upload_cn: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.prompt = prompt
        self.video_url = video_url
        self.aspect_ratio = aspect_ratio
        self.seed = seed
        self.reference_image_url = reference_image_url
        self.watermark = watermark
        self.upload_cn = upload_cn
        check_literal(rules.check_aleph_prompt, prompt)
        check_literal(lambda url: rules.check_needed_source("video_url", address(url)), video_url)
        check_literal(lambda url: check_source("video_url", url), video_url)
        check_literal(lambda ratio: rules.check_aleph_aspect_ratio(optional(ratio)), aspect_ratio)
        check_literal(lambda value: rules.check_seed(number(optional(value))), seed)
        check_literal(lambda url: check_source("reference_image_url", url), reference_image_url)
        check_literal(lambda text: rules.check_aleph_watermark(optional(text)), watermark)
        rules.check_flag("upload_cn", upload_cn)

    @property
    def request_type(self) -> type[AlephRequest]:
        """The type of the request that it makes."""
        from airflow_provider_runway.kie.requests import AlephRequest

        return AlephRequest

    def build_request(self) -> AlephRequest:
        """The request, out of the parameters after templating."""
        return self.request_type(
            prompt=self.needed("prompt"),
            video_url=self.needed("video_url"),
            aspect_ratio=self.optional("aspect_ratio"),
            seed=number(optional(self.seed)),
            reference_image_url=self.optional("reference_image_url"),
            watermark=self.optional("watermark"),
            upload_cn=self.upload_cn,
            callback_url=self.optional("callback_url"),
            extra_fields=self.given_fields("extra_fields"),
        )


_QUALITY = "720p"


def _duration(value: object) -> Any:
    """Seconds as they are sent: 5 where nothing is said."""
    return number(optional(value, min(rules.DURATIONS)))
