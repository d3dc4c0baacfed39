"""The day model in CP-SAT: which scene on which date, where and in which light, so that nothing is broken.

This file holds the rules; `costs` adds the money. Every constraint belongs to a named rule. With `relaxable` each rule
hangs on a literal of its own, so that a set of rules that cannot hold together can be found (`infeasibility`).
Times are minutes after the local midnight of the first city on each date.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from frontrow.production.options import Mode, Option, Space, kinds_of, light_class

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

_LATEST = 2 * 24 * 60  # no wrap is later than the second midnight


class DayModel:
    """Variables and rules; the attributes are what costs, hints and solutions are read from."""

    def __init__(self, space: Space, *, relaxable: bool = False) -> None:
        from ortools.sat.python import cp_model

        self.space = space
        self.sheet = space.facts.sheet
        self.pack = space.facts.pack
        self.calendar = self.sheet.calendar
        self.model = cp_model.CpModel()
        self.relaxable = relaxable
        self.rules: dict[str, cp_model.IntVar] = {}
        self.days = range(len(space.dates))
        self.cities = list(dict.fromkeys([*(site.city for site in space.sites), self.sheet.production.base]))
        self._variables()
        self._every_scene_once()
        self._one_site_plays_a_set()
        self._modes()
        self._hours()
        self._light()
        self._rest()
        self._week()
        self._orders()
        self._minors()
        self._permit_hours()

    # Variables

    def _variables(self) -> None:
        model, space = self.model, self.space
        self.place: dict[Option, cp_model.IntVar] = {}  # scene on date at site
        for scene, sites in enumerate(space.candidates):
            for day in self.days:
                for site in sites:
                    option = Option(scene, day, site)
                    blockers = space.blockers(option)
                    if blockers and not self.relaxable:
                        continue
                    literal = model.new_bool_var(f"place_{scene}_{day}_{site}")
                    self.place[option] = literal
                    for rule in blockers:
                        model.add_implication(self.rule(rule), ~literal)
        self.on: dict[tuple[int, int], list[cp_model.IntVar]] = {}  # scene on date: its literals
        self.there: dict[tuple[int, int], list[cp_model.IntVar]] = {}  # site on date: literals of scenes there
        for option, literal in self.place.items():
            self.on.setdefault((option.scene, option.day), []).append(literal)
            self.there.setdefault((option.site, option.day), []).append(literal)
        self.used = {key: model.new_bool_var(f"used_{key[0]}_{key[1]}") for key in self.there}
        for (site, day), literals in self.there.items():
            for literal in literals:
                model.add_implication(literal, self.used[site, day])
            model.add(sum(literals) >= 1).only_enforce_if(self.used[site, day])
        self.left_out = (
            [] if self.relaxable else [model.new_bool_var(f"left_out_{s}") for s in range(len(space.scenes))]
        )
        self.mode = {
            (day, number): model.new_bool_var(f"mode_{day}_{mode.kind}_{mode.city}")
            for day in self.days
            for number, mode in enumerate(space.modes[day])
        }
        self.shoot = [model.new_bool_var(f"shoot_{day}") for day in self.days]
        self.moves = [model.new_int_var(0, self.calendar.sites_a_day - 1, f"moves_{day}") for day in self.days]
        self.moved = [model.new_bool_var(f"moved_{day}") for day in self.days]
        self.call = [model.new_int_var(-720, _LATEST, f"call_{day}") for day in self.days]
        self.wrap = [model.new_int_var(-720, _LATEST, f"wrap_{day}") for day in self.days]

    def rule(self, name: str) -> cp_model.IntVar:
        """The literal of a rule; true unless rules are relaxed."""
        if name not in self.rules:
            self.rules[name] = self.model.new_bool_var(name) if self.relaxable else self.model.new_constant(1)
        return self.rules[name]

    def require(self, rule: str, constraint: Any, conditions: Iterable[Any] = ()) -> None:
        """Add a constraint that holds while `rule` and all `conditions` do."""
        literals = [*conditions, *([self.rule(rule)] if self.relaxable else [])]
        added = self.model.add(constraint)
        if literals:
            added.only_enforce_if(literals)

    def minutes(self, day: int, scenes: Iterable[int]) -> Any:
        """Minutes of those scenes on that date, as a linear expression."""
        return sum(self.space.scenes[s].minutes * literal for s in scenes for literal in self.on.get((s, day), ()))

    def zero(self, day: int) -> int:
        """The midnight (UTC minutes) from which the times of that date count."""
        return self.space.modes[day][0].zero

    def shift(self, day: int, mode: Mode) -> int:
        """What to add to a mode's times to count from `zero`."""
        return mode.zero - self.zero(day)

    # Rules

    def _every_scene_once(self) -> None:
        by_scene: dict[int, list[cp_model.IntVar]] = {scene: [] for scene in range(len(self.space.scenes))}
        for option, literal in self.place.items():
            by_scene[option.scene].append(literal)
        for scene, literals in by_scene.items():
            self.model.add_exactly_one([*literals, *(self.left_out[scene : scene + 1])])

    def _one_site_plays_a_set(self) -> None:
        """A set looks the same in all its scenes, so one site plays it throughout."""
        self.plays: dict[tuple[str, int], cp_model.IntVar] = {}
        for option, literal in self.place.items():
            scene = self.space.scenes[option.scene]
            if len(self.space.candidates[option.scene]) > 1:
                key = (scene.set, option.site)
                if key not in self.plays:
                    self.plays[key] = self.model.new_bool_var(f"plays_{key[0]}_{key[1]}")
                self.model.add_implication(literal, self.plays[key])
        for name in dict.fromkeys(name for name, _ in self.plays):
            self.model.add_at_most_one([literal for (other, _), literal in self.plays.items() if other == name])

    def _modes(self) -> None:
        """A date has one mode when it is shot on; sites are in its city; a scene has its light."""
        model, modes = self.model, self.space.modes
        for day in self.days:
            literals = [self.mode[day, number] for number in range(len(modes[day]))]
            model.add(sum(literals) == self.shoot[day])
            used = [(site, literal) for (site, d), literal in self.used.items() if d == day]
            model.add(sum(literal for _, literal in used) >= 1).only_enforce_if(self.shoot[day])
            count = sum(literal for _, literal in used)
            self.require(f"at most {self.calendar.sites_a_day} sites a day", count - self.shoot[day] == self.moves[day])
            model.add(self.moves[day] == 0).only_enforce_if(~self.moved[day])
            model.add(self.moves[day] >= 1).only_enforce_if(self.moved[day])
            by_city: dict[str, list[cp_model.IntVar]] = {}
            for number, mode in enumerate(modes[day]):
                by_city.setdefault(mode.city, []).append(self.mode[day, number])
                if mode.kind in {"dawn", "dusk"}:
                    model.add_implication(self.mode[day, number], ~self.moved[day])
                if mode.kind != "day":  # dark and twilight only for scenes that want them
                    wanting = [literal for (s, d), ls in self.on.items() if d == day for literal in ls
                               if self.space.scenes[s].exterior and self.space.scenes[s].time == mode.kind]  # fmt: skip
                    model.add(sum(wanting) >= self.mode[day, number])
            for site, literal in used:
                model.add(sum(by_city.get(self.space.sites[site].city, [])) >= literal)
        for option, literal in self.place.items():
            scene = self.space.scenes[option.scene]
            if scene.exterior:
                city, kinds = self.space.sites[option.site].city, kinds_of(scene)
                fitting = [
                    self.mode[option.day, number]
                    for number, mode in enumerate(modes[option.day])
                    if mode.city == city and mode.kind in kinds and self.space.fits(mode, scene)
                ]
                self.require(f"light of scene {scene.id} ({scene.time} exterior)", sum(fitting) >= literal)

    def _hours(self) -> None:
        """Hours of the unit from call to wrap, and of each performer in scenes."""
        calendar, scenes = self.calendar, self.space.scenes
        self.worked = []
        for day in self.days:
            scene_minutes = self.minutes(day, range(len(scenes)))
            worked = (
                scene_minutes
                + (calendar.setup_minutes + calendar.meal_minutes) * self.shoot[day]
                + calendar.move_minutes * self.moves[day]
            )
            self.worked.append(worked)
            self.require(
                f"at most {calendar.max_hours} hours a day", worked <= calendar.max_hours * 60 * self.shoot[day]
            )
            self.model.add(worked <= 24 * 60 * self.shoot[day])
            self.model.add(self.wrap[day] - self.call[day] == worked)
            for number, mode in enumerate(self.space.modes[day]):
                moment = self.wrap[day] if mode.kind == "dusk" else self.call[day]
                self.model.add(moment == mode.fixed + self.shift(day, mode)).only_enforce_if(self.mode[day, number])
        for person in self.sheet.people:
            own = [s for s, scene in enumerate(scenes) if person.id in scene.cast]
            if sum(scenes[s].minutes for s in own) > person.hours * 60:
                for day in self.days:
                    self.require(f"hours of {person.id}", self.minutes(day, own) <= person.hours * 60)

    def _light(self) -> None:
        """Exteriors of a day fit into its light; so does everything on a day with several sites or a forced order."""
        calendar, scenes = self.calendar, self.space.scenes
        overhead = calendar.setup_minutes + calendar.meal_minutes
        classes: dict[str, list[int]] = {}
        for index, scene in enumerate(scenes):
            classes.setdefault(light_class(scene), []).append(index)
        outside = [s for s, scene in enumerate(scenes) if scene.exterior]
        self.mixed = [self.model.new_bool_var(f"mixed_{day}") for day in self.days]
        for day in self.days:
            any_outside = [literal for s in outside for literal in self.on.get((s, day), ())]
            for literal in any_outside:
                self.model.add_bool_or(~literal, ~self.moved[day], self.mixed[day])
            for number, mode in enumerate(self.space.modes[day]):
                here = [self.mode[day, number]]
                magic = classes.get(mode.kind, []) if mode.kind in {"dawn", "dusk"} else []
                open_air = classes.get("night" if mode.kind == "night" else "day", [])
                length = mode.light - mode.fixed
                if mode.kind == "dusk":
                    total = calendar.meal_minutes + self.minutes(day, [*open_air, *magic])
                    length = mode.fixed - mode.light
                else:
                    total = overhead + self.minutes(day, [*open_air, *magic])
                if any((s, day) in self.on for s in [*open_air, *magic]):
                    exterior_total = total if mode.exteriors else self.minutes(day, open_air)
                    limit = length if mode.exteriors else 0
                    # A day without exteriors has nothing to fit, however short the light.
                    slack = max(0, overhead - limit)
                    self.require("light of exteriors on one day", exterior_total <= limit + slack, here)
                if magic:
                    filled = sum(
                        self.space.magic(mode, scenes[s]) * x for s in magic for x in self.on.get((s, day), ())
                    )
                    self.require(f"twilight of {mode.kind} scenes on one day", filled <= mode.magic, here)
                if mode.kind in {"dawn", "dusk"}:
                    self.model.add_implication(self.mode[day, number], ~self.mixed[day])
                else:
                    self.require(
                        "light of exteriors on one day", self.worked[day] <= max(0, length), [*here, self.mixed[day]]
                    )

    def _rest(self) -> None:
        """Between wrap and the next call lie the rest and the way to another city; short rest is a forced call."""
        self.forced: dict[int, cp_model.IntVar] = {}
        for day, after in pairwise(self.days):
            if (self.space.dates[after] - self.space.dates[day]).days > 1:
                continue
            self.forced[day] = self.model.new_bool_var(f"forced_call_{day}")
            offset = self.zero(after) - self.zero(day)
            both = [self.shoot[day], self.shoot[after]]
            rest = self.call[after] + offset - self.wrap[day]
            self.require("rest between days", rest >= self.pack.least_rest_minutes, both)
            self.model.add(rest >= self.pack.rest_minutes).only_enforce_if([*both, ~self.forced[day]])
            for a, one in enumerate(self.space.modes[day]):
                for b, other in enumerate(self.space.modes[after]):
                    hours = self.space.facts.trips[one.city, other.city].hours
                    if hours:
                        way = round(hours * 60)
                        moved = [self.mode[day, a], self.mode[after, b]]
                        self.require("rest between days", rest >= self.pack.least_rest_minutes + way, moved)
                        self.model.add(rest >= self.pack.rest_minutes + way).only_enforce_if(
                            [*moved, ~self.forced[day]]
                        )

    def _week(self) -> None:
        """At most so many shooting days in any seven calendar days."""
        dates = self.space.dates
        for day in self.days:
            window = [d for d in self.days if 0 <= (dates[d] - dates[day]).days < 7]
            if len(window) > self.pack.days_in_seven:
                self.require("days in seven", sum(self.shoot[d] for d in window) <= self.pack.days_in_seven)

    def _orders(self) -> None:
        """Scenes before scenes, and scenes on one date."""
        index = {scene.id: number for number, scene in enumerate(self.space.scenes)}
        together = {tuple(sorted((s.id, other))) for s in self.space.scenes for other in s.same_day}
        for a, b in sorted(together):
            for day in self.days:
                one, other = (sum(self.on.get((index[i], day), ())) for i in (a, b))
                self.require(f"scenes {a} and {b} on one day", one == other)
        for a, b in sorted(self.sheet.orders()):
            first, second = index[a], index[b]
            alike = (
                light_class(self.space.scenes[first]) == light_class(self.space.scenes[second])
                and self.space.candidates[first] == self.space.candidates[second]
                and len(self.space.candidates[first]) == 1
            )
            tied = tuple(sorted((a, b))) in together
            gap = 0 if alike or tied else 1
            for day in self.days:
                # The later scene on `day` needs the earlier one by then: a stronger cut than one sum over all dates.
                done = sum(x for d in range(day + 1 - gap) for x in self.on.get((first, d), ()))
                now = sum(self.on.get((second, day), ()))
                self.require(f"scene {a} before {b}", done >= now)
                if tied and not alike:
                    for literal in self.on.get((first, day), ()):
                        self.model.add_implication(literal, self.mixed[day])

    def _minors(self) -> None:
        """Minutes a day and the latest wrap for performers under age."""
        scenes = self.space.scenes
        for person in self.sheet.people:
            if person.born is None:
                continue
            own = [s for s, scene in enumerate(scenes) if person.id in scene.cast]
            name = f"rules for the minor {person.id}"
            for day in self.days:
                rule = self.pack.minor(person.age(self.space.dates[day]))
                literals = [literal for s in own for literal in self.on.get((s, day), ())]
                if rule is None or not literals:
                    continue
                self.require(name, self.minutes(day, own) <= rule.minutes)
                for number, mode in enumerate(self.space.modes[day]):
                    latest = rule.latest + self.shift(day, mode)
                    for literal in literals:
                        self.require(name, self.wrap[day] <= latest, [literal, self.mode[day, number]])

    def _permit_hours(self) -> None:
        """Call and wrap lie within the hours of the permit."""
        for (site, day), literal in self.used.items():
            place = self.space.sites[site]
            permit = place.permit(self.space.dates[day])
            if permit is None or (permit.opens == 0 and permit.closes == 24 * 60):
                continue
            for number, mode in enumerate(self.space.modes[day]):
                if mode.city == place.city:
                    here, shift = [literal, self.mode[day, number]], self.shift(day, mode)
                    self.require(f"permits of {place.id}", self.call[day] >= permit.opens + shift, here)
                    self.require(f"permits of {place.id}", self.wrap[day] <= permit.closes + shift, here)
