"""What only shows in a process of its own: sudden death, and memory."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from .support import VIDEO, Ask, media_host, save, video_reply

SAVE = """
import sys
from airflow_provider_runway.storage.download import Downloader
from airflow_provider_runway.storage.save import save_video
save_video(sys.argv[1], sys.argv[2], Downloader(task_id="task-1"))
"""
SAVE_AND_MEASURE = """
import sys
from airflow_provider_runway.storage.download import Downloader
from airflow_provider_runway.storage.save import save_video
from storage.saving import peak
save_video(sys.argv[1] + "/small", sys.argv[2] + ".small", Downloader(task_id="task-1"))
before = peak()
saved = save_video(sys.argv[1] + "/big", sys.argv[2], Downloader(task_id="task-1"))
again = save_video(sys.argv[1] + "/big", sys.argv[2], Downloader(task_id="task-1"))
assert saved.size == 209_715_200 and saved.sha256 == again.sha256 and not again.downloaded
print(peak() - before)
"""


def test_a_process_killed_in_mid_download_leaves_nothing_to_see_and_the_next_try_succeeds(tmp_path: Path) -> None:
    halfway, killed = threading.Event(), threading.Event()

    def answer(ask: Ask) -> bytes:
        if ask.number == 1:  # a cut, and now it hangs
            halfway.set()
            killed.wait(120)
        return video_reply(ask, upto=200_000 if ask.number == 0 else None)

    with media_host(answer) as host:
        process = subprocess.Popen([sys.executable, "-c", SAVE, host.link, str(tmp_path / "fox.mp4")])
        assert halfway.wait(60)
        process.kill()
        assert process.wait() == -signal.SIGKILL
        killed.set()
        left = [path.name for path in tmp_path.iterdir()]
        assert len(left) == 1
        assert left[0].startswith(".fox.mp4.")
        assert left[0].endswith(".part")
        assert save(host.link, str(tmp_path / "fox.mp4")).downloaded
    assert (tmp_path / "fox.mp4").read_bytes() == VIDEO


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_video_of_200_mebibytes_grows_memory_by_less_than_40(tmp_path: Path) -> None:
    big = b"\0\0\0\x18ftypmp42" + bytes(209_715_200 - 12)
    with media_host(lambda ask: video_reply(ask, big if "big" in ask.path else VIDEO)) as host:
        run = subprocess.run(
            [sys.executable, "-c", SAVE_AND_MEASURE, host.url, str(tmp_path / "fox.mp4")],
            check=True,
            cwd=Path(__file__).parents[1],
            capture_output=True,
            text=True,
        )
    assert int(run.stdout) < 40
