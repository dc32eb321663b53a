"""One HTML file that leads a patient through a session without any network.

Script, style and programme stand in the file. Its policy allows this script and this style by
their hashes and nothing else, so that nothing is fetched and no text of a programme can run.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html import escape
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from rehabctl.domain.hand_out import HandOut, HandOutExercise, PatientTexts
from rehabctl.integrations.hand_outs.wording import date_words, days, dose

SCHEMA = "rehabctl-programme/1"


def write_page(content: HandOut) -> str:
    """Return the page.

    Parameters
    ----------
    content
        The programme.
    """
    folder = files("rehabctl.integrations.hand_outs")
    script = (folder / "page.js").read_text("utf-8")
    style = (folder / "page.css").read_text("utf-8")
    template = (folder / "page.html").read_text("utf-8")
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    # inside a script element only "<" could end it
    data = json.dumps(programme_object(content), ensure_ascii=False).replace("<", "\\u003c")
    parts = {
        "@policy@": escape(policy, quote=True),
        "@title@": escape(content.title),
        "@language@": escape(content.texts.language, quote=True),
        "@noscript@": escape(content.texts.page["no_script"]),
        "@style@": style,
        "@data@": data,
        "@script@": script,
    }
    # in one pass: a note that holds such a mark is left alone
    return re.sub("@[a-z]+@", lambda mark: parts[mark[0]], template)


def programme_object(content: HandOut) -> dict[str, Any]:
    """Return what the page shows, as JSON values.

    Parameters
    ----------
    content
        The programme.
    """
    texts = content.texts
    made_on = content.made_at.astimezone(ZoneInfo(content.time_zone)).date()
    return {
        "schema": SCHEMA,
        "programme": str(content.programme_id),
        "revision": content.revision,
        "title": content.title,
        "clinic": content.clinic,
        "made_by": content.made_by,
        "made_on": date_words(made_on, texts),
        "patient": content.patient,
        "notes": content.notes,
        "red_flag_intro": texts.red_flag_intro,
        "red_flag_advice": texts.red_flag_advice,
        "red_flags": [{"code": code, "question": text} for code, text in texts.red_flags],
        "pain_advice": texts.pain_advice,
        "language": texts.language,
        "words": {**texts.words, **texts.page},
        "exercises": [_exercise(e, texts) for e in content.exercises],
    }


def _exercise(exercise: HandOutExercise, texts: PatientTexts) -> dict[str, Any]:
    figure = exercise.figure
    return {
        "exercise": exercise.slug,
        "name": exercise.name,
        "mark": None if exercise.approved else texts.unapproved_mark,
        "language": exercise.language,
        "dose": dose(exercise, texts),
        "days": days(exercise.weekdays, texts),
        "weekdays": exercise.weekdays,
        "side": exercise.side,
        "sets": exercise.sets,
        "reps": exercise.reps,
        "hold_s": exercise.hold_s,
        "rest_s": exercise.rest_s,
        "by_time": exercise.by_time,
        "steps": exercise.steps,
        "cues": exercise.cues,
        "avoid": exercise.common_errors,
        "care": exercise.precautions,
        "equipment": exercise.equipment,
        "note": exercise.note,
        "figure": None
        if figure is None
        else {
            "bones": figure.bones,
            "head": figure.head,
            "of_one_joint": figure.of_one_joint,
            "frames": [[(round(x, 3), round(y, 3)) for x, y in f] for f in figure.frames],
        },
    }


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
