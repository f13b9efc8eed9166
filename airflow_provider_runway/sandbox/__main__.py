"""``python -m airflow_provider_runway.sandbox``."""

import sys

from airflow_provider_runway.sandbox.cli import main

if __name__ == "__main__":
    sys.exit(main())
