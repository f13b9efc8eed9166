"""Two shots become one film, in two formats, with a voice-over, music, captions and a logo.

Shows that the second shot begins with the last picture of the first (``RunwayFrameOperator``), and how
``VideoComposeOperator`` makes one film of both, wide and upright. The sounds and the logo are files of yours: set the
Airflow Variable ``runway_media`` to their folder, and ``[runway] media_roots`` so that it may be read.

A run costs 24 credits (US$0.12).
"""

from airflow.sdk import DAG

from airflow_provider_runway.operators.compose import VideoComposeOperator
from airflow_provider_runway.operators.frame import RunwayFrameOperator
from airflow_provider_runway.operators.runway import RunwayGenerateOperator

VIDEOS = "{{ var.value.get('runway_videos', 'file:///tmp/runway-videos') }}/{{ dag.dag_id }}/{{ run_id }}"
MEDIA = "{{ var.value.get('runway_media', 'file:///tmp/runway-media') }}"

with DAG("runway_two_formats", schedule=None, tags=["runway"], default_args={"retries": 2}):
    first = RunwayGenerateOperator(
        task_id="first_shot",
        prompt="A fishing boat leaves a harbour at dawn.",
        aspect_ratio="16:9",
        save_to=f"{VIDEOS}/first.mp4",
    )
    last_picture = RunwayFrameOperator(
        task_id="last_picture",
        video=first.output,
        save_to=f"{VIDEOS}/first-last.png",
    )
    second = RunwayGenerateOperator(
        task_id="second_shot",
        image_url=last_picture.output["path"],
        prompt="The boat reaches the open sea and the sun comes up.",
        save_to=f"{VIDEOS}/second.mp4",
    )
    for name, aspect_ratio in (("wide", "16:9"), ("upright", "9:16")):
        VideoComposeOperator(
            task_id=name,
            clips=[first.output, second.output],
            aspect_ratio=aspect_ratio,
            fit="blur",
            transition=0.5,
            audio=f"{MEDIA}/voice.mp3",
            music={"source": f"{MEDIA}/music.mp3", "volume": 0.3},
            subtitles=f"{MEDIA}/captions.srt",
            subtitle_style={"size": 0.06, "position": "bottom"},
            overlay={"source": f"{MEDIA}/logo.png", "position": "top-right", "opacity": 0.8},
            save_to=f"{VIDEOS}/{name}.mp4",
        )
