"""Doses, days and numbers of a hand-out in the patient's language."""

from __future__ import annotations

from datetime import date

from rehabctl.domain.hand_out import HandOutExercise, PatientTexts


def dose(exercise: HandOutExercise, texts: PatientTexts) -> str:
    """Return the dose in one line."""
    count = exercise.sets
    sets = texts.say("one_set") if count == 1 else texts.say("sets", count=count)
    if exercise.by_time:
        held = exercise.hold_s
        parts = [texts.say("sets_of", sets=sets, amount=duration(held, texts)) if held else sets]
    else:
        parts = [texts.say("sets_of", sets=sets, amount=exercise.reps)]
        if exercise.hold_s:
            parts.append(texts.say("hold", time=duration(exercise.hold_s, texts)))
    if exercise.rest_s and count > 1:
        parts.append(texts.say("rest", time=duration(exercise.rest_s, texts)))
    return ", ".join(parts)


def duration(seconds: float, texts: PatientTexts) -> str:
    """Return a length of time.

    Parameters
    ----------
    seconds
        Not negative.
    texts
        The language.
    """
    if seconds == 1:
        return texts.say("one_second")
    if seconds < 120 or seconds % 60:
        return texts.say("seconds", count=_number(seconds, texts))
    return texts.say("minutes", count=_number(seconds / 60, texts))


def days(weekdays: tuple[int, ...], texts: PatientTexts) -> str:
    """Return ISO weekdays, of which 1 is Monday."""
    if len(weekdays) == len(texts.weekdays):
        return texts.say("every_day")
    return ", ".join(texts.weekdays[day - 1] for day in weekdays)


def how_often(exercise: HandOutExercise, texts: PatientTexts) -> str:
    """Return on which days, and how often a day."""
    if not exercise.weekdays:
        count = exercise.per_week
        return texts.say("times_a_week_one" if count == 1 else "times_a_week", count=count)
    named = days(exercise.weekdays, texts)
    times = exercise.times_a_day
    often = "" if times == 1 else ", " + texts.say("times_a_day", count=times)
    return named[:1].upper() + named[1:] + often


def date_words(day: date, texts: PatientTexts) -> str:
    """Return a date with the name of its month."""
    month = texts.months[day.month - 1]
    return texts.date_pattern.format(day=day.day, month=month, year=day.year)


def _number(value: float, texts: PatientTexts) -> str:
    return f"{value:g}".replace(".", texts.decimal_point)
