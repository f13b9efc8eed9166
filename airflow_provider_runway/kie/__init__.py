"""KIE.AI's video service in plain Python: requests, tasks, decisions, clients. Imports no Airflow."""
