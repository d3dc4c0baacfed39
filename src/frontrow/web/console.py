"""The working side: what the service holds, what jobs run, and the API in words."""

from __future__ import annotations

from fastapi import APIRouter

from frontrow.service.hall import Hall


def console_pages(hall: Hall) -> APIRouter:
    """Routes of the console."""
    return APIRouter(include_in_schema=False)
