"""The objective of the day model, term by term, in minor units. The ledger prices plans on its own; both must agree."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from frontrow.production.days import DayModel
from frontrow.production.sheet import Person

if TYPE_CHECKING:
    from ortools.sat.python import cp_model


class Costs:
    """Adds every cost term to a model; `terms` holds the expressions by name, `engaged` the performers' literals."""

    def __init__(self, days: DayModel, previous: Mapping[str, date] | None = None) -> None:
        self.days = days
        self.model = days.model
        self.sheet = days.sheet
        self.terms: dict[str, Any] = {}
        self.engaged: dict[tuple[str, int], cp_model.IntVar] = {}
        self.starts: dict[tuple[str, int], cp_model.IntVar] = {}
        self._shooting_span()
        self._cities()
        self._performers()
        self._crew()
        self._overtime()
        self._sites()
        self._equipment()
        self._extras()
        self._weather()
        self._stability(previous or {})

    def _add(self, name: str, term: Any) -> None:
        self.terms[name] = self.terms.get(name, 0) + term

    def minimise(self) -> None:
        """Make the sum of all terms the objective; a scene left out costs more than any plan saves by it."""
        price = self.days.space.facts.left_out_price
        self.model.minimize(sum(self.terms.values()) + price * sum(self.days.left_out))

    # Terms

    def _shooting_span(self) -> None:
        """`begun[d]`: shot on d or before; `later[d]`: shot after d."""
        model, shoot, days = self.model, self.days.shoot, self.days.days
        self.begun = [model.new_bool_var(f"begun_{d}") for d in days]
        self.later = [model.new_bool_var(f"later_{d}") for d in days]
        for d in days:
            model.add_implication(shoot[d], self.begun[d])
            if d:
                model.add_implication(self.begun[d - 1], self.begun[d])
                model.add(self.begun[d] <= self.begun[d - 1] + shoot[d])
                model.add_implication(shoot[d], self.later[d - 1])
                model.add_implication(self.later[d], self.later[d - 1])
                model.add(self.later[d - 1] <= self.later[d] + shoot[d])
            else:
                model.add(self.begun[0] == shoot[0])
        model.add(self.later[len(days) - 1] == 0)

    def _cities(self) -> None:
        """Where the unit is on each date; between shooting days it stays where it was. Moves and the crew's nights."""
        days, model, crew = self.days, self.model, self.sheet.crew
        self.city = {(d, c): model.new_bool_var(f"city_{d}_{c}") for d in days.days for c in days.cities}
        base = self.sheet.production.base
        fares = {pair: trip.fare * crew.heads for pair, trip in days.space.facts.trips.items()}
        for d in days.days:
            model.add_exactly_one([self.city[d, c] for c in days.cities])
            for number, mode in enumerate(days.space.modes[d]):
                model.add_implication(days.mode[d, number], self.city[d, mode.city])
            for c in days.cities:
                before = self.city[d - 1, c] if d else int(c == base)
                model.add(self.city[d, c] == before).only_enforce_if(~days.shoot[d])
        if len(days.cities) == 1:
            return
        moves = []
        for d in range(len(days.days) + 1):
            cost = model.new_int_var(0, max(fares.values()), f"city_move_{d}")
            for a in days.cities:
                for b in days.cities:
                    one = self.city[d - 1, a] if d else int(a == base)
                    other = self.city[d, b] if d < len(days.days) else int(b == base)
                    if fares[a, b]:
                        model.add(cost >= fares[a, b] * (one + other - 1))
            moves.append(cost)
        self._add("city moves", sum(moves))
        nights = []
        for d, after in pairwise(days.days):
            away = model.new_bool_var(f"crew_away_{d}")
            model.add(away >= self.later[d] - self.city[d, base])
            nights.append(crew.heads * crew.hotel * self._gap(d, after) * away)
        self._add("hotel nights", sum(nights))

    def _gap(self, d: int, after: int) -> int:
        return (self.days.space.dates[after] - self.days.space.dates[d]).days

    def _performers(self) -> None:
        for person in self.sheet.people:
            own = [s for s, scene in enumerate(self.days.space.scenes) if person.id in scene.cast]
            if own:
                self._performer(person, own)

    def _performer(self, person: Person, own: list[int]) -> None:
        """Work and hold days; one drop where allowed; flights and nights away."""
        model, days, dates = self.model, self.days, self.days.space.dates
        works: list[cp_model.IntVar] = []
        engaged: list[cp_model.IntVar] = []
        starts: list[cp_model.IntVar] = []
        for d in days.days:
            literals = [literal for s in own for literal in days.on.get((s, d), ())]
            work = model.new_bool_var(f"works_{person.id}_{d}")
            for s in own:
                if (s, d) in days.on:
                    model.add(sum(days.on[s, d]) <= work)
            model.add(sum(literals) >= work)
            here = model.new_bool_var(f"engaged_{person.id}_{d}")
            start = model.new_bool_var(f"start_{person.id}_{d}")
            model.add_implication(work, here)
            model.add_implication(start, work)
            model.add(start >= here - (engaged[-1] if engaged else 0))
            works.append(work)
            engaged.append(here)
            starts.append(start)
            self.engaged[person.id, d], self.starts[person.id, d] = here, start
        model.add(sum(starts) <= (2 if person.drop else 1))
        ends = []
        for d in days.days:
            end = model.new_bool_var(f"end_{person.id}_{d}")
            model.add(end >= engaged[d] - (engaged[d + 1] if d + 1 < len(engaged) else 0))
            model.add_implication(end, works[d])
            ends.append(end)
            if person.drop:
                for other in range(d + 2, len(engaged)):
                    if (dates[other] - dates[d]).days < person.drop_days:
                        model.add_implication(end, ~engaged[other])
                if d + 1 < len(engaged):
                    model.add_implication(end, ~engaged[d + 1])
        self._add("wages", person.wage * sum(works))
        self._add("holds", person.hold_pay * (sum(engaged) - sum(works)))
        home = person.home or self.sheet.production.base
        if any(city != home for city in days.cities):
            if person.home:
                self._flights(person, starts, ends)
            self._nights(person, home, engaged)

    def _flights(self, person: Person, starts: list[cp_model.IntVar], ends: list[cp_model.IntVar]) -> None:
        """From home to the first city of each engagement and back from its last."""
        trips, days = self.days.space.facts.trips, self.days
        fares = {city: trips[person.home, city].fare for city in days.cities}
        if len(set(fares.values())) == 1:
            self._add("flights", next(iter(fares.values())) * (sum(starts) + sum(ends)))
            return
        flights = []
        for d in days.days:
            for event in (starts[d], ends[d]):
                cost = self.model.new_int_var(0, max(fares.values()), f"flight_{person.id}_{d}")
                for city, fare in fares.items():
                    if fare:
                        self.model.add(cost >= fare * (event + self.city[d, city] - 1))
                flights.append(cost)
        self._add("flights", sum(flights))

    def _nights(self, person: Person, home: str, engaged: list[cp_model.IntVar]) -> None:
        nights = []
        for d, after in pairwise(self.days.days):
            away = self.model.new_bool_var(f"away_{person.id}_{d}")
            at_home = self.city[d, home] if home in self.days.cities else 0
            self.model.add(away >= engaged[d] + engaged[after] - 1 - at_home)
            nights.append(self.sheet.crew.hotel * self._gap(d, after) * away)
        self._add("hotel nights", sum(nights))

    def _crew(self) -> None:
        crew, shoot = self.sheet.crew, self.days.shoot
        self._add("crew", crew.day * sum(shoot))
        idle = round(crew.day * crew.idle / 100)
        waits = []
        for d in self.days.days:
            waiting = self.model.new_bool_var(f"idle_{d}")
            self.model.add(waiting >= self.begun[d] + self.later[d] - 1 - shoot[d])
            waits.append(waiting)
        self._add("idle days", idle * sum(waits))
        self._add("forced calls", crew.forced_call * sum(self.days.forced.values()))

    def _overtime(self) -> None:
        crew, pack = self.sheet.crew, self.days.pack
        unit = pack.overtime_unit_minutes
        for number, step in enumerate(pack.overtime):
            price = round(crew.day / crew.hours * unit / 60 * step.percent / 100)
            units = []
            for d in self.days.days:
                count = self.model.new_int_var(0, 24 * 60 // unit, f"overtime_{number}_{d}")
                self.model.add(count * unit >= self.days.worked[d] - step.after_minutes)
                units.append(count)
            self._add("overtime", price * sum(units))

    def _sites(self) -> None:
        """Fees and permits of each day, and for each visit the company move, the preparation and the strike."""
        for (site, d), used in self.days.used.items():
            place = self.days.space.sites[site]
            self._add("site fees", place.fee * used)
            self._add("permits", place.permit_fee * used)
            visit = self.model.new_bool_var(f"visit_{site}_{d}")
            self.model.add(visit >= used - self.days.used.get((site, d - 1), 0))
            self._add("company moves", self.sheet.crew.move * visit)
            self._add("preparation and strike", place.fee * (place.prep_days + place.strike_days) * visit)

    def _equipment(self) -> None:
        for need, price in self.sheet.crew.needs.items():
            own = [s for s, scene in enumerate(self.days.space.scenes) if need in scene.needs]
            for d in self.days.days:
                literals = [literal for s in own for literal in self.days.on.get((s, d), ())]
                if literals and price:
                    rented = self.model.new_bool_var(f"need_{need}_{d}")
                    for literal in literals:
                        self.model.add_implication(literal, rented)
                    self._add("equipment", price * rented)

    def _extras(self) -> None:
        for option, literal in self.days.place.items():
            extras = self.days.space.scenes[option.scene].extras * self.sheet.crew.extra
            if extras:
                self._add("extras", extras * literal)

    def _weather(self) -> None:
        space = self.days.space
        for option, literal in self.days.place.items():
            loss = space.facts.loss(space.scenes[option.scene], space.sites[option.site], space.dates[option.day])
            if loss:
                self._add("expected weather loss", loss * literal)

    def _stability(self, previous: Mapping[str, date]) -> None:
        price = self.sheet.risk.stability
        for option, literal in self.days.place.items():
            was = previous.get(self.days.space.scenes[option.scene].id)
            if was is not None and was != self.days.space.dates[option.day] and price:
                self._add("stability", price * literal)
