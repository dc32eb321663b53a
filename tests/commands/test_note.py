"""`rehabctl note`: drafted, written, signed once, added to and handed out."""

from __future__ import annotations

from pathlib import Path

from commands.conftest import At

SIGN = ("--credentials", "PT, DPT")


def drafted(at: At, visit: str) -> str:
    code, out, err = at("03T15:30", "note", "draft", "--visit", visit)
    assert (code, out["draft"], out["status"]) == (0, True, "draft")
    assert "write the parts that are yours" in err
    return out["id"]


def finished(at: At, note: str) -> None:
    for section in ("Assessment", "Plan"):
        words = ("--section", section, "--text", "My words.")
        assert at("03T15:31", "note", "edit", note, *words)[0] == 0


def test_a_note_is_signed_once_and_stays(visits_clinic: At, held: str) -> None:
    note = drafted(visits_clinic, held)
    assert drafted(visits_clinic, held) == note  # not a second one
    code, out, err = visits_clinic("03T15:31", "note", "sign", note, *SIGN)
    assert (code, out, "NOT_WRITTEN: Assessment" in err) == (3, "", True)
    finished(visits_clinic, note)
    code, out, _ = visits_clinic("03T15:32", "note", "sign", note, *SIGN)
    assert (code, out["status"], out["seconds_to_sign"], out["signature_valid"]) == (
        0, "signed", 120, True,
    )  # fmt: skip
    assert (out["credentials"], len(out["content_sha256"])) == ("PT, DPT", 64)
    for verb in (
        ("sign", note, *SIGN),
        ("edit", note, "--whole", "--text", "other"),
        ("edit", note, "--section", "Plan", "--text", "other"),
    ):
        code, out, err = visits_clinic("03T15:33", "note", *verb)
        assert (code, out, "signed and stays as it is" in err) == (3, "", True)
    added = ("addendum", note, "--text", "Left knee.", *SIGN)
    code, out, _ = visits_clinic("03T15:34", "note", *added)
    assert (code, out["addenda"][0]["body"], out["signature_valid"]) == (0, "Left knee.", True)
    assert "My words." in out["body"]
    code, text, _ = visits_clinic("03T15:35", "note", "export", note, "--as", "text")
    assert code == 0
    assert "Left knee." in str(text)
    assert visits_clinic("03T15:35", "note", "export", note, "--as", "docx")[0] == 2


def test_a_visit_without_a_stop_has_no_note(visits_clinic: At, booked: str) -> None:
    for when, begins in (("02T09:00", False), ("03T15:10", True)):
        if begins:
            start = ("start", booked, "--channel", "video", "--state", "CO")
            assert visits_clinic("03T15:00", "visit", *start)[0] == 0
        code, out, err = visits_clinic(when, "note", "draft", "--visit", booked)
        assert (code, out, "visit stop" in err) == (2, "", True)
    assert visits_clinic("03T15:11", "note", "list", "1")[1]["items"] == []


def test_a_template_with_an_unknown_field_drafts_nothing(
    visits_clinic: At, held: str, isolated_home: Path
) -> None:
    folder = isolated_home / "note_templates"
    folder.mkdir()
    sections = "".join(f"## {s}\n{{clinician}}\n" for s in ("Subjective", "Assessment", "Plan"))
    for text, said in (
        (f"{sections}## Objective\n{{rim}}\n", "note_templates/daily.md:8: unknown field {rim}"),
        (sections, "needs the section 'Objective'"),
    ):
        (folder / "daily.md").write_text(text)
        code, out, err = visits_clinic("03T15:30", "note", "draft", "--visit", held)
        assert (code, out) == (2, "")
        assert said in err
        assert visits_clinic("03T15:30", "note", "list", "1")[1]["items"] == []
    (folder / "daily.md").write_text(f"{sections}## Objective\nTimed: {{timed_minutes}} min\n")
    _, out, _ = visits_clinic("03T15:31", "note", "draft", "--visit", held)
    assert "Timed: 23 min" in out["body"]
    assert out["template"].startswith("note_templates/daily.md:daily@")


def test_reports_have_their_content_elements(visits_clinic: At, held: str) -> None:
    for kind, section in (
        ("progress", "## Plan to continue or change"),
        ("discharge", "## Reason for discharge"),
        ("authorisation", "## Requested"),
    ):
        code, out, _ = visits_clinic("03T16:00", "note", "draft", "--patient", "1", "--kind", kind)
        assert (code, out["kind"]) == (0, kind)
        assert section in out["body"]
        code, _, err = visits_clinic("03T16:01", "note", "sign", out["id"], *SIGN)
        assert (code, "NOT_WRITTEN" in err or "SECTION_EMPTY" in err) == (3, True)


def test_wrong_words_and_unknown_notes(visits_clinic: At, held: str) -> None:
    note = drafted(visits_clinic, held)
    for argv, code in (
        (("draft", "--patient", "1"), 2),
        (("draft", "--visit", held, "--kind", "progress"), 2),
        (("draft", "--patient", "1", "--kind", "poem"), 2),
        (("edit", note, "--section", "Assesment", "--text", "x"), 4),
        (("edit", note, "--text", "x"), 2),
        (("sign", note, "--credentials", " "), 3),
        (("addendum", note, "--text", "x", *SIGN), 2),
        (("show", "x"), 4),
        (("list", "9"), 4),
    ):
        assert visits_clinic("03T16:00", "note", *argv)[0] == code
