"""Which dates can be shooting days: offline holidays, days off and dates off taken out."""

from __future__ import annotations

from datetime import date, timedelta

from frontrow.production.sheet import Calendar


def free_dates(calendar: Calendar) -> dict[date, str]:
    """Dates between start and end on which nobody shoots, with the reason.

    Raises NotImplementedError for a country whose holidays are unknown.
    """
    public: dict[date, str] = {}
    if calendar.holidays:
        import holidays

        years = range(calendar.start.year, calendar.end.year + 1)
        public = dict(holidays.country_holidays(calendar.holidays, years=years))
    reasons = {}
    day = calendar.start
    while day <= calendar.end:
        if day in calendar.dates_off:
            reasons[day] = "date off"
        elif day.weekday() in calendar.days_off:
            reasons[day] = "day off"
        elif day in public:
            reasons[day] = f"holiday: {public[day]}"
        day += timedelta(days=1)
    return reasons


def shooting_dates(calendar: Calendar) -> list[date]:
    """Every date that can be a shooting day, in order."""
    free = free_dates(calendar)
    span = (calendar.end - calendar.start).days + 1
    return [day for offset in range(span) if (day := calendar.start + timedelta(days=offset)) not in free]
