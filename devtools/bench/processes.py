"""Processes that answer questions: the server and each contender run in one of their own.

Contenders are forked from a process that has imported what a triggerer has, so each starts in the same state.
"""

from __future__ import annotations

import asyncio
import inspect
import multiprocessing
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any

from typing_extensions import Self

# Seconds after which a process that has not answered is taken for stuck.
_PATIENCE = 120.0
# What a triggerer has imported before its first trigger.
_TRIGGERER = "airflow.jobs.triggerer_job_runner"

Answers = Mapping[str, Callable[..., Any]]


class Process:
    """A process to ask. Use as a context manager; it is ended at the end of the block.

    :param target: Its main function, of this module's :func:`answering`; it is given its end of the pipe first.
    :param arguments: What else the function is given.
    :param like_triggerer: Whether it begins with what a triggerer has imported, rather than with nothing.
    """

    def __init__(self, target: Callable[..., None], *arguments: Any, like_triggerer: bool = False) -> None:
        if like_triggerer:
            forked = multiprocessing.get_context("forkserver")
            forked.set_forkserver_preload([_TRIGGERER])
            self._pipe, theirs = forked.Pipe()
            self._process: Any = forked.Process(target=target, args=(theirs, *arguments), daemon=True)
        else:
            spawned = multiprocessing.get_context("spawn")
            self._pipe, theirs = spawned.Pipe()
            self._process = spawned.Process(target=target, args=(theirs, *arguments), daemon=True)
        self._theirs = theirs

    @property
    def pid(self) -> int:
        """The process's id."""
        return int(self._process.pid)

    def ask(self, question: str, *arguments: Any) -> Any:
        """Ask, and wait for the answer.

        :raises RuntimeError: If the process has died, does not answer in time, or failed to answer.
        """
        self._pipe.send((question, arguments))
        if not self._pipe.poll(_PATIENCE):
            raise RuntimeError(f"{question}: no answer")
        try:
            fine, answer = self._pipe.recv()
        except EOFError:
            raise RuntimeError(f"{question}: the process has ended") from None
        if not fine:
            raise RuntimeError(f"{question}: {answer}")
        return answer

    def __enter__(self) -> Self:
        self._process.start()
        self._theirs.close()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pipe.close()
        self._process.join(10)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


async def answering(pipe: Connection, answers: Answers) -> None:
    """Answer the questions that come through the pipe, one after the other, until its other end is closed.

    :param pipe: This process's end.
    :param answers: By the name of the question, what answers it; may be a coroutine function.
    """
    loop = asyncio.get_running_loop()
    questions: asyncio.Queue[tuple[str, tuple[Any, ...]] | None] = asyncio.Queue()

    def receive() -> None:
        try:
            questions.put_nowait(pipe.recv())
        except (EOFError, OSError):
            loop.remove_reader(pipe.fileno())
            questions.put_nowait(None)

    loop.add_reader(pipe.fileno(), receive)
    while (asked := await questions.get()) is not None:
        question, arguments = asked
        try:
            answer = answers[question](*arguments)
            if inspect.isawaitable(answer):
                answer = await answer
        except Exception as error:  # noqa: BLE001 - whoever asked is told
            pipe.send((False, f"{type(error).__name__}: {error}"))
        else:
            pipe.send((True, answer))
