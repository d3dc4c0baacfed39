"""Who is asking, and may they: API keys in `Authorization: Bearer`, people by cookie, closed by default."""

from __future__ import annotations

import hmac
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import HTTPException, Request
from starlette.concurrency import run_in_threadpool

from frontrow.data.accounts import ALLOWS, Accounts, Role, Session

COOKIE = "frontrow_session"
CSRF_HEADER = "x-csrf-token"
CSRF_FIELD = "csrf"
MEMORY_MS = 5_000  # how long an answer of the store is believed: a revoked key works at most this much longer
REMEMBERED = 10_000  # keys and sessions held in memory


@dataclass(frozen=True)
class Caller:
    """Who asks: a key (no session) or a signed-in person."""

    role: Role
    session: Session | None = None

    def may(self, role: Role) -> bool:
        """Whether the caller may do what `role` may do."""
        return role in ALLOWS[self.role]


class Doorkeeper:
    """Finds out who asks; remembers good answers for a few seconds, so that a busy key costs no database read."""

    def __init__(self, accounts: Accounts, clock_ms: Callable[[], int]) -> None:
        self.accounts = accounts
        self._clock_ms = clock_ms
        self._known: OrderedDict[tuple[bool, str], tuple[Caller, int]] = OrderedDict()

    async def caller(self, request: Request) -> Caller | None:
        """Who asks, None for nobody known."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        is_key = scheme.lower() == "bearer"
        secret = key.strip() if is_key else request.cookies.get(COOKIE, "")
        if not secret:
            return None
        now_ms = self._clock_ms()
        known = self._known.get((is_key, secret))
        if known and 0 <= now_ms - known[1] < MEMORY_MS:  # asked again also when the clock was set back
            return known[0]
        look = self._look_up_key if is_key else self._look_up_session
        caller = await run_in_threadpool(look, secret, now_ms)
        self._known.pop((is_key, secret), None)
        if caller:
            self._known[is_key, secret] = (caller, now_ms)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return caller

    def signed_out(self, token: str) -> None:
        """Ask the store again about this session."""
        self._known.pop((False, token), None)

    def _look_up_key(self, key: str, now_ms: int) -> Caller | None:
        role = self.accounts.key_role(key)
        return None if role is None else Caller(role)

    def _look_up_session(self, token: str, now_ms: int) -> Caller | None:
        session = self.accounts.session(token, now_ms)
        return None if session is None else Caller(session.role, session)


class Tries:
    """Counts sign-ins that were not right, by name and by address, and says when no more are taken for a while.

    A try counts from its beginning, or many sent at once would all be let in before the first was found wrong.
    """

    MOST = 5
    WINDOW_MS = 15 * 60_000
    REMEMBERED = 10_000

    def __init__(self) -> None:
        self._failures: OrderedDict[str, deque[int]] = OrderedDict()

    def wait_s(self, subject: str, now_ms: int) -> int:
        """Seconds until `subject` may try again; 0 when it may now."""
        failures = self._failures.get(subject, deque())
        while failures and failures[0] <= now_ms - self.WINDOW_MS:
            failures.popleft()
        if len(failures) < self.MOST:
            return 0
        return max(1, (failures[0] + self.WINDOW_MS - now_ms) // 1000)

    def begun(self, subject: str, now_ms: int) -> None:
        """Count a try."""
        self._failures.setdefault(subject, deque(maxlen=self.MOST)).append(now_ms)
        self._failures.move_to_end(subject)
        if len(self._failures) > self.REMEMBERED:
            self._failures.popitem(last=False)

    def was_right(self, subject: str, now_ms: int) -> None:
        """Take back the try that was counted at `now_ms`."""
        failures = self._failures.get(subject, deque())
        if now_ms in failures:
            failures.remove(now_ms)


def require(role: Role) -> Callable[[Request], Awaitable[Caller]]:
    """A route's dependency: 401 for nobody known, 403 for a caller whose role is too small or whose CSRF token is off.

    A cookie is sent by the browser whoever wrote the form, so a change asked for with one needs the session's token in
    the header `X-CSRF-Token` or in the field `csrf`. Keys are sent on purpose and need none.
    """

    async def check(request: Request) -> Caller:
        caller = await doorkeeper(request).caller(request)
        if caller is None:
            raise HTTPException(401, "a key is needed: Authorization: Bearer KEY", {"WWW-Authenticate": "Bearer"})
        if not caller.may(role):
            raise HTTPException(403, f"this needs the role {role}; the caller has {caller.role}")
        if caller.session and request.method not in {"GET", "HEAD"}:
            await check_csrf(request, caller.session)
        return caller

    return check


async def check_csrf(request: Request, session: Session) -> None:
    """Raises 403 unless the request carries the session's CSRF token."""
    token = request.headers.get(CSRF_HEADER)
    if token is None and "form" in request.headers.get("content-type", ""):
        field = (await request.form()).get(CSRF_FIELD)
        token = field if isinstance(field, str) else None
    if token is None or not hmac.compare_digest(token.encode(), session.csrf.encode()):
        raise HTTPException(403, "the page is out of date: reload it and try again")


def doorkeeper(request: Request) -> Doorkeeper:
    """The doorkeeper of the app that serves this request."""
    keeper: Doorkeeper = request.app.state.doorkeeper
    return keeper
