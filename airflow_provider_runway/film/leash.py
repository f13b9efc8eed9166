"""A program that runs another and ends it when its own standard input closes: with the process that has started it.

It is run as a script, by its path, so that nothing else is loaded: ``python -I -S leash.py PROGRAM ARGUMENT...``. It
ends as the program does: with its exit code, or of the same signal. It loads little itself, since a film of clips that
are only joined takes no longer than some starts of Python.
"""

from __future__ import annotations

import _thread
import os
import sys

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
    _thread.start_new_thread(_end_with_the_starter, (child,))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code < 0:
        _end_of(-code)
    return code


def _end_with_the_starter(child: int) -> None:
    while os.read(0, 1):
        pass
    import signal

    os.kill(child, signal.SIGKILL)


def _end_of(number: int) -> None:
    import signal

    try:  # noqa: SIM105 - contextlib takes half as long to load as all the rest
        signal.signal(number, signal.SIG_DFL)
    except OSError:  # one that nobody can have changed
        pass
    os.kill(os.getpid(), number)


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))  # while the thread still reads
