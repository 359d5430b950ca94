"""Due times: cron as crontab(5) has it, across changes of the clocks, and intervals."""

from __future__ import annotations

import datetime as dt

import pytest

from cmdb.errors import Invalid
from discovery.scheduler import CronRule, IntervalRule, Rule, latest_due


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def dues(rule: Rule, after: str, count: int) -> list[str]:
    found, at = [], utc(after)
    for _ in range(count):
        due = rule.next_after(at)
        assert due is not None
        found.append(due.strftime("%Y-%m-%d %H:%M"))
        at = due
    return found


def test_a_nightly_rule_in_winter_and_summer_keeps_its_wall_clock_time() -> None:
    rule = CronRule("0 3 * * *", "Europe/Berlin")
    assert dues(rule, "2026-01-10 12:00", 1) == ["2026-01-11 02:00"]
    assert dues(rule, "2026-07-10 12:00", 1) == ["2026-07-11 01:00"]


def test_sunday_is_0_and_7_and_sun() -> None:
    sundays = ["2026-03-01 03:00", "2026-03-08 03:00"]
    for day in ("0", "7", "sun", "SUN"):
        assert dues(CronRule(f"0 3 * * {day}", "UTC"), "2026-02-25 00:00", 2) == sundays


def test_weekdays_by_number_are_monday_to_friday() -> None:
    found = dues(CronRule("30 6 * * 1-5", "UTC"), "2026-02-27 07:00", 3)
    assert found == ["2026-03-02 06:30", "2026-03-03 06:30", "2026-03-04 06:30"]


def test_a_step_of_weekdays_counts_from_sunday() -> None:
    found = dues(CronRule("0 0 * * */3", "UTC"), "2026-03-01 12:00", 3)
    assert found == ["2026-03-04 00:00", "2026-03-07 00:00", "2026-03-08 00:00"]


def test_of_day_of_month_and_day_of_week_either_suffices() -> None:
    found = dues(CronRule("0 0 13 * 5", "UTC"), "2026-03-01 00:00", 4)
    assert found == ["2026-03-06 00:00", "2026-03-13 00:00", "2026-03-20 00:00", "2026-03-27 00:00"]
    assert dues(CronRule("0 0 14 * 5", "UTC"), "2026-03-13 00:00", 1) == ["2026-03-14 00:00"]


def test_a_job_at_an_hour_that_the_clocks_skip_runs_once_an_hour_later_on_the_wall() -> None:
    found = dues(CronRule("30 2 * * *", "Europe/Berlin"), "2026-03-28 12:00", 2)
    assert found == ["2026-03-29 01:30", "2026-03-30 00:30"]


def test_a_job_at_an_hour_that_the_clocks_repeat_runs_once() -> None:
    found = dues(CronRule("30 2 * * *", "Europe/Berlin"), "2026-10-24 12:00", 2)
    assert found == ["2026-10-25 00:30", "2026-10-26 01:30"]


def test_a_job_at_every_hour_keeps_pace_through_both_changes_of_the_clocks() -> None:
    rule = CronRule("*/30 * * * *", "Europe/Berlin")
    assert dues(rule, "2026-10-24 23:45", 6) == [
        "2026-10-25 00:00",
        "2026-10-25 00:30",
        "2026-10-25 01:00",
        "2026-10-25 01:30",
        "2026-10-25 02:00",
        "2026-10-25 02:30",
    ]
    assert dues(rule, "2026-03-29 00:15", 4) == [
        "2026-03-29 00:30",
        "2026-03-29 01:00",
        "2026-03-29 01:30",
        "2026-03-29 02:00",
    ]


def test_a_leap_day_is_found_years_ahead() -> None:
    assert dues(CronRule("0 0 29 2 *", "UTC"), "2026-03-01 00:00", 1) == ["2028-02-29 00:00"]


@pytest.mark.parametrize(
    ("expression", "word"),
    [
        ("0 3 * *", "4 fields"),
        ("0 0 3 * * *", "6 fields"),
        ("60 3 * * *", "60"),
        ("0 24 * * *", "24"),
        ("0 3 * * 8", "day_of_week"),
        ("0 3 * * fri-mon", "day_of_week"),
        ("0 3 * * */0", "day_of_week"),
        ("0 3 * * 1-", "day_of_week"),
        ("0 3 30 2 *", "never"),
        ("a 3 * * *", "a"),
        ("0 3 ? * *", "day"),
        ("@daily", "1 fields"),
    ],
)
def test_a_cron_rule_that_cannot_be_right_is_refused_with_its_fault(expression: str, word: str) -> None:
    with pytest.raises(Invalid) as caught:
        CronRule(expression, "UTC")
    assert caught.value.place == "cron"
    assert word in caught.value.message


@pytest.mark.parametrize("name", ["Mars/Olympus", "../etc/passwd", "", "Europe"])
def test_an_unknown_time_zone_is_refused(name: str) -> None:
    with pytest.raises(Invalid) as caught:
        CronRule("0 3 * * *", name)
    assert caught.value.place == "timezone"


def test_an_interval_counts_from_its_start() -> None:
    rule = IntervalRule(90, utc("2026-03-01 00:00"))
    assert rule.next_after(utc("2026-02-01 00:00")) == utc("2026-03-01 00:01:30")
    assert rule.next_after(utc("2026-03-01 00:01:30")) == utc("2026-03-01 00:03:00")
    assert rule.next_after(utc("2026-03-01 00:02:00")) == utc("2026-03-01 00:03:00")


def test_of_many_missed_due_times_the_newest_counts() -> None:
    rule = CronRule("*/5 * * * *", "UTC")
    newest = latest_due(rule, after=utc("2021-06-01 00:00"), until=utc("2026-03-01 10:03"))
    assert newest == utc("2026-03-01 10:00")
    yearly = CronRule("0 0 1 1 *", "UTC")
    assert latest_due(yearly, after=utc("2022-06-01 00:00"), until=utc("2026-03-01 10:03")) == utc("2026-01-01 00:00")


def test_nothing_is_due_before_the_first_due_time() -> None:
    rule = CronRule("0 3 * * *", "UTC")
    assert latest_due(rule, after=utc("2026-03-01 03:00"), until=utc("2026-03-02 02:59")) is None
    assert latest_due(rule, after=utc("2026-03-01 03:00"), until=utc("2026-03-02 03:00")) == utc("2026-03-02 03:00")
