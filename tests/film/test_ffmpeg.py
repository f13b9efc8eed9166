from __future__ import annotations

import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from pathlib import Path

import psutil
import pytest

from airflow_provider_runway.exceptions import FilmError
from airflow_provider_runway.film import leash
from airflow_provider_runway.film.ffmpeg import Ended, Ffmpeg, find_ffmpeg


def program(folder: Path, script: str) -> str:
    """A program in the place of ffmpeg."""
    path = folder / "ffmpeg"
    path.write_text(f"#!{sys.executable}\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def gone(pid: int) -> bool:
    """Whether a process has ended, or does so within a minute."""
    try:
        psutil.Process(pid).wait(60)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False
    return True


def wait_for(path: Path) -> int:
    """The number in a file, once it is there."""
    until = time.monotonic() + 120
    while not path.exists() or not path.read_text():
        assert time.monotonic() < until
        time.sleep(0.01)
    return int(path.read_text())


def test_the_program_on_path_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = program(tmp_path, "")
    monkeypatch.setenv("PATH", str(tmp_path))

    assert find_ffmpeg() == found


def test_without_one_on_path_it_is_that_of_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import imageio_ffmpeg

    monkeypatch.setenv("PATH", str(tmp_path))

    assert find_ffmpeg() == imageio_ffmpeg.get_ffmpeg_exe()


def test_where_there_is_none_it_says_how_to_install_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)

    with pytest.raises(FilmError, match=r"There is no ffmpeg on PATH\..*pip install 'airflow-provider-runway\[film\]'"):
        find_ffmpeg()


def test_what_is_written_and_printed_is_kept(tmp_path: Path) -> None:
    script = "import sys\nprint('out')\nfor each in ('x' * 5000, 'last'): print(each, file=sys.stderr)\nsys.exit(183)"

    ended = Ffmpeg(program(tmp_path, script), str(tmp_path), 60).run([], most_lines=2)

    assert (ended.code, ended.wrote) == (183, "out\n")
    assert ended.printed.splitlines()[-1] == "last"
    assert len(ended.printed) < 2500


def test_progress_is_told_as_seconds_of_the_film(tmp_path: Path) -> None:
    told: list[float] = []
    script = "print('out_time_us=N/A\\nout_time_us=1500000\\nprogress=continue\\nout_time_us=3000000')"

    Ffmpeg(program(tmp_path, script), str(tmp_path), 60).run([], on_progress=told.append)

    assert told == [1.5, 3.0]


def test_a_signal_that_ends_it_is_known(tmp_path: Path) -> None:
    script = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"

    assert Ffmpeg(program(tmp_path, script), str(tmp_path), 60).run([]).code == -9


def test_a_program_that_cannot_be_started_says_why(tmp_path: Path) -> None:
    (tmp_path / "ffmpeg").write_text("no program")

    ended = Ffmpeg(str(tmp_path / "ffmpeg"), str(tmp_path), 60).run([])

    assert ended.code == leash.NOT_STARTED
    assert "cannot be started: Permission denied" in ended.printed


def test_it_is_ended_when_its_time_is_over(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = f"import os, pathlib, time\npathlib.Path({str(pid)!r}).write_text(str(os.getpid())); time.sleep(3600)"

    with pytest.raises(FilmError, match=r"not done after 2 s, and was ended\..*Raise timeout"):
        Ffmpeg(program(tmp_path, script), str(tmp_path), 2).run([])
    assert not pid.exists() or gone(int(pid.read_text()))


def test_it_is_ended_with_the_task(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = f"import os, pathlib, time\npathlib.Path({str(pid)!r}).write_text(str(os.getpid())); time.sleep(3600)"
    ffmpeg = Ffmpeg(program(tmp_path, script), str(tmp_path), 3600)
    codes: list[int] = []

    runs = threading.Thread(target=lambda: codes.append(ffmpeg.run([]).code))
    runs.start()
    number = wait_for(pid)
    ffmpeg.kill()
    runs.join()

    assert codes == [-9]
    assert gone(number)
    ffmpeg.kill()  # nothing runs any more


def test_all_that_runs_beside_is_ended_where_something_fails(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = f"import os, pathlib, time\npathlib.Path({str(pid)!r}).write_text(str(os.getpid())); time.sleep(3600)"
    ffmpeg = Ffmpeg(program(tmp_path, script), str(tmp_path), 3600)

    runs: list[Future[Ended]] = []

    def fail_meanwhile() -> None:
        with ffmpeg.beside() as threads:
            runs.append(threads.submit(ffmpeg.run, []))
            wait_for(pid)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail_meanwhile()
    assert gone(wait_for(pid))
    assert runs[0].result().code == -9
    assert ffmpeg.run([]).code == -9  # nothing begins any more, either


def test_it_is_ended_when_the_task_is_killed_outright(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = f"import os, pathlib, time\npathlib.Path({str(pid)!r}).write_text(str(os.getpid())); time.sleep(3600)"
    task = (
        "from airflow_provider_runway.film.ffmpeg import Ffmpeg\n"
        f"Ffmpeg({program(tmp_path, script)!r}, {str(tmp_path)!r}, 3600).run([])"
    )

    process = subprocess.Popen([sys.executable, "-c", task])
    number = wait_for(pid)
    process.kill()
    process.wait()

    assert gone(number)


def test_it_sees_nothing_of_the_secrets_of_the_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_RUNWAY_DEFAULT", "secret-key")
    monkeypatch.setenv("FFREPORT", "file=/tmp/report")
    script = "import os; print(sorted(os.environ))"

    wrote = Ffmpeg(program(tmp_path, script), str(tmp_path), 60).run([]).wrote

    assert "AIRFLOW_CONN_RUNWAY_DEFAULT" not in wrote
    assert "FFREPORT" not in wrote
    assert "'PATH'" in wrote


def test_a_program_that_is_linked_statically_finds_no_tables_of_characters_to_crash_of(tmp_path: Path) -> None:
    wrote = Ffmpeg(program(tmp_path, "import os; print(os.environ['GCONV_PATH'])"), str(tmp_path), 60).run([]).wrote

    assert not Path(wrote.strip()).is_dir()


def test_an_argument_is_never_read_by_a_shell(tmp_path: Path) -> None:
    wrote = Ffmpeg(program(tmp_path, "import sys; print(sys.argv[1:])"), str(tmp_path), 60).run(["$(id)", "; ls"]).wrote

    assert wrote == "['$(id)', '; ls']\n"
