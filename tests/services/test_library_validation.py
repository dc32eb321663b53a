"""Validation of files: every finding with the file and the line that a person would point at."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

import rehabctl.reference
from rehabctl.domain.errors import UsageError
from rehabctl.domain.exercise import Asset, Exercise, ReferenceData
from rehabctl.reference.exercise_library import load_exercise, load_library
from rehabctl.reference.exercise_toml import to_toml
from rehabctl.reference.findings import Finding, Severity
from rehabctl.services.library_validation import validate
from tests.reference.exercise_samples import SHA, sample

PACKAGED = Path(rehabctl.reference.__file__).parent


def check(path: Path) -> list[Finding]:
    return validate([path], load_library())[1]


def write(folder: Path, *exercises: Exercise, name: str = "own.toml") -> Path:
    path = folder / name
    path.write_text(to_toml(exercises), "utf-8")
    return path


def line_text(finding: Finding) -> str:
    return Path(finding.file).read_text("utf-8").splitlines()[finding.line - 1]


def test_the_packaged_library_is_clean() -> None:
    files, findings = validate([PACKAGED / "exercises", PACKAGED / "protocols"], load_library())
    assert findings == []
    assert len(files) == 23


@pytest.mark.parametrize(
    ("old", "new", "rule", "at"),
    [
        ('region = "knee"', 'region = "leg"', "vocabulary", 'region = "leg"'),
        ("sets = 3", "sets = 30", "range", "sets = 30"),
        ("target_deg = 60", "target_deg = 10", "rest-equals-target", "target_deg = 10"),
        ("landmarks = [23, 24,", "landmarks = [99, 24,", "landmarks", "landmarks = [99, 24,"),
        ('"Z96.651"', '"Z96651"', "icd10", "Z96651"),
        ("steps = [\n", 'steps = [\n  "You must stand.",\n', "wording", "You must stand."),
        ("version = 1", "version = 1\nextra = 1", "unknown-key", "extra = 1"),
        ('targets = ["TKR"]', 'targets = ["TKR"]\nprogression = ["gone"]', "link", '["gone"]'),
        ("exercise/1", "exercise/7", "schema", "exercise/7"),
        ("difficulty = 2", 'difficulty = "2"', "schema", 'difficulty = "2"'),
    ],
)
def test_a_finding_points_at_its_line(
    tmp_path: Path, old: str, new: str, rule: str, at: str
) -> None:
    path = write(tmp_path, sample("first-one"), sample("second-one"))
    text = path.read_text("utf-8")
    last = text.rindex(old)
    path.write_text(text[:last] + new + text[last + len(old) :], "utf-8")
    (finding,) = check(path)
    assert (finding.rule, finding.file) == (rule, path.as_posix())
    assert at in line_text(finding)


def test_findings_come_by_file_and_line(tmp_path: Path) -> None:
    write(tmp_path, sample("b-one", region="leg", difficulty=9), name="b.toml")
    write(tmp_path, sample("a-one", position="up"), name="a.toml")
    findings = check(tmp_path)
    assert [(Path(f.file).name, f.rule) for f in findings] == [
        ("a.toml", "vocabulary"),
        ("b.toml", "vocabulary"),
        ("b.toml", "range"),
    ]
    assert findings[1].line < findings[2].line


def test_one_slug_in_two_files(tmp_path: Path) -> None:
    write(tmp_path, sample("same-one"), name="a.toml")
    write(tmp_path, sample("same-one"), name="b.toml")
    (finding,) = check(tmp_path)
    assert (Path(finding.file).name, finding.rule) == ("b.toml", "duplicate")
    assert "a.toml" in finding.message


def test_the_same_file_named_twice_is_read_once(tmp_path: Path) -> None:
    path = write(tmp_path, sample("only-one"))
    files, findings = validate([path, tmp_path, path], load_library())
    assert (len(files), findings) == (1, [])


def test_links_may_lead_into_the_packaged_library_and_circles_through_it_are_found(
    tmp_path: Path,
) -> None:
    up = load_exercise("mini-squat").progression[0]
    harder = load_exercise(up)
    own = sample("own-squat", difficulty=harder.difficulty, regression=(up,))
    assert [f.rule for f in check(write(tmp_path, own))] == []
    back = replace(own, progression=("mini-squat",), difficulty=1, regression=())
    assert [f.rule for f in check(write(tmp_path, back))] == []
    circle = replace(own, progression=("mini-squat",), difficulty=2)
    assert "circle" in {f.rule for f in check(write(tmp_path, circle))}


def test_a_copy_of_a_packaged_exercise_is_found(tmp_path: Path) -> None:
    copy = sample("our-squat", steps=load_exercise("mini-squat").steps)
    (finding,) = check(write(tmp_path, copy))
    assert finding.rule == "similar-steps"
    assert "'mini-squat'" in finding.message


def test_changed_content_under_the_same_version_is_a_warning(tmp_path: Path) -> None:
    changed = replace(load_exercise("quad-set"), name="Our quad set")
    (finding,) = check(write(tmp_path, changed))
    assert (finding.rule, finding.severity) == ("version", Severity.WARNING)
    assert check(write(tmp_path, replace(changed, version=2))) == []


def test_a_broken_exercise_does_not_break_the_links_to_it(tmp_path: Path) -> None:
    one = sample("lower-one", progression=("upper-one",))
    other = sample("upper-one", regression=("lower-one",))
    path = write(tmp_path, one, other)
    text = path.read_text("utf-8")
    path.write_text(text[::-1].replace("1 = noisrev", '"1" = noisrev', 1)[::-1], "utf-8")
    assert [f.rule for f in check(path)] == ["schema"]


def test_files_beside_are_compared_with_their_hash(tmp_path: Path) -> None:
    (tmp_path / "front.mp4").write_bytes(b"film")
    right = hashlib.sha256(b"film").hexdigest()
    film = Asset("demonstration", "front", "front.mp4", right, 20.0)
    data = ReferenceData("curve.bin", SHA)
    path = write(tmp_path, sample(assets=(film, replace(film, angle="side", sha256=SHA)),
                                  reference_data=(data,)))  # fmt: skip
    findings = check(path)
    assert [(f.rule, line_text(f)) for f in findings] == [
        ("hash", f'sha256 = "{SHA}"'),
        ("missing-file", 'path = "curve.bin"'),
    ]
    (tmp_path / "curve.bin").write_bytes(b"curve")
    changed = [f for f in check(path) if "curve" in f.message]
    assert [f.rule for f in changed] == ["hash"]


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b'a = 1\nb = "open\n', 2, "this is no TOML"),
        (b"a = 1\n\xff\xfe = 2\n", 2, "this is no UTF-8 text"),
        (b'[[exercise]]\nslug = "x"\nslug = "x"\n', 3, "this is no TOML"),
        (b"", 1, "neither [[exercise]]"),
        (b"exercise = 4\n", 1, "neither [[exercise]]"),
        (b"exercise = [1]\n", 1, "exercise needs tables"),
        (b"a = " + b"[" * 5000, 1, "this is no TOML"),
        (b'phase = 3\nschema = "rehabctl-protocol/1"\n', 1, "phase needs tables"),
        (b'variant = "x"\n', 1, "schema is missing"),
    ],
)
def test_what_cannot_be_read_is_a_finding(
    tmp_path: Path, content: bytes, line: int, message: str
) -> None:
    path = tmp_path / "odd.toml"
    path.write_bytes(content)
    findings = check(path)
    assert findings
    assert any(f.line == line and message in f.message for f in findings), findings


def test_a_file_that_cannot_be_opened_is_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, sample())

    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    (finding,) = check(path)
    assert (finding.rule, finding.message) == ("unreadable", "cannot be read: Permission denied")


@pytest.mark.parametrize(
    ("content", "rules"),
    [
        (b'{"exercise": "sit-to-stand"}', []),
        (b"{}", ["reference"]),
        (b"[1]", ["reference"]),
        (b'{"exercise":\n', ["unreadable"]),
        (b"[" * 100_000, ["unreadable"]),
    ],
)
def test_reference_data_is_looked_at(tmp_path: Path, content: bytes, rules: list[str]) -> None:
    path = tmp_path / "curve.json"
    path.write_bytes(content)
    assert [f.rule for f in check(tmp_path)] == rules


def test_protocols_are_checked_with_their_lines(tmp_path: Path) -> None:
    text = (PACKAGED / "protocols" / "low-back-pain.toml").read_text("utf-8")
    path = tmp_path / "back.toml"
    slips = {
        '"standing-extension", "pelvic': '"standing-extention", "pelvic',
        "pain(mean,3)<=4": "pain(mean,3)<=40 ",
        'targets = ["LBP", "DISC"]': 'targets = ["LBP",\n  "DISK"]',
        "to_week = 6": "to_week = 1",
        "sets_done(bird-dog,": "sets_done(bird-cat,",
        "prom(odi)<=20": "prom(odi)=<20",
    }
    for old, new in slips.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path.write_text(text, "utf-8")
    found = {(f.rule, f.message.split(":")[0]) for f in check(path)}
    assert ("link", "no exercise 'standing-extention'") in found
    assert ("gate-unmeetable", "pain(mean,3)<=40") not in found, "a limit above 10 can be met"
    assert ("vocabulary", "unknown condition 'DISK'") in found
    assert ("range", "phase 'control' ends before it starts") in found
    assert ("gate-unmeetable", "sets_done(bird-cat,3,12,2)") in found
    assert any(rule == "gate" for rule, _ in found)
    (disk,) = [f for f in check(path) if "DISK" in f.message]
    assert '"DISK"' in line_text(disk)


def test_variants_are_checked_with_their_lines(tmp_path: Path) -> None:
    text = (PACKAGED / "exercises" / "variants.toml").read_text("utf-8")
    text += (
        '[[variant]]\nbase = "gone"\nkind = "slow"\nafter = 0\nsteps = ["Go."]\n'
        '[[variant]]\nbase = "quad-set"\nkind = "slow"\nafter = 3\nreplaces = 1\nsteps = ["Go."]\n'
        '[[variant]]\nbase = "quad-set"\nkind = "pause"\nafter = 0\nsteps = ["You must go."]\n'
    )
    path = tmp_path / "variants.toml"
    path.write_text(text, "utf-8")
    found = [(f.rule, line_text(f)) for f in check(path)]
    assert found == [("link", 'base = "gone"'), ("range", "after = 3"), ("wording", "[[variant]]")]


def test_no_file_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("nothing", "utf-8")
    (tmp_path / ".hidden").mkdir()
    write(tmp_path / ".hidden", sample())
    with pytest.raises(UsageError, match="no TOML or JSON file"):
        check(tmp_path)
    with pytest.raises(UsageError, match="no file or folder"):
        check(tmp_path / "gone")
    files, _ = validate([write(tmp_path, sample(), name="own.txt")], load_library())
    assert len(files) == 1, "a file that is named is looked at, whatever its ending"
