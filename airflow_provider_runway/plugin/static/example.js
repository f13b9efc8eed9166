/** The DAG that an empty gallery offers; a test runs it. */
export const EXAMPLE = `import pendulum
from airflow.sdk import DAG

from airflow_provider_runway.operators.runway import RunwayGenerateOperator

with DAG("my_first_video", schedule=None, start_date=pendulum.datetime(2026, 1, 1)):
    RunwayGenerateOperator(
        task_id="make_video",
        prompt="A red fox trots through fresh snow at dawn, filmed from low down.",
        aspect_ratio="16:9",
        retries=2,
    )
`;
