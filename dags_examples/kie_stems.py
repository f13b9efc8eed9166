"""Take a song apart: the voice, the instruments, and the song itself as WAV.

Shows what Suno makes of a song that is there. Those endpoints want two ids: that of the task which made the song, and
that of the song, since a task makes two; it stands in the task's ``result``. All files are stored below the folder in
the Airflow Variable ``runway_videos``.

A run costs 22.4 credits (US$0.11): 12 for the song, 10 for its two parts (50 for all twelve, with ``split_stem``), 0.4
for the WAV. The parts are charged again each time they are asked for.
"""

from airflow.sdk import DAG

from airflow_provider_runway.operators.kie_task import KieTaskOperator

FOLDER = "{{ var.value.get('runway_videos', 'file:///tmp/runway-videos') }}/{{ dag.dag_id }}/"

with DAG("kie_stems", schedule=None, tags=["runway"], default_args={"retries": 2}):
    song = KieTaskOperator(
        task_id="song",
        endpoint="generate",
        body={
            "customMode": False,
            "instrumental": False,
            "model": "V5",
            "prompt": "A sea shanty about a lighthouse keeper who learns to dance.",
        },
    )
    first_song = {
        "taskId": "{{ ti.xcom_pull('song', key='task_id') }}",
        "audioId": "{{ ti.xcom_pull('song', key='result')['sunoData'][0]['id'] }}",
    }
    song >> [
        KieTaskOperator(
            task_id="stems",
            endpoint="vocal-removal/generate",
            body={**first_song, "type": "separate_vocal"},
            save_to=FOLDER,
        ),
        KieTaskOperator(task_id="wav", endpoint="wav/generate", body=first_song, save_to=FOLDER),
    ]
