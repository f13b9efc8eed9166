"""Have a voice say a text, and lay it over a video.

Shows a model of speech beside Runway: ``KieJobOperator`` makes the voice, ``RunwayGenerateOperator`` the video, both at
the same time, and ``VideoComposeOperator`` (extra ``film``) one film of the two. The video stays on its last picture
until everything is said.

A run costs 12 credits (US$0.06) for 5 seconds in 720p, and 12 credits for 1000 characters that are said: here 1.
"""

from airflow.sdk import DAG

from airflow_provider_runway.operators.compose import VideoComposeOperator
from airflow_provider_runway.operators.kie_job import KieJobOperator
from airflow_provider_runway.operators.runway import RunwayGenerateOperator

FOLDER = "{{ var.value.get('runway_videos', 'file:///tmp/runway-videos') }}/{{ dag.dag_id }}"

with DAG("kie_voice_over", schedule=None, tags=["runway"], default_args={"retries": 2}):
    voice = KieJobOperator(
        task_id="voice",
        model="elevenlabs/text-to-speech-multilingual-v2",
        input={
            "text": "Every morning at six the harbour wakes, and the first boats go out.",
            "voice": "Rachel",
        },
    )
    video = RunwayGenerateOperator(
        task_id="video",
        prompt="A small harbour at dawn, fishing boats leave one by one, slow pan.",
        aspect_ratio="16:9",
    )
    VideoComposeOperator(
        task_id="film",
        clips=[video.output["video_url"]],
        audio=voice.output["video_url"],
        save_to=f"{FOLDER}/harbour.mp4",
    )
