"""The page of calls at ``/logs``, in place of the service's own."""

from __future__ import annotations

from datetime import datetime, timezone
from html import escape
from itertools import islice
from typing import TYPE_CHECKING

from airflow_provider_runway.sandbox.messages import Reply
from airflow_provider_runway.sandbox.tasks import SOUNDS, Phase

if TYPE_CHECKING:
    from airflow_provider_runway.sandbox.messages import SandboxRequest
    from airflow_provider_runway.sandbox.state import SandboxState
    from airflow_provider_runway.sandbox.tasks import Task

_SHOWN = 24
_PLAYED = 2
_STYLE = """
:root { color-scheme: light dark; --line: #8883; --soft: #888; --card: #fff; --page: #f4f4f7; --on: #6d4aff; }
@media (prefers-color-scheme: dark) { :root { --card: #1c1c24; --page: #121217; } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 1240px; padding: 2rem 1.5rem; background: var(--page);
  font: 15px/1.5 system-ui, sans-serif }
header { display: flex; align-items: baseline; gap: 1rem; flex-wrap: wrap; margin-bottom: 1.5rem }
h1 { font-size: 1.35rem; margin: 0; flex: 1 } header b { font-size: 1.35rem }
.soft { color: var(--soft) }
main { display: grid; gap: 1.2rem; grid-template-columns: repeat(auto-fill, minmax(340px, 1fr)) }
article { background: var(--card); border: 1px solid var(--line); border-radius: 12px; overflow: hidden }
article.wanted { border-color: var(--on); box-shadow: 0 0 0 3px #6d4aff44 }
.screen { aspect-ratio: 16 / 9; background: #0b0b12; display: grid; place-items: center; color: #99a }
video, .screen img { width: 100%; height: 100%; object-fit: contain; display: block; min-height: 0 }
audio { width: 90% } .screen > :nth-child(2):not(audio) { display: none }
.text { padding: .8rem 1rem 1rem } .text p { margin: .3rem 0; overflow-wrap: anywhere }
.row { display: flex; gap: .6rem; align-items: center; font-size: .85rem } .row span:last-child { margin-left: auto }
.state { border-radius: 99px; padding: .05rem .6rem; color: #fff; background: #667 }
.succeeded { background: #1a8f5a } .failed { background: #c23a4b } .generating { background: #2f6fd6 }
code { font-size: .78rem; color: var(--soft) }
"""


async def logs_page(sandbox: SandboxState, request: SandboxRequest) -> Reply:
    """``GET /logs``: the latest tasks; the one of ``taskId`` first, and marked."""
    now = request.at
    sandbox.refund_failed(now)
    tasks = list(islice(reversed(sandbox.tasks.values()), _SHOWN))
    wanted = sandbox.tasks.get(request.query_params.get("taskId", ""))
    if wanted:
        tasks = [wanted, *(task for task in tasks if task is not wanted)]
    cards = "".join(_card(task, now, marked=task is wanted) for task in tasks)
    nothing = '<p class="soft">No calls yet.</p>'
    under_way = any(task.phase(now) < Phase.SUCCEEDED for task in tasks)
    again = '<meta http-equiv="refresh" content="3">' if under_way else ""
    page = f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">{again}
<title>Logs - KIE.AI sandbox</title><style>{_STYLE}</style></head>
<body><header><h1>KIE.AI sandbox</h1><span class="soft">{len(sandbox.tasks)} tasks</span>
<span><b>{sandbox.balance:,.10g}</b> credits left</span></header>
<main>{cards or nothing}</main></body></html>"""
    return Reply(page.encode("utf-8", "replace"), media_type="text/html; charset=utf-8")


def _card(task: Task, now: float, *, marked: bool) -> str:
    phase = task.phase(now)
    cost = f"{task.cost:g} credits" + (", refunded" if task.refunded else "")
    failure = f"<p>{escape(task.failure.msg)}</p>" if phase is Phase.FAILED and task.failure else ""
    made = datetime.fromtimestamp(task.created_at, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"""<article{' class="wanted"' if marked else ""}><div class="screen">{_screen(task, now)}</div>
<div class="text"><div class="row"><span class="state {phase.name.lower()}">{phase.name.lower()}</span>
<span class="soft">{escape(task.model)}</span><span>{cost}</span></div>
<p>{escape(task.prompt)}</p>{failure}<code>{task.id}<br>{made}</code></div></article>
"""


def _screen(task: Task, now: float) -> str:
    """The results, or why there are none to see."""
    phase = task.phase(now)
    if phase is not Phase.SUCCEEDED:
        return "no result" if phase is Phase.FAILED else "in the making"
    if task.expired(now):
        return "expired"
    return "".join(_player(task, name) for name in task.files()[:_PLAYED]) or "a result without a file"


def _player(task: Task, name: str) -> str:
    if task.extension in SOUNDS:
        return f'<audio controls preload="none" src="/media/{name}"></audio>'
    if task.extension != "mp4":
        return f'<img src="/media/{name}" alt="" loading="lazy">'
    return f'<video controls preload="none" poster="/media/{task.id}.png" src="/media/{name}"></video>'
