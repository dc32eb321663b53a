"""Every reason that a measurement is limited, refused or noted for: stable code and sentence.

The codes are part of the output; the sentences say what was seen and what helps.
"""

from __future__ import annotations

from rehabctl.analysis.assessment import CodedText

REASONS: dict[str, str] = {
    "no_person": "No person was found. Film the whole body in even light",
    "several_persons": "Two people of similar size are in the picture. Film one person alone",
    "bystander": "A second person is in the picture and was left out",
    "person_switch": "The tracking jumped to another place {count} times; the parts around the "
    "jumps are not joined",
    "scene_cut": "The picture was cut {count} times; the parts are not joined",
    "person_lost": "The person was found in {share} % of the frames",
    "gaps": "{count} gaps longer than {limit} s split the recording",
    "frame_rate_low": "{rate} frames a second blur quick movement. Film with 30",
    "frame_rate_refused": "{rate} frames a second are too few for angles. Film with 30",
    "dark": "The picture is dark. Light the room or move away from the window",
    "bright": "The picture is overexposed. Turn away from the light",
    "blur": "The picture is blurred. Clean the lens and put the camera on something firm",
    "view_unfit": "The camera stood {off} degrees off the direction in which {motion} is seen. "
    "Film from {view}",
    "view_oblique": "The camera stood {off} degrees off the direction in which {motion} is seen; "
    "the interval is wider",
    "view_unknown": "The direction of the camera could not be estimated",
    "far_side": "The {side} side is turned away from the camera and hidden by the other, and their "
    "points may be exchanged. Film from the side that moves",
    "out_of_frame": "{parts} left the picture. Step back from the camera",
    "legs_out_of_frame": "The legs left the picture. Step back from the camera",
    "arms_out_of_frame": "The arms left the picture. Step back from the camera",
    "low_visibility": "The points for {motion} were hidden for most of the time",
    "bone_length": "A limb seems to change its length by {percent} %: it moved out of the plane "
    "that the camera sees",
    "left_right_swap": "Left and right were exchanged in {percent} % of the frames and put right",
    "legs_take_turns": "The points of one leg followed the other. The movement was counted once, "
    "on whichever leg was further along",
    "contralateral_pull": "The resting leg seems to move along with the other: the points of the "
    "two legs are not kept apart well",
    "proxy": "{motion} rests on weak points of hand, foot or face: a rough value",
    "posture_unfit": "{motion} is defined for sitting or standing, not for lying",
    "lying": "Lying: the landmarks were checked on one supine recording; the interval is wider",
    "unmeasured_bias": "The accuracy of {motion} in this view is taken from published figures, "
    "not from own measurement",
    "foreign_model": "The landmarks come from an estimator whose bias was not measured; nothing "
    "is corrected and the interval is wider",
    "not_measurable": "{motion} is not measured by a camera: {why}. {instead}",
    "count_only": "The angle is refused; repetitions are counted by the height of the {height} "
    "and their size is compared with each other only",
    "sensor_advised": "A motion sensor on the {segments} measures what the camera cannot see well "
    "here",
    "signal_not_counted": "This exercise is counted by {signal}, which is not measured here",
    "no_repetition": "No movement of this exercise was found in {duration} s",
    "rejected_short": "{count} movements were shorter than {limit} s and not counted",
    "rejected_repositioned": "{count} movements changed place or direction and were not counted",
    "rejected_impossible": "{count} movements gave an angle that no joint has and were not counted",
    "impossible_angle": "The points gave a {motion} that no joint has: left and right, or front "
    "and back, were mistaken for each other. Show the face, or film in more light",
    "rejected_interrupted": "{count} movements were broken by a gap or a cut and not counted",
    "no_neutral_pose": "The neutral pose could not be taken: nobody stands still in it; nothing is "
    "subtracted",
    "hold": "Held from {start} s to {end} s ({duration} s){side}",
}
"""Sentences by code, with the places for what they name."""


def reason(code: str, **values: object) -> CodedText:
    """Return a reason with its sentence filled in.

    Parameters
    ----------
    code
        One of the codes above.
    **values
        What the sentence names.
    """
    readable = {
        key: str(value).replace("_", " ") if isinstance(value, str) else value
        for key, value in values.items()
    }
    text = REASONS[code].format(**readable)
    return CodedText(code, text[0].upper() + text[1:] + ".")
