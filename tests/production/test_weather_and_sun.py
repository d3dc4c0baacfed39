"""Light with its polar cases, rain that clusters, and what it does to a plan."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from frontrow.errors import InputError
from frontrow.production import ledger, risk, sun, travel, weather
from frontrow.production.sheet import History


def clock(minutes: int, zone: str) -> str:
    return f"{sun.moment(minutes, zone):%H:%M}"


def test_berlin_at_midsummer_agrees_with_the_almanac():
    light = sun.light(52.5, 13.4, date(2026, 6, 21), "Europe/Berlin")
    assert clock(light.sunrise, "Europe/Berlin") in {"04:42", "04:43", "04:44"}
    assert clock(light.sunset, "Europe/Berlin") in {"21:32", "21:33", "21:34"}
    assert light.dawn < light.sunrise < light.sunset < light.dusk < light.next_dawn


@pytest.mark.parametrize(
    ("lat", "day", "daylight", "dark", "note"),
    [
        (69.6, date(2026, 6, 21), True, False, "never sets"),
        (69.6, date(2026, 12, 21), False, True, "never rises"),
        (78.2, date(2026, 12, 21), False, True, "no twilight"),
        (52.5, date(2026, 12, 21), True, True, ""),
        (-33.9, date(2026, 12, 21), True, True, ""),
        (89.9, date(2026, 3, 20), True, False, ""),
    ],
)
def test_polar_days_and_nights_are_told(lat: float, day: date, daylight: bool, dark: bool, note: str):
    light = sun.light(lat, 18.9, day, "UTC")
    assert (light.daylight is not None, light.dark is not None) == (daylight, dark)
    assert note in light.note


def test_white_nights_say_that_it_does_not_get_dark():
    light = sun.light(64.0, 18.9, date(2026, 6, 21), "Europe/Stockholm")
    assert light.daylight is not None
    assert light.dark is None
    assert "does not get dark" in light.note


def test_minutes_run_on_through_the_change_of_the_clock():
    before = sun.local_minutes(date(2026, 3, 28), 0, "Europe/Berlin")
    assert sun.local_minutes(date(2026, 3, 29), 0, "Europe/Berlin") - before == 1440
    assert sun.local_minutes(date(2026, 3, 30), 0, "Europe/Berlin") - before == 1440 + 1380


def record(years: int, stay: float, rng: np.random.Generator) -> dict[date, bool]:
    day, wet, found = date(2000, 1, 1), False, {}
    for _ in range(365 * years):
        wet = bool(rng.random() < (stay if wet else 0.2))
        found[day] = wet
        day += timedelta(days=1)
    return found


def test_the_chain_learns_that_wet_days_cluster():
    chain = weather.fit(record(6, 0.7, np.random.default_rng(0)))
    means = chain.wet / (chain.wet + chain.dry)
    assert np.allclose(means[:, 1].mean(), 0.7, atol=0.04)
    assert np.allclose(means[:, 0].mean(), 0.2, atol=0.03)
    assert chain.odds(6) == pytest.approx(0.2 / 0.5, abs=0.12)


def test_drawn_years_have_the_records_share_of_wet_days_and_their_runs():
    chain = weather.fit(record(6, 0.7, np.random.default_rng(0)))
    days = [date(2026, 4, 1) + timedelta(days=n) for n in range(60)]
    wet = chain.draw(days, 4000, np.random.default_rng(1))
    assert wet.mean() == pytest.approx(0.4, abs=0.06)
    assert wet[:, 1:][wet[:, :-1]].mean() > 0.6


def test_a_station_without_records_takes_the_share_of_the_sheet():
    chain = weather.constant(0.3)
    wet = chain.draw([date(2026, 1, 1) + timedelta(days=n) for n in range(30)], 3000, np.random.default_rng(0))
    assert wet.mean() == pytest.approx(0.3, abs=0.02)


def test_history_is_read_in_its_unit_and_faults_are_named():
    history = History("S", "rain.csv", "DATE", "RAIN", "cm")
    assert weather.read_history("DATE,RAIN\n20000101,0.25\n20000102,\n", history) == {date(2000, 1, 1): 2.5}
    with pytest.raises(InputError, match=r"rain.csv:2"):
        weather.read_history("DATE,RAIN\n2000-13-01,1\n", history)
    with pytest.raises(InputError, match="no column 'RAIN'"):
        weather.read_history("DATE,X\n", history)


def test_cover_saves_the_exterior_for_the_price_of_a_move():
    day = date(2026, 5, 4)
    covered = risk.Exposure(day, "", 100, 5000.0, 150, 40)
    bare = risk.Exposure(day + timedelta(days=1), "", 100, 7000.0, 150, 40)
    wet = np.array([[True, False], [True, True], [False, True], [False, False]])
    assert risk.losses([covered, bare], wet).tolist() == [40.0, 7040.0, 40.0, 0.0]


def test_the_outlook_lies_between_no_rain_and_rain_every_day(film, solved):
    outlook = risk.simulate(film, solved.plan, 1_000_000, 50_000, np.random.default_rng(0), runs=2000)
    worst = 1_000_000 + sum(max(exposure.loss, exposure.swap) for exposure in risk.exposures(film, solved.plan))
    assert 1_000_000 <= outlook.p50 <= outlook.p90 <= worst
    assert 0 <= outlook.overrun <= 1
    assert outlook == risk.simulate(film, solved.plan, 1_000_000, 50_000, np.random.default_rng(0), runs=2000)


def test_without_cover_the_expected_loss_of_the_ledger_is_the_mean_of_the_runs(film, solved):
    bare = [replace(exposure, cover_minutes=0) for exposure in risk.exposures(film, solved.plan)]
    lost = risk.losses(bare, risk.draw(film, bare, 20_000, np.random.default_rng(0)))
    expected = ledger.price(film, solved.plan).by_item()["expected weather loss"]
    assert lost.mean() == pytest.approx(expected, rel=0.05)


def test_candidates_are_ranked_over_the_same_weather(film, solved):
    ranked = risk.rank(film, [(solved.plan, 2_000_000), (solved.plan, 1_000_000)], np.random.default_rng(0))
    assert [index for index, _ in ranked] == [1, 0]
    assert ranked[1][1] - ranked[0][1] == 1_000_000


def test_a_trip_comes_from_the_table_or_is_marked_an_estimate(film):
    trips = travel.trips(film.sheet)
    assert trips["Hamburg", "Berlin"].hours == 2.5
    assert trips["Hamburg", "Berlin"].sources["fare"] == "user"
    assert travel.distance_km((53.55, 9.99), (48.14, 11.58)) == pytest.approx(612, abs=5)
