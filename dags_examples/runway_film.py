"""A film: three shots, spoken, with music, captions and a logo, in two formats, published once a person approves it.

Shows how the parts come together. All shots begin with one picture, so that they fit each other. The Airflow Variable
``runway_logo`` may name a logo; the connection ``poster`` is that of ``runway_social_post.py``. Whoever approves
watches the films on the page *Videos*, if ``[runway] media_roots`` names their folder.

A run costs 53 credits (US$0.27) and the voices; no task may cost more than ``max_credits``.
"""

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG, task

from airflow_provider_runway.operators.compose import VideoComposeOperator
from airflow_provider_runway.operators.kie_job import KieJobOperator
from airflow_provider_runway.operators.kie_task import KieTaskOperator
from airflow_provider_runway.operators.runway import RunwayGenerateOperator
from airflow_provider_runway.transfers.video_to_http import VideoToHttpOperator

FOLDER = "{{ var.value.get('runway_videos', 'file:///tmp/runway-videos') }}/{{ dag.dag_id }}/{{ run_id }}/"
PAGE = "/plugin/runway-videos?dag_id={{ dag.dag_id }}&run_id={{ run_id | urlencode }}&task_id=films"
LOOK = {"prompt": "A lighthouse on a rock, dusk, film grain, teal and orange.", "aspectRatio": "16:9"}
SONG = {"prompt": "Calm strings, slow.", "customMode": False, "instrumental": True, "model": "V5"}
SPEECH = "elevenlabs/text-to-speech-multilingual-v2"

with DAG("runway_film", schedule=None, default_args={"retries": 2, "max_credits": 20}, tags=["runway"]):

    @task
    def storyboard() -> list[dict]:
        return [
            {"shot": "The lamp of a lighthouse turns at dusk.", "voice": "Nobody has lived at the cape for years."},
            {"shot": "Waves break over the rocks below.", "voice": "And yet, every evening, the lamp is lit."},
            {"shot": "A boat turns towards the light.", "voice": "Tonight somebody goes to find out."},
        ]

    shots = storyboard()
    look = KieTaskOperator(task_id="look", endpoint="flux/kontext/generate", body=LOOK)
    clips = RunwayGenerateOperator.partial(task_id="clips", image_url=look.output["video_url"], save_to=FOLDER).expand(
        prompt=shots.map(lambda each: each["shot"])
    )
    voices = KieJobOperator.partial(task_id="voices", model=SPEECH, save_to=FOLDER).expand(
        input=shots.map(lambda each: {"text": each["voice"], "voice": "Rachel"})
    )
    music = KieTaskOperator(task_id="music", endpoint="generate", body=SONG, save_to=FOLDER)
    films = VideoComposeOperator.partial(
        task_id="films",
        clips=clips.output,
        audio=voices.output,
        music=music.output,
        subtitles=shots.map(lambda each: each["voice"]),
        overlay="{{ var.value.get('runway_logo', '') }}",
        fit="blur",
        save_to=FOLDER + "film-{{ ti.map_index }}.mp4",
    ).expand(aspect_ratio=["16:9", "9:16"])
    approve = ApprovalOperator(
        task_id="approve",
        subject="Publish the film of {{ dag_run.run_after.strftime('%d %B %Y') }}?",
        body=f"[Watch it in both formats]({PAGE})"
        " ({{ ti.xcom_pull('films') | map(attribute='path') | join(', ') }})",
    )
    publish = VideoToHttpOperator.partial(
        task_id="publish",
        http_conn_id="poster",
        endpoint="/v1/posts",
        fields={"caption": "The lamp", "external_id": "{{ run_id }} {{ ti.map_index }}"},
        find="/v1/posts?external_id={{ (run_id ~ ' ' ~ ti.map_index) | urlencode }}",
        response_filter=lambda response: response.json()["url"],
    ).expand(video=films.output)
    films >> approve >> publish
