"""Making one film of several clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypedDict, cast

from airflow.sdk import BaseOperator

from airflow_provider_runway.kie.errors import InvalidRequestError
from airflow_provider_runway.kie.rules import check_flag, check_seconds
from airflow_provider_runway.operators.free_task import FreeTask
from airflow_provider_runway.operators.parameters import check_literal, is_literal, optional
from airflow_provider_runway.operators.paths import address, check_place
from airflow_provider_runway.operators.templating import RenderedTexts

if TYPE_CHECKING:
    from os import PathLike

    from airflow.providers.openlineage.extractors import OperatorLineage
    from airflow.sdk import Context, ObjectStoragePath

    from airflow_provider_runway.film.compose import Composer

_SUFFIXES = (".mp4", ".m4v", ".mov")


class FilmResult(TypedDict):
    """What the operator returns.

    :param path: The whole address of the film.
    :param duration: Seconds.
    :param width: Pixels.
    :param height: Pixels.
    :param size: Bytes.
    :param sha256: Checksum in hexadecimal digits.
    :param last_frame: The address of its last picture, for the ``image_url`` of a shot that goes on from there.
    :param thumbnail: The address of a picture to show it by.
    """

    path: str
    duration: float
    width: int
    height: int
    size: int
    sha256: str
    last_frame: str
    thumbnail: str
    schema_version: int


class VideoComposeOperator(FreeTask, RenderedTexts, BaseOperator):
    """Make one film of several clips, with ffmpeg. Pays nothing; a retry that finds the finished film returns it.

    Clips that are alike are joined without being encoded anew, where nothing else is asked for.

    :param clips: One or more, in their order: results of tasks (also of a mapped task, as they are), addresses of
        files, links. A file of the worker's machine must lie below ``[runway] media_roots`` or below the folder of
        ``save_to``; that holds for all other files, too. (templated)
    :param save_to: The film's file, ``.mp4`` or ``.mov``: an absolute path, or what Airflow's ``ObjectStoragePath``
        takes. (templated)
    :param size: Width and height, such as ``"1280x720"``. Not given, those of the first clip. (templated)
    :param aspect_ratio: Instead of ``size``, such as ``"9:16"``: with the shorter side of the first clip. (templated)
    :param fit: How clips of another shape are brought to it: ``"pad"`` with black bars, ``"blur"`` with a blurred copy
        behind, ``"crop"`` by cutting off. (templated)
    :param fps: Pictures per second. Not given, those of the first clip. (templated)
    :param transition: ``"cut"``, or the seconds of a crossfade. (templated)
    :param trim: The seconds at which clips begin and end, such as ``(0.5, 4.5)``; one pair for all, or one for each.
        (templated)
    :param audio: The voice-over: one for the whole film, or a list with one, or ``None``, for each clip. A clip stays
        on its last picture until its voice-over has ended. (templated)
    :param music: What lies under the whole film, again and again if it is shorter, and becomes quiet under the
        voice-over, or under the clips' own sound. Or a mapping of ``source`` and ``volume`` (1 for as it is; 0.5).
        (templated)
    :param loudness: LUFS (EBU R128) that the sound is brought to; ``None`` to leave it as it is. (templated)
    :param subtitles: SubRip, WebVTT, or lyrics with times: a file, its text, a list of mappings with ``start``, ``end``
        (seconds) and ``text``, or KIE.AI's ``alignedWords``. Or a list of texts, one, or ``None``, for each clip, which
        is seen as long as that clip. (templated)
    :param burn_subtitles: Whether they become part of the pictures; otherwise they are a track that players show.
    :param subtitle_style: How they look then: a mapping with some of ``font``, ``size`` (of a line, relative to the
        film's height; 0.05), ``color``, ``outline`` (``"#rrggbb"``), ``bold``, ``position`` (``"bottom"``,
        ``"middle"``, ``"top"``). (templated)
    :param overlay: A picture over the film, such as a logo; or a mapping of ``source``, ``position`` (``"top-right"``
        and the like, or ``"center"``), ``opacity`` (0 to 1) and ``width`` (relative to the film's; 0.15). (templated)
    :param overwrite: Whether a file that is there is replaced. Otherwise only a film that this very task has made is.
    :param timeout: The longest that ffmpeg may take; a number is of seconds.
    :param runway_conn_id: The connection, of type ``runway``, that is asked for another link where one has died.
    :return: A small JSON object, also pushed key by key; see :class:`FilmResult`.
    :raises FilmError: If a clip cannot be used, or ffmpeg is missing or fails.
    :raises airflow.exceptions.AirflowFailException: The same, where no retry can help, or another file is there.
    """

    template_fields: Sequence[str] = (
        *("clips", "save_to", "size", "aspect_ratio", "fit", "fps", "transition", "trim", "audio", "music"),
        *("loudness", "subtitles", "subtitle_style", "overlay"),
    )
    result: FilmResult | None = None
    _composer: Composer | None = None

    def __init__(
        self,
        *,
        clips: Any,
        save_to: str | ObjectStoragePath | PathLike[str],
        size: str | Sequence[int] | None = None,
        aspect_ratio: str | None = None,
        fit: str = "pad",
        fps: float | str | None = None,
        transition: float | str = "cut",
        trim: Any = None,
        audio: Any = None,
        music: Any = None,
        loudness: float | str | None = -14.0,
        subtitles: Any = None,
        burn_subtitles: bool = True,
        subtitle_style: Mapping[str, Any] | None = None,
        overlay: Any = None,
        overwrite: bool = False,
        timeout: timedelta | float = timedelta(hours=1),
        runway_conn_id: str = "runway_default",
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("multiple_outputs", True)
        super().__init__(**kwargs)
        self.clips = clips
        self.save_to = save_to
        self.size = size
        self.aspect_ratio = aspect_ratio
        self.fit = fit
        self.fps = fps
        self.transition = transition
        self.trim = trim
        self.audio = audio
        self.music = music
        self.loudness = loudness
        self.subtitles = subtitles
        self.burn_subtitles = burn_subtitles
        self.subtitle_style = subtitle_style
        self.overlay = overlay
        self.overwrite = overwrite
        self.timeout = timedelta(seconds=check_seconds("timeout", timeout))
        self.runway_conn_id = runway_conn_id
        check_literal(check_film, save_to)
        self._check_what_is_known()

    def execute(self, context: Context) -> FilmResult:
        """Make the film."""
        from airflow_provider_runway.film.compose import Composer
        from airflow_provider_runway.film.ffmpeg import find_ffmpeg
        from airflow_provider_runway.film.inputs import allowed_folders
        from airflow_provider_runway.film.marks import fingerprint
        from airflow_provider_runway.film.order import read_order
        from airflow_provider_runway.results import SCHEMA_VERSION
        from airflow_provider_runway.storage.locate import locate
        from airflow_provider_runway.storage.target import storing
        from airflow_provider_runway.utils.asset_events import describe_file
        from airflow_provider_runway.utils.config import read_largest_file, read_media_roots

        ti = context["ti"]
        with self._ending(context):
            save_to = self.needed("save_to")
            check_film(save_to)
            order = read_order(self._values())
            with storing(save_to):
                place = locate(save_to)
            self._composer = Composer(
                order=order,
                place=place,
                maker=fingerprint([ti.dag_id, ti.run_id, ti.task_id, ti.map_index]),
                program=find_ffmpeg(),
                timeout=self.timeout.total_seconds(),
                roots=allowed_folders(read_media_roots(), place),
                hook=lambda: self.hook,
                largest=read_largest_file(),
                overwrite=self.overwrite,
            )
            film = self._composer.compose()
        self.result = cast("FilmResult", {**asdict(film), "schema_version": SCHEMA_VERSION})
        describe_file(context, self.outlets, self.result)
        return self.result

    def on_kill(self) -> None:
        """End ffmpeg with the task."""
        if self._composer is not None:
            self._composer.kill()

    def get_openlineage_facets_on_complete(self, task_instance: object) -> OperatorLineage[Any, Any]:
        """What the film was made of, and where it is; asked for by OpenLineage, where that is installed."""
        del task_instance
        from airflow_provider_runway.utils import openlineage

        order = self._composer.order if self._composer is not None else None
        sources = [source for _, source in order.sources] if order is not None else []
        inputs = openlineage.named(where for source in sources for where in (*source.paths, *source.links)[:1])
        return openlineage.facets(inputs, openlineage.named([self.result["path"]]) if self.result else [])

    def _values(self) -> dict[str, Any]:
        """The parameters; a template that has come to nothing counts as not given."""
        given = {name: optional(getattr(self, name)) for name in self.template_fields}
        given |= {name: given[name] or _DEFAULTS[name] for name in ("fit", "transition")}
        return {**given, "burn_subtitles": self.burn_subtitles}

    def _check_what_is_known(self) -> None:
        """Check the parameters that are final while the DAG is parsed."""
        given = {name: getattr(self, name) for name in self.template_fields if name != "save_to"}
        known = {
            name: value
            for name, value in given.items()
            if _is_final(value) and (name == "clips" or value != _DEFAULTS.get(name))
        }
        if known:
            from airflow_provider_runway.film.order import check_values

            check_values(known)
        check_flag("burn_subtitles", self.burn_subtitles)
        check_flag("overwrite", self.overwrite)


_DEFAULTS = {"fit": "pad", "transition": "cut", "loudness": -14.0}


def _is_final(value: Any) -> bool:
    """Whether a value, and all that it holds, is known while the DAG is parsed."""
    if isinstance(value, Mapping):
        return all(map(_is_final, value.values()))
    if isinstance(value, (list, tuple)):
        return all(map(_is_final, value))
    return is_literal(value)


def check_film(save_to: object) -> None:
    """A path that names a film's file.

    :raises InvalidRequestError: If it is none.
    """
    check_place("save_to", save_to)
    text = str(address(save_to))
    if not text.lower().endswith(_SUFFIXES):
        raise InvalidRequestError(
            "save_to", text, f"must name the film's file, which ends with {' or '.join(_SUFFIXES)}"
        )
