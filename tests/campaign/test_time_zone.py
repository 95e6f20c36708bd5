"""The campaign's day: it begins and ends at midnight in its time zone, in summer, in winter and when clocks change."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from petition.campaign.appeal import Appeal
from petition.campaign.campaign import Campaign, CampaignState, load_campaign
from petition.core import time_zones
from petition.core.errors import DataError
from petition.core.languages import Language
from petition.core.toml_tables import Table
from petition.retention import destruction_day
from tests.conftest import Clock
from tests.web.tools import campaign

OPEN, PASSED = CampaignState.OPEN, CampaignState.PASSED
SECOND = timedelta(seconds=1)
NAMES = sorted(name for name in available_timezones() if time_zones._NAME.fullmatch(name))
ZONES = st.sampled_from(NAMES).map(ZoneInfo)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC))


def _campaign(day: date, zone: str | ZoneInfo = "Europe/Brussels") -> Campaign:
    return replace(Appeal().campaign, deadline=day, zone=ZoneInfo(zone) if isinstance(zone, str) else zone)


@pytest.mark.parametrize(
    ("deadline", "zone", "end"),
    [
        (date(2027, 2, 15), "Europe/Brussels", "2027-02-15T23:00:00Z"),
        (date(2027, 7, 15), "Europe/Brussels", "2027-07-15T22:00:00Z"),
        (date(2027, 3, 27), "Europe/Brussels", "2027-03-27T23:00:00Z"),
        (date(2027, 3, 28), "Europe/Brussels", "2027-03-28T22:00:00Z"),  # a day of 23 hours
        (date(2027, 10, 30), "Europe/Brussels", "2027-10-30T22:00:00Z"),
        (date(2027, 10, 31), "Europe/Brussels", "2027-10-31T23:00:00Z"),  # a day of 25 hours
        (date(2027, 2, 15), "UTC", "2027-02-16T00:00:00Z"),
        (date(2027, 2, 15), "Pacific/Kiritimati", "2027-02-15T10:00:00Z"),
        (date(2027, 2, 15), "America/New_York", "2027-02-16T05:00:00Z"),
        (date(2027, 4, 29), "Africa/Cairo", "2027-04-29T22:00:00Z"),  # a midnight that does not exist: 01:00 follows
    ],
)
def test_the_deadline_has_passed_at_midnight_of_its_zone(deadline: date, zone: str, end: str) -> None:
    campaign_, moment = _campaign(deadline, zone), datetime.fromisoformat(end)
    assert campaign_.end == moment
    assert [campaign_.state(at) for at in (moment - SECOND, moment)] == [OPEN, PASSED]


def test_every_day_begins_there() -> None:
    """Of Brussels, on a summer evening of UTC."""
    day, moment = date(2027, 7, 1), datetime(2027, 6, 30, 22, tzinfo=UTC)
    for name, before, after in (
        ("opens", CampaignState.BEFORE, OPEN),
        ("met", OPEN, CampaignState.MET),
        ("archived", OPEN, CampaignState.ARCHIVED),
    ):
        dates: dict[str, Any] = {name: day}
        campaign_ = replace(Appeal().campaign, **dates)
        assert [campaign_.state(at) for at in (moment - SECOND, moment)] == [before, after]


@given(ZONES, MOMENTS)
def test_in_any_zone_a_deadline_ends_once(zone: ZoneInfo, moment: datetime) -> None:
    campaign_ = _campaign(moment.astimezone(zone).date(), zone)
    assert campaign_.state(moment) is OPEN
    assert campaign_.end is not None
    assert timedelta(0) < campaign_.end - moment <= timedelta(hours=26)
    assert [campaign_.state(at) for at in (campaign_.end - SECOND, campaign_.end)] == [OPEN, PASSED]
    assert campaign_.state(campaign_.end + timedelta(hours=3)) is PASSED


@given(ZONES, MOMENTS)
def test_nothing_is_destroyed_before_the_deadline_has_passed_and_all_on_the_day(
    zone: ZoneInfo, moment: datetime
) -> None:
    local = moment.astimezone(zone).date()
    campaign_ = _campaign(local - timedelta(1), zone)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("petition.core.clock.time_source", moment.timestamp)
        if destruction_day.has_come(local, campaign_):
            assert campaign_.state(moment) is PASSED
        assert not destruction_day.has_come(local + timedelta(1), campaign_), "never before the day"
        assert destruction_day.has_come(min(local, moment.date()), campaign_)


def test_in_brussels_the_destruction_day_begins_when_it_did(time: Clock) -> None:
    campaign_, day = _campaign(date(2027, 2, 1)), date(2027, 12, 31)
    time.moment = datetime(2027, 12, 30, 23, 59, 59, tzinfo=UTC)
    assert not destruction_day.has_come(day, campaign_)
    time.advance(seconds=1)
    assert destruction_day.has_come(day, campaign_)


def test_without_a_line_it_is_brussels(tmp_path: Path) -> None:
    assert load_campaign(campaign(tmp_path / "default") / "campaign.toml").zone.key == "Europe/Brussels"
    kyiv = campaign(tmp_path / "kyiv", zone='"Europe/Kyiv"')
    assert load_campaign(kyiv / "campaign.toml").zone.key == "Europe/Kyiv"


@pytest.mark.parametrize(
    "name",
    ["Europe/Bruxelles", "Europe", "Europe/", "CET", "Etc/GMT+1", "+01:00", "europe/brussels", "../../etc/passwd"],
)
def test_a_zone_that_is_not_known_is_refused_with_what_to_do(name: str, tmp_path: Path) -> None:
    folder = campaign(tmp_path / "campaign", zone=f'"{name}"')
    with pytest.raises(DataError) as error:
        load_campaign(folder / "campaign.toml")
    assert str(error.value).startswith(f'campaign.toml, dates: zone, "{name}", is not known on this machine: ')
    assert 'such as "Europe/Brussels"' in str(error.value)


def test_a_machine_without_the_list_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> ZoneInfo:
        raise ZoneInfoNotFoundError(name)

    monkeypatch.setattr(time_zones, "ZoneInfo", missing)
    with pytest.raises(DataError, match="apt install tzdata"):
        time_zones.read_zone(Table("campaign.toml, dates", {}))


@pytest.mark.parametrize(
    ("code", "zone", "city"),
    [
        ("en", "Europe/Brussels", "Brussels"),
        ("pl", "Europe/Brussels", "Bruksela"),
        ("be", "Europe/Brussels", "Брусель"),
        ("el", "Europe/Brussels", "Βρυξέλλες"),
        ("de", "Europe/Kyiv", "Kiew"),
        ("de", "Europe/Kiev", "Kiew"),
        ("en", "America/New_York", "New York"),
        ("en", "America/Argentina/Buenos_Aires", "Buenos Aires"),
        ("pl", "UTC", "UTC"),
    ],
)
def test_a_zone_has_the_name_of_its_city_in_each_language(code: str, zone: str, city: str) -> None:
    assert time_zones.city(ZoneInfo(zone), Language(code, {}).locale) == city


@given(ZONES, st.sampled_from(["en_GB", "be", "mt", "ru", "pt_PT"]))
def test_every_zone_has_some_name(zone: ZoneInfo, locale: str) -> None:
    assert time_zones.city(zone, Locale.parse(locale)).strip()
