"""What the tasks of this provider share with each other and with Airflow: settings, failures, links, events."""
