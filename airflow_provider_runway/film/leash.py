"""A program that runs another and ends it when its own standard input closes: with the process that has started it.

It is run as a script, by its path, so that nothing else is loaded: ``python -I -S leash.py PROGRAM ARGUMENT...``. It
ends as the program does: with its exit code, or of the same signal.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading

# What a shell says where it finds no such program.
NOT_STARTED = 127


def main(command: list[str]) -> int:
    """Run a command to its end, or to that of whoever holds the other end of standard input."""
    quiet = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
    try:
        child = os.posix_spawn(command[0], command, os.environ, file_actions=[quiet])
    except OSError as error:
        os.write(2, f"{command[0]} cannot be started: {error.strerror}\n".encode())
        return NOT_STARTED

    def end_with_the_starter() -> None:
        while os.read(0, 1):
            pass
        os.kill(child, signal.SIGKILL)

    threading.Thread(target=end_with_the_starter, daemon=True).start()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code < 0:
        with contextlib.suppress(OSError):  # one that nobody can have changed
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))  # while the thread still reads
