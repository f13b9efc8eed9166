"""A video whose prompt a Python function writes.

Shows ``@task.runway``: the function returns the prompt, out of what the task before it has found, and the task makes
the video. The result feeds the next task like that of any other.

A run costs 12 credits (US$0.06).
"""

from airflow.sdk import dag, task


@task
def look_outside() -> dict:
    return {"city": "Porto", "sky": "fog", "is_cold": True}


@task.runway(aspect_ratio="16:9", retries=2)
def make_video(weather: dict) -> str:
    clothes = "coats" if weather["is_cold"] else "shirts"
    return f"A square in {weather['city']} in {weather['sky']}, people in {clothes} cross it, seen from a window."


@task
def announce(link: str) -> str:
    return f"Today's video: {link}"


@dag(schedule=None, tags=["runway"])
def runway_taskflow() -> None:
    video = make_video(look_outside())
    announce(video["video_url"])


runway_taskflow()
