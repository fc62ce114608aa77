"""The application: pages, and what they ask for. Whoever asks names ids, never a path."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, Field
from starlette.staticfiles import StaticFiles

from tunefork.errors import BusyError, DataError, StoreError
from tunefork.page.documents import HEADERS, PICTURE_POLICY, STATIC, documents, report_policy
from tunefork.page.events import news
from tunefork.page.figures import figure
from tunefork.page.finding import Shelf
from tunefork.page.following import REPORT, Follower
from tunefork.page.listing import Listing
from tunefork.page.playground import Playground
from tunefork.page.results import ResultsShelf
from tunefork.page.standing import opened
from tunefork.page.trying import askable, model_folder, reads, told
from tunefork.page.worker import Worker
from tunefork.report.html import palette
from tunefork.store import RunRecord
from tunefork.web import Access, Guard, answer_errors, problem

LONGEST = 50_000
"""Characters of one text."""


class Desk:
    """What all requests share.

    Args:
        root: the folder whose studies are shown.
        playground: what answers.
    """

    def __init__(self, root: Path, playground: Playground | None = None) -> None:
        self.shelf = Shelf(root)
        self.listing = Listing(self.shelf)
        self.results = ResultsShelf()
        self.playground = playground or Playground()
        self.worker = Worker()
        self.documents = documents()
        self.ending = False
        """Whether the server is about to end: streams then do."""

    def end(self) -> None:
        """The server is about to end."""
        self.ending = True


class Texts(BaseModel):
    """A row of texts."""

    texts: Annotated[list[Annotated[str, Field(max_length=LONGEST)]], Field(min_length=1, max_length=2)]


def make_app(desk: Desk, access: Access) -> Guard:
    """The application behind its guard.

    Args:
        desk: what it shows.
        access: who may ask.
    """
    app = FastAPI(title="tunefork", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.desk = desk
    answer_errors(app)
    app.add_exception_handler(BusyError, _busy)
    app.include_router(PAGES)
    app.include_router(API, prefix="/api")
    app.mount("/static", StaticFiles(directory=STATIC))
    return Guard(app, access, headers=HEADERS)


def _busy(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, BusyError)
    told = problem(error.what, where=error.where, found=error.found, fix=error.fix)
    return JSONResponse(told, 429, headers={"retry-after": "1"})


def _desk(request: Request) -> Desk:
    found: Desk = request.app.state.desk
    return found


At = Annotated[Desk, Depends(_desk)]


def _folder(study: str, desk: At) -> Path:
    try:
        return desk.shelf.folder(study)
    except StoreError as error:
        raise _missing(error) from None


Folder = Annotated[Path, Depends(_folder)]


def _run(run: str, folder: Folder) -> RunRecord:
    with opened(folder) as store:
        try:
            return store.run(run)
        except StoreError as error:
            raise _missing(error) from None


Run = Annotated[RunRecord, Depends(_run)]


def _missing(error: StoreError) -> HTTPException:
    return HTTPException(404, problem(error.what, found=error.found, fix=error.fix))


PAGES = APIRouter()
API = APIRouter()


@PAGES.get("/healthz")
def health() -> dict[str, str]:
    """Whether the server answers."""
    return {"status": "ok"}


@PAGES.get("/")
def studies_page(desk: At) -> HTMLResponse:
    """The list of studies."""
    return HTMLResponse(desk.documents["studies"])


@PAGES.get("/studies/{study}")
def study_page(study: str, desk: At) -> HTMLResponse:
    """One study."""
    return HTMLResponse(desk.documents["study"], 200 if desk.shelf.has(study) else 404)


@PAGES.get("/studies/{study}/playground")
def playground_page(study: str, desk: At) -> HTMLResponse:
    """The models of one study."""
    return HTMLResponse(desk.documents["playground"], 200 if desk.shelf.has(study) else 404)


@PAGES.get("/studies/{study}/report.html")
def report_page(folder: Folder) -> HTMLResponse:
    """A study's report as it was written, kept apart from this page."""
    path = folder / REPORT
    if not path.is_file():
        raise HTTPException(404, problem("The study has no report yet", fix=f"Run: tunefork report {folder.name}"))
    return HTMLResponse(path.read_bytes(), headers={"content-security-policy": report_policy()})


@PAGES.get("/palette.css")
def palette_sheet() -> Response:
    """The report's colours, which are the page's."""
    return Response(palette(), media_type="text/css")


@API.get("/studies")
def list_studies(desk: At) -> dict[str, Any]:
    """All studies."""
    return {"root": desk.shelf.root.name, "studies": desk.listing.lines()}


@API.get("/studies/{study}")
def one_study(folder: Folder) -> Any:
    """A study and all of its curves, as the first event has them."""
    follower = Follower(folder)
    try:
        found = follower.look()
        return found[1] if found else {}
    finally:
        follower.close()


@API.get("/studies/{study}/events", response_class=EventSourceResponse)
async def events(folder: Folder, desk: At) -> AsyncIterator[ServerSentEvent]:
    """The same, and then what is new, for as long as the reader stays."""
    async for event in news(folder, lambda: desk.ending):
        yield event


@API.get("/studies/{study}/results")
def results(folder: Folder, desk: At) -> dict[str, Any]:
    """What the report says."""
    return desk.results.of(folder)


@API.get("/studies/{study}/figures/{name}.svg")
def figure_file(folder: Folder, name: str) -> Response:
    """One figure of the report."""
    try:
        content = figure(folder, name)
    except StoreError as error:
        raise _missing(error) from None
    return Response(content, media_type="image/svg+xml", headers={"content-security-policy": PICTURE_POLICY})


@API.post("/studies/{study}/stop")
async def stop_study(folder: Folder, desk: At) -> dict[str, str]:
    """Ask the process that works on a study to stop."""
    await desk.worker.do(lambda: _stop(folder))
    return {"status": "asked"}


@API.post("/studies/{study}/runs/{run}/stop")
async def stop_run(folder: Folder, run: Run, desk: At) -> dict[str, str]:
    """Ask it to stop one run."""
    await desk.worker.do(lambda: _stop(folder, run.id))
    return {"status": "asked"}


def _stop(folder: Path, *runs: str) -> None:
    from tunefork.study.stopping import stop  # seconds to import

    stop(folder, runs)


@API.get("/studies/{study}/playground")
def playground(folder: Folder, desk: At) -> dict[str, Any]:
    """Which models there are, and what they read."""
    return askable(folder, desk.playground)


@API.post("/studies/{study}/runs/{run}/text")
async def ask_text(folder: Folder, run: Run, row: Texts, desk: At) -> dict[str, Any]:
    """What a run's model says of a text, or of two."""
    return await _ask(folder, run, row.texts, desk)


@API.post("/studies/{study}/runs/{run}/image")
async def ask_image(folder: Folder, run: Run, request: Request, desk: At) -> dict[str, Any]:
    """What a run's model says of a picture, whose file is the whole body."""
    return await _ask(folder, run, await request.body(), desk)


async def _ask(folder: Path, run: RunRecord, given: list[str] | bytes, desk: Desk) -> dict[str, Any]:
    with opened(folder) as store:
        place = model_folder(run, store)
    row = reads(place).row(given)
    try:
        return told(await desk.worker.do(lambda: desk.playground.ask(place, row)))
    except DataError as error:  # who asks knows it by the field, not as a row of a table
        where = "body" if isinstance(given, bytes) else "texts"
        raise DataError(error.what, where=where, found=error.found, fix=error.fix) from error
