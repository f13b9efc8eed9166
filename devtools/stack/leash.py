"""The watcher of `processes.Leash`: reads which sessions to hold, and ends them when its input closes."""

from __future__ import annotations

import sys

from devtools.stack.processes import end_sessions


def main() -> None:
    """Read `+session` and `-session` lines until whoever writes them is gone."""
    held: set[int] = set()
    for line in sys.stdin:
        session = int(line[1:])
        if line.startswith("+"):
            held.add(session)
        else:
            held.discard(session)
    end_sessions(sorted(held), grace=3)


if __name__ == "__main__":
    main()
