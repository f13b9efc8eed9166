"""Says in one line why this Python cannot set up the project, if it cannot. Runs on any Python."""
# ruff: noqa: UP032, UP036 - it has to run on the Pythons that it turns away

import sys

if sys.version_info < (3, 10):
    sys.exit(
        "Python 3.10 or newer is needed, and this is {}.\nName another one: make PYTHON=/path/to/python3 ...".format(
            sys.version.split()[0]
        )
    )

try:
    import ensurepip  # noqa: F401 - asked for only to see whether it is there
    import venv  # noqa: F401
except ImportError as missing:
    sys.exit(
        "This Python has no '{}' module, which setting up the environment needs.\n"
        "On Debian and Ubuntu: apt-get install python3-venv".format(missing.name)
    )
