import os
import shutil
import sys
import tempfile
from pathlib import Path

DAGS = Path(__file__).parents[1] / "dags"

# Airflow reads these when it is first imported, which is after this file.
os.environ["AIRFLOW_HOME"] = HOME = tempfile.mkdtemp(prefix="airflow-home-")
os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(DAGS)
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
sys.path.insert(0, str(DAGS))


def pytest_unconfigure():
    shutil.rmtree(HOME, ignore_errors=True)
