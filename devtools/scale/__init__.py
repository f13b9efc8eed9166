"""Large numbers of tasks in a real Airflow."""
