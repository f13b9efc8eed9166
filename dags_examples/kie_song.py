"""Have Suno write the words of a song, and sing them.

Shows two of Suno's endpoints behind each other: ``lyrics`` makes texts, which are in the ``result`` of the task, and
``generate`` sings the first of them, twice: every request makes two songs. Both are stored as MP3, with their covers,
below the folder in the Airflow Variable ``runway_videos``.

A run costs 12.4 credits (US$0.06): 0.4 for the words, 12 for the two songs.
"""

from airflow.sdk import DAG, Param

from airflow_provider_runway.operators.kie_task import KieTaskOperator

FOLDER = "{{ var.value.get('runway_videos', 'file:///tmp/runway-videos') }}/{{ dag.dag_id }}/"

with DAG(
    "kie_song",
    schedule=None,
    params={"about": Param("the last ferry of the evening", type="string", maxLength=200)},
    tags=["runway"],
    default_args={"retries": 2},
):
    words = KieTaskOperator(task_id="words", endpoint="lyrics", body={"prompt": "{{ params.about }}"})
    song = KieTaskOperator(
        task_id="song",
        endpoint="generate",
        body={
            "customMode": True,
            "instrumental": False,
            "model": "V5",
            "title": "{{ ti.xcom_pull('words', key='result')['data'][0]['title'] }}",
            "style": "indie folk, warm, female voice",
            "prompt": "{{ ti.xcom_pull('words', key='result')['data'][0]['text'] }}",
        },
        save_to=FOLDER,
    )
    words >> song
