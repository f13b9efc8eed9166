"""The page "Videos" in Airflow's UI, and the small server part behind it."""
