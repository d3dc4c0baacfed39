"""The rules within one date, as plain arithmetic: what the model says in constraints, for greedy and annealing."""

from __future__ import annotations

from collections.abc import Sequence

from frontrow.production.options import Mode, Option, Space, light_class

Items = Sequence[tuple[int, int]]
"""Scenes (index) with their sites (index)."""


class Daily:
    """Answers whether a date can take some scenes, and from when to when it would last."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.facts = space.facts
        index = {scene.id: number for number, scene in enumerate(space.scenes)}
        self.orders = [(index[a], index[b]) for a, b in sorted(self.facts.sheet.orders())]
        self.blocked: dict[tuple[int, int, int], bool] = {}

    def open(self, scene: int, day: int, site: int) -> bool:
        """Whether no rule forbids the scene on that date at that site on its own."""
        key = (scene, day, site)
        if key not in self.blocked:
            self.blocked[key] = bool(self.space.blockers(Option(scene, day, site)))
        return not self.blocked[key]

    def alike(self, a: int, b: int) -> bool:
        """Whether two scenes always share site and light, so that their order within a day is free."""
        one, other = self.space.candidates[a], self.space.candidates[b]
        same_light = light_class(self.space.scenes[a]) == light_class(self.space.scenes[b])
        return one == other and len(one) == 1 and same_light

    def takes(self, day: int, mode: Mode, items: Items) -> bool:
        """The rules within one date."""
        space, sheet, calendar = self.space, self.facts.sheet, self.facts.sheet.calendar
        scenes = [space.scenes[s] for s, _ in items]
        sites = {k for _, k in items}
        if any(space.sites[k].city != mode.city for k in sites) or len(sites) > calendar.sites_a_day:
            return False
        if not all(space.fits(mode, scene) for scene in scenes):
            return False
        outside = [scene for scene in scenes if scene.exterior]
        if mode.kind != "day" and not any(scene.time == mode.kind for scene in outside):
            return False
        worked = self.worked(items)
        mixed = (len(sites) > 1 and bool(outside)) or self.tied(items)
        if worked > calendar.max_hours * 60 or (mode.kind in {"dawn", "dusk"} and (len(sites) > 1 or mixed)):
            return False
        open_air = sum(scene.minutes for scene in outside)
        if mode.kind == "dusk":
            fits = calendar.meal_minutes + open_air <= mode.fixed - mode.light
        else:
            length = mode.light - mode.fixed
            overhead = calendar.setup_minutes + calendar.meal_minutes
            fits = (not outside or overhead + open_air <= length) and (not mixed or worked <= length)
        magic = sum(space.magic(mode, scene) for scene in outside if scene.time == mode.kind and mode.magic)
        if not fits or magic > max(mode.magic, 0):
            return False
        wrap = mode.fixed + (0 if mode.kind == "dusk" else worked)
        call = wrap - worked
        date = space.dates[day]
        for k in sites:
            permit = space.sites[k].permit(date)
            if permit is None or (
                (permit.opens, permit.closes) != (0, 1440) and (call < permit.opens or wrap > permit.closes)
            ):
                return False
        minutes: dict[str, int] = {}
        for scene in scenes:
            for who in scene.cast:
                minutes[who] = minutes.get(who, 0) + scene.minutes
        for who, total in minutes.items():
            minor = self.facts.pack.minor(sheet.person[who].age(date))
            if total > sheet.person[who].hours * 60 or (minor and (total > minor.minutes or wrap > minor.latest)):
                return False
        return True

    def tied(self, items: Items) -> bool:
        """Whether an order between scenes of different light forces the order of the day."""
        on = {scene for scene, _ in items}
        return any(a in on and b in on and not self.alike(a, b) for a, b in self.orders)

    def worked(self, items: Items) -> int:
        """Minutes from call to wrap."""
        calendar = self.facts.sheet.calendar
        minutes = sum(self.space.scenes[scene].minutes for scene, _ in items)
        moves = len({site for _, site in items}) - 1
        return calendar.setup_minutes + calendar.meal_minutes + minutes + calendar.move_minutes * moves

    def span(self, mode: Mode, items: Items) -> tuple[int, int]:
        """Call and wrap in UTC minutes."""
        worked = self.worked(items)
        start = mode.zero + mode.fixed - (worked if mode.kind == "dusk" else 0)
        return start, start + worked
