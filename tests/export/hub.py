"""A hub on this machine: enough of its HTTP API to create a repository and to take a commit."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """What it was asked, and the files that it has."""

    url: str = ""
    token: str = "hf_secret"
    repositories: dict[str, bool] = field(default_factory=dict)
    """Whether each is private."""
    files: dict[str, bytes] = field(default_factory=dict)
    """Those of the last commit, by path."""
    large: dict[str, bytes] = field(default_factory=dict)
    """What was uploaded by its hash."""
    message: str = ""


@contextmanager
def running() -> Iterator[Hub]:
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def answer(self, content: Any, status: int = 200) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def body(self) -> bytes:
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))

        def refused(self) -> bool:
            if self.headers.get("Authorization") == f"Bearer {hub.token}":
                return False
            self.answer({"error": "Invalid username or password."}, 401)
            return True

        def do_GET(self) -> None:
            if self.path == "/api/whoami-v2":
                if not self.refused():
                    self.answer({"name": "somebody", "type": "user", "orgs": []})
            else:
                self.answer({"error": "not found"}, 404)

        def do_PUT(self) -> None:
            hub.large[self.path.rpartition("/")[2]] = self.body()
            self.answer({})

        def do_POST(self) -> None:
            content = self.body()
            if self.refused():
                return
            if self.path == "/api/repos/create":
                asked = json.loads(content)
                name = f"{asked.get('organization') or 'somebody'}/{asked['name']}"
                hub.repositories[name] = asked.get("visibility") == "private" or bool(asked.get("private"))
                self.answer({"url": f"{hub.url}/{name}", "name": name, "id": name})
            elif self.path == "/api/validate-yaml":
                self.answer({"errors": [], "warnings": []})
            elif "/preupload/" in self.path:
                files = json.loads(content)["files"]
                modes = ["lfs" if each["path"].endswith((".safetensors", ".onnx")) else "regular" for each in files]
                found = [
                    {"path": each["path"], "uploadMode": mode, "shouldIgnore": False, "oid": None}
                    for each, mode in zip(files, modes)
                ]
                self.answer({"files": found})
            elif self.path.endswith("/info/lfs/objects/batch"):
                objects = json.loads(content)["objects"]
                found = [
                    {**each, "actions": {"upload": {"href": f"{hub.url}/large/{each['oid']}"}}} for each in objects
                ]
                self.answer({"transfer": "basic", "objects": found})
            elif "/commit/" in self.path:
                self.commit([json.loads(line) for line in content.splitlines() if line])
            else:
                self.answer({"error": "not found"}, 404)

        def commit(self, lines: list[dict[str, Any]]) -> None:
            hub.files = {}
            for line in lines:
                value = line["value"]
                if line["key"] == "header":
                    hub.message = value["summary"]
                elif line["key"] == "file":
                    hub.files[value["path"]] = base64.b64decode(value["content"])
                elif line["key"] == "lfsFile":
                    hub.files[value["path"]] = hub.large[value["oid"]]
            repository = self.path.removeprefix("/api/models/").partition("/commit/")[0]
            url = f"{hub.url}/{repository}/commit/{COMMIT}"
            self.answer({"commitUrl": url, "commitOid": COMMIT, "success": True})

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
