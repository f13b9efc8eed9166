"""Apache Airflow provider for Runway video generation at KIE.AI."""

__version__ = "1.0.0rc1"
