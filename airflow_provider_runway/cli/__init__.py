"""``airflow runway``: the everyday of videos on the command line."""
