"""Apache Airflow provider for Runway video generation at KIE.AI."""

__version__ = "0.1.0"
