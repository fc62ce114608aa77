"""Errors as JSON: ``{"error": {"what", "where", "found", "fix"}}``, the parts that the command line prints."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from tunefork.errors import TuneforkError, one_line

if TYPE_CHECKING:
    from fastapi import FastAPI, HTTPException


def problem(what: str, *, where: str = "", found: str = "", fix: str = "") -> dict[str, Any]:
    """The document of an error.

    >>> problem("There is no run 'x'", fix="GET /models lists them.")["error"]["fix"]
    'GET /models lists them.'
    """
    parts = {"what": what, "where": where, "found": found, "fix": fix}
    return {"error": {name: one_line(text) for name, text in parts.items()}}


def refusal(status: int, what: str, *, where: str = "", found: str = "", fix: str = "") -> HTTPException:
    """An error with a status of its own, to be raised."""
    from fastapi import HTTPException

    headers = {"Retry-After": "1"} if status == 429 else None
    return HTTPException(status, problem(what, where=where, found=found, fix=fix), headers)


def answer_errors(app: FastAPI, kinds: Collection[str] = ()) -> None:
    """Let an application tell what is wrong: our errors as 422, fields of the wrong type by name, the rest as such.

    Args:
        app: the application.
        kinds: names of kinds of bodies, which pydantic puts before the names of their fields.
    """
    from fastapi import Request
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import JSONResponse
    from starlette.exceptions import HTTPException as AnyHTTPException

    def ours(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, TuneforkError)
        return JSONResponse(problem(error.what, where=error.where, found=error.found, fix=error.fix), 422)

    def fields(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        first, *others = error.errors()
        more = f"; {len(others)} more" if others else ""
        return JSONResponse(problem(f"{first['msg']}{more}", where=_place(first, kinds), found=_shown(first)), 422)

    def refused(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, AnyHTTPException)
        told: Any = error.detail  # annotated as a text, but anything that JSON has is allowed
        if isinstance(told, dict):
            document = told
        else:
            fix = f"There is {_offered(app)}." if error.status_code in (404, 405) and app.openapi_url else ""
            document = problem(str(told), where=f"{request.method} {request.url.path}", fix=fix)
        return JSONResponse(document, error.status_code, headers=error.headers)

    app.add_exception_handler(TuneforkError, ours)
    app.add_exception_handler(RequestValidationError, fields)
    app.add_exception_handler(AnyHTTPException, refused)


def _offered(app: FastAPI) -> str:
    """What can be asked of an application, as its description has it: ``GET /models, POST /predict``."""
    return ", ".join(
        f"{method.upper()} {path}" for path, methods in app.openapi()["paths"].items() for method in methods
    )


def _place(error: Mapping[str, Any], kinds: Collection[str]) -> str:
    """Where in a body a field is."""
    parts = [str(part) for part in error["loc"] if part != "body"]
    if error["type"] == "json_invalid" or not parts:
        return "body"
    return ".".join(parts[1:] if len(parts) > 1 and parts[0] in kinds else parts)


def _shown(error: Mapping[str, Any]) -> str:
    return "" if error["type"] in ("missing", "json_invalid") else repr(error.get("input"))[:200]
