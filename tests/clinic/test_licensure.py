"""Who may treat a patient where: the cases of the rule, one by one, and in random mixtures."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.clinic.licensure import ABROAD, check
from rehabctl.domain.errors import UsageError
from rehabctl.domain.licence import (
    LicenceKind,
    LicenceStatus,
    Profession,
    ProviderLicence,
    Verdict,
)
from rehabctl.reference.compact_states import load_compact

DAY = date(2026, 12, 1)
COMPACT = load_compact()


def held(state: str, **changes: object) -> ProviderLicence:
    base = ProviderLicence(
        id=UUID(int=1),
        user_id=UUID(int=2),
        profession=Profession.PT,
        kind=LicenceKind.LICENCE,
        state=state,
        number="1",
        issued_on=date(2025, 1, 1),
        expires_on=date(2027, 1, 1),
    )
    return replace(base, **changes)  # pyright: ignore[reportArgumentType]


def privilege(state: str, **changes: object) -> ProviderLicence:
    return held(state, kind=LicenceKind.PRIVILEGE, **changes)


HOME = held("TX", is_home=True)
EXPIRED = {"expires_on": date(2026, 11, 30)}
PTA = {"profession": Profession.PTA}


@pytest.mark.parametrize(
    ("state", "licences", "verdict", "codes"),
    [
        ("TX", [HOME], "allowed", ()),
        ("TX", [held("TX", expires_on=DAY)], "allowed", ()),
        ("TX", [held("TX", **EXPIRED)], "blocked", ("LIC_EXPIRED",)),
        ("TX", [held("TX", issued_on=DAY + timedelta(1))], "blocked", ("LIC_EXPIRED",)),
        ("TX", [held("TX", status=LicenceStatus.INACTIVE)], "blocked", ("LIC_INACTIVE",)),
        ("UT", [HOME], "blocked", ("LIC_NONE",)),  # membership of both states gives nothing
        ("UT", [HOME, privilege("UT")], "allowed", ()),
        ("UT", [HOME, privilege("UT", **EXPIRED)], "blocked", ("PRIV_EXPIRED",)),
        ("UT", [replace(HOME, **EXPIRED), privilege("UT")], "blocked", ("HOME_LAPSED",)),
        ("UT", [held("TX"), privilege("UT")], "blocked", ("HOME_LAPSED",)),  # not marked as home
        ("UT", [held("CA", is_home=True), privilege("UT")], "blocked", ("HOME_NOT_MEMBER",)),
        ("UT", [held("OH", is_home=True), privilege("UT")], "unknown", ("HOME_UNVERIFIED",)),
        ("CA", [HOME, privilege("CA")], "unknown", ("STATE_NOT_LISTED",)),
        (
            "UT",
            [HOME, held("AZ", status=LicenceStatus.DISCIPLINED), privilege("UT")],
            "blocked",
            ("DISCIPLINED",),
        ),
        (None, [HOME], "blocked", ("LOCATION_UNKNOWN",)),
        ("XX", [HOME], "blocked", ("LOCATION_UNKNOWN",)),
        (ABROAD, [HOME], "blocked", ("LOCATION_ABROAD",)),
        ("AE", [HOME], "blocked", ("LOCATION_ABROAD",)),
        ("TX", [], "blocked", ("LIC_NONE",)),
    ],
)
def test_cases_of_the_rule(
    state: str | None, licences: list[ProviderLicence], verdict: str, codes: tuple[str, ...]
) -> None:
    found = check(state, DAY, licences, COMPACT)
    assert (found.verdict.value, found.codes) == (verdict, codes)
    assert (found.verdict is Verdict.ALLOWED) == (not found.reasons)


@pytest.mark.parametrize(
    ("supervisor", "verdict", "codes"),
    [
        (None, "blocked", ("SUPERVISOR_MISSING",)),
        ([], "blocked", ("SUPERVISOR_NOT_PT",)),
        ([held("TX", **PTA)], "blocked", ("SUPERVISOR_NOT_PT",)),
        ([held("UT")], "blocked", ("SUPERVISOR_LIC_NONE",)),
        ([held("TX")], "allowed", ()),
    ],
)
def test_an_assistant_needs_a_therapist_who_may_practise_there(
    supervisor: list[ProviderLicence] | None, verdict: str, codes: tuple[str, ...]
) -> None:
    found = check("TX", DAY, [held("TX", **PTA)], COMPACT, supervisor=supervisor)
    assert (found.verdict.value, found.codes) == (verdict, codes)


def test_an_allowed_pairing_names_the_rows_it_rests_on() -> None:
    found = check("UT", DAY, [HOME, privilege("UT")], COMPACT)
    assert found.basis == ("pt privilege UT", "pt licence TX", "COMPACT_TX@2019-01-01")
    assert found.warnings == ()
    late = check("UT", date(2027, 1, 1), [HOME, privilege("UT")], load_compact(None))
    assert late.warnings == ()
    old = DAY + timedelta(days=100)
    running = [replace(HOME, expires_on=old), privilege("UT", expires_on=old)]
    assert [w.code for w in check("UT", old, running, COMPACT).warnings] == ["COMPACT_LIST_OLD"]


def test_a_clinics_newer_list_goes_first_from_its_date_on() -> None:
    own = load_compact(
        'checked_on = 2027-01-10\n[[state]]\nstate = "oh"\nstatus = "issuing"\n'
        'effective_from = 2026-12-02\nsource = "map"\ngrade = "primary"\n'
        '[[state]]\nstate = "TX"\nstatus = "withdrawn"\neffective_from = 2026-12-02\n'
        'source = "map"\ngrade = "primary"\n'
    )
    ohio = [held("OH", is_home=True), privilege("UT")]
    assert check("UT", DAY, ohio, own).verdict is Verdict.UNKNOWN
    after = check("UT", DAY + timedelta(1), ohio, own)
    assert after.verdict is Verdict.ALLOWED
    assert after.basis[-1] == "COMPACT_OH@2026-12-02+compact_states.toml"
    texas = check("UT", DAY + timedelta(1), [HOME, privilege("UT")], own)
    assert texas.codes == ("HOME_NOT_MEMBER",)


@pytest.mark.parametrize(
    "text",
    [
        "checked_on = ",
        "checked_on = 2027-01-10\n",
        '[[state]]\nstate = "OH"\nstatus = "member"\neffective_from = 2026-01-01\n'
        'source = "x"\ngrade = "y"\n',
        'checked_on = 2027-01-10\n[[state]]\nstate = "Ohio"\nstatus = "member"\n'
        'effective_from = 2026-01-01\nsource = "x"\ngrade = "y"\n',
        'checked_on = 2027-01-10\n[[state]]\nstate = "OH"\nstatus = "maybe"\n'
        'effective_from = 2026-01-01\nsource = "x"\ngrade = "y"\n',
        'checked_on = 2027-01-10\n[[state]]\nstate = "OH"\nstatus = "member"\n'
        'effective_from = 2026-01-01\nsource = "x"\ngrade = "y"\nfee = 45\n',
    ],
)
def test_a_wrong_list_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"compact_states\.toml"):
        load_compact(text)


def test_the_packaged_list_is_dated_and_sourced() -> None:
    assert all(row.source and row.grade and row.checked_on for row in COMPACT.rows)


LICENCES = st.builds(
    held,
    st.sampled_from(["TX", "UT", "OH", "CA"]),
    kind=st.sampled_from(LicenceKind),
    profession=st.sampled_from(Profession),
    status=st.sampled_from(LicenceStatus),
    is_home=st.booleans(),
    expires_on=st.dates(DAY - timedelta(3), DAY + timedelta(3)),
)


@given(st.sampled_from(["TX", "UT", "OH", "CA", None]), st.lists(LICENCES, max_size=5))
def test_nothing_is_allowed_without_something_that_runs_for_that_state(
    state: str | None, licences: list[ProviderLicence]
) -> None:
    found = check(state, DAY, licences, COMPACT, supervisor=[held("UT"), held("TX")])
    if found.verdict is Verdict.ALLOWED:
        running = [h for h in licences if h.state == state and h.held_on(DAY)]
        assert running
        if all(h.kind is LicenceKind.PRIVILEGE for h in running):
            homes = [h for h in licences if h.is_home and h.held_on(DAY)]
            assert any(h.kind is LicenceKind.LICENCE for h in homes)
            assert not any(h.status is LicenceStatus.DISCIPLINED for h in licences)


@given(st.sampled_from(["TX", "UT", "OH"]), st.lists(LICENCES, max_size=4), LICENCES)
def test_the_order_of_licences_does_not_matter(
    state: str, licences: list[ProviderLicence], more: ProviderLicence
) -> None:
    one, other = [*licences, more], [more, *reversed(licences)]
    assert check(state, DAY, one, COMPACT).verdict == check(state, DAY, other, COMPACT).verdict
