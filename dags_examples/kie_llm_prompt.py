"""Have a language model of KIE.AI write the prompt, and Runway make the video.

Shows Airflow's own ``@task.llm``, of ``apache-airflow-providers-common-ai[openai]``, with a language model of the same
KIE.AI account: what the function returns is asked of the model, and what it answers is the prompt. The connection
``kie_llm`` is of type ``pydanticai``: the API key as password, ``https://api.kie.ai/gpt-5-2/v1`` as host, and
``{"model": "openai-chat:gpt-5-2"}`` as extra.

A run costs 12 credits (US$0.06) for 5 seconds in 720p, and what the model's words cost: a fraction of a credit.
"""

from airflow.sdk import DAG, Param, task

from airflow_provider_runway.operators.runway import RunwayGenerateOperator

with DAG(
    "kie_llm_prompt",
    schedule=None,
    params={"subject": Param("a lighthouse at the end of winter", type="string")},
    tags=["runway"],
    default_args={"retries": 2},
):

    @task.llm(
        llm_conn_id="kie_llm",
        system_prompt="You write prompts for a video model: one paragraph of 60 words at most, in English, with the "
        "camera's movement and the light. Answer with the prompt alone.",
    )
    def write_prompt(subject: str) -> str:
        return f"A video of five seconds: {subject}."

    RunwayGenerateOperator(
        task_id="make_video",
        prompt=write_prompt("{{ params.subject }}"),
        aspect_ratio="16:9",
        save_to="{{ var.value.get('runway_videos', 'file:///tmp/runway-videos') }}/{{ dag.dag_id }}/",
    )
