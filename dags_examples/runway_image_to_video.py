"""Bring a picture to life.

Shows image-to-video with everything templated: picture, prompt and length come from the trigger form. The picture
decides the video's shape, so no aspect ratio is given; KIE.AI fetches it, so its URL must be public. ``save_to`` stores
the video; with a slash at its end it is a folder, and the file is called ``<task id>.mp4``. The alias among the outlets
makes an asset of that file, for DAGs that are scheduled on ``AssetAlias("runway_moving_pictures")``.

A run costs 12 credits (US$0.06) for 5 seconds in 720p, 30 credits (US$0.15) for 10.
"""

from airflow.sdk import DAG, AssetAlias, Param

from airflow_provider_runway.operators.runway import RunwayGenerateOperator

with DAG(
    "runway_image_to_video",
    schedule=None,
    params={
        "image_url": Param("https://www.gstatic.com/webp/gallery/1.jpg", type="string", format="uri"),
        "prompt": Param("Mist drifts over the water, the camera rises slowly.", type="string", maxLength=1800),
        "seconds": Param(5, enum=[5, 10]),
    },
    tags=["runway"],
):
    RunwayGenerateOperator(
        task_id="make_video",
        image_url="{{ params.image_url }}",
        prompt="{{ params.prompt }}",
        duration="{{ params.seconds }}",
        save_to="{{ var.value.get('runway_videos', 'file:///tmp/runway-videos') }}/{{ dag.dag_id }}/",
        retries=2,
        outlets=[AssetAlias("runway_moving_pictures")],
    )
