from hypothesis import given
from hypothesis import strategies as st

from cardiac.apps.viewer.cohort import Query, select
from cardiac.results.audit import AuditEntry

ROWS = [
    {
        "id": f"case{k:04d}",
        "patient": f"p{k // 2}",
        "view": "A4C" if k % 2 else "A2C",
        "status": "failed" if k % 97 == 5 else "ok",
        "reason": "is empty" if k % 97 == 5 else "",
        "triage": ("accept", "review", "reject")[k % 3],
        "triage_reasons": "",
        "certified": "true" if k % 5 else "false",
        "certificate": "",
        "uncertainty": "" if k % 97 == 5 else f"{(k * 37 % 100) / 100}",
        "lv_ef_percent": "" if k % 11 == 0 or k % 97 == 5 else str(20 + k * 7 % 60),
    }
    for k in range(1200)
]


def entry(case, action):
    return AuditEntry(1, "", "Ann", action, case, "", None, None)


@given(
    st.sampled_from(["", "id", "ef", "uncertainty", "triage", "review", "view"]),
    st.booleans(),
    st.integers(1, 60),
    st.integers(1, 100),
)
def test_a_page_is_never_longer_than_asked_and_pages_together_are_everything(
    sort, descending, page, size
):
    query = Query(sort=sort, descending=descending, page=page, size=size)
    rows, count = select(ROWS, {}, query)
    assert count == 1200
    assert len(rows) <= size
    pages = [
        row["id"]
        for number in range(1, -(-1200 // 100) + 1)
        for row in select(ROWS, {}, Query(sort=sort, page=number, size=100))[0]
    ]
    assert sorted(pages) == [row["id"] for row in ROWS]


def test_numbers_are_sorted_as_numbers_and_what_is_missing_comes_last():
    for descending in (False, True):
        query = Query(sort="ef", descending=descending, size=100)
        shown = [
            row["ef"]
            for page in range(1, 13)
            for row in select(ROWS, {}, Query("", "", "", "", "ef", descending, page, query.size))[
                0
            ]
        ]
        known = [float(ef) for ef in shown if ef != "–"]
        assert known == sorted(known, reverse=descending)
        assert set(shown[len(known) :]) == {"–"}


def test_filters_leave_only_what_fits():
    decided = {"case0003": entry("case0003", "reject")}
    rows, count = select(ROWS, decided, Query(review="reject"))
    assert (count, rows[0]["id"]) == (1, "case0003")
    assert select(ROWS, decided, Query(review="undecided"))[1] == 1199
    assert select(ROWS, {}, Query(triage="review"))[1] == 400
    assert select(ROWS, {}, Query(certified="no"))[1] == 240
    assert select(ROWS, {}, Query(text="CASE001"))[1] == 10
    assert select(ROWS, {}, Query(text="is empty"))[1] == sum(r["reason"] != "" for r in ROWS)


def test_nothing_is_told_by_colour_alone():
    shown, _ = select(ROWS, {}, Query(size=10))
    assert {row["triage"] for row in shown} == {"● accept", "▲ review", "■ reject"}
    assert {row["certified"] for row in shown} >= {"✓ certified", "✗ not certified"}


def test_the_list_follows_an_edit_and_keeps_the_runs_values_beside_it():
    details = {"lv_ef_percent": 94.6, "certified": False, "certificate": "frame 3: hole"}
    edit = AuditEntry(1, "", "Ann", "edit", "case0003", "", None, None, details)
    rows, _ = select(ROWS, {"case0003": edit}, Query(text="case0003"))
    assert rows[0]["ef"] == "95 (run 41)"
    assert rows[0]["certified"] == "✗ not certified (run ✓ certified)"
    assert rows[0]["triage"] == "edited (run ● accept)"
    assert rows[0]["review"] == "edited and accepted"
    assert select(ROWS, {"case0003": edit}, Query(certified="no"))[1] == 241
    first, _ = select(ROWS, {"case0003": edit}, Query(sort="ef", descending=True))
    assert first[0]["id"] == "case0003"


def test_an_ef_without_pixel_size_says_so():
    row = ROWS[1] | {"lv_ef_percent": "", "ef_area_length_uncalibrated": "61.2"}
    (shown,), _ = select([row], {}, Query())
    assert shown["ef"] == "61 (no pixel size)"
