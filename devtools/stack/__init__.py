"""A real Airflow, started as processes of its own."""
