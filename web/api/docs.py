"""The API's own description: the OpenAPI document, a page for people, and the text of docs/api.md."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, current_app, render_template

from connectors.signing import headers_for
from web.answers import live
from web.api.openapi import document
from web.wiring import house

docs = Blueprint("docs", __name__)
EXAMPLE_SECRET = "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"  # noqa: S105  # that of the guide, and nobody's


@docs.get("/api/openapi.json")
def openapi() -> Response:
    """The OpenAPI 3.1 document."""
    return live(document(current_app, house().settings.public_url))


@docs.get("/api/docs")
def page() -> str:
    """The same for people, made here, with nothing fetched from elsewhere."""
    made = document(current_app, house().settings.public_url)
    return render_template("api_docs.html", calls=calls(made), schemas=made["components"]["schemas"],
                           webhooks=made["webhooks"], shape=shape_name, signed=_signed_example())


def _signed_example() -> dict[str, Any]:
    """A message whose signature a department's engineer can compare with an own one."""
    said: dict[str, Any] = {"secret": EXAMPLE_SECRET, "id": "msg_1", "seconds": 1700000000, "body": '{"a":1}'}
    at = datetime.fromtimestamp(said["seconds"], UTC)
    made = headers_for(said["id"], at, said["body"].encode(), [EXAMPLE_SECRET])
    return {**said, "signature": made["webhook-signature"]}


def calls(made: dict[str, Any]) -> list[dict[str, Any]]:
    """Every call of a document as one flat value, in order of tag and path."""
    flat = [{"method": method.upper(), "path": path, **described}
            for path, methods in made["paths"].items() for method, described in methods.items()]
    return sorted(flat, key=lambda call: (call["tags"], call["path"], call["method"]))


def markdown(made: dict[str, Any]) -> str:
    """docs/api.md, so that it cannot lag behind the code."""
    lines = ["# API", "",
             "Made from the application's own OpenAPI 3.1 document (`/api/openapi.json`, page `/api/docs`);",
             "a test fails when this text lags. JSON is UTF-8, times are RFC 3339 with offset. Refusals are RFC 9457",
             "`application/problem+json` with a stable `code`, a Chinese `detail` and, for invalid input, `errors` by",
             "field. 400 cannot be parsed, 422 parsed but wrong.", ""]
    tag = ""
    for call in calls(made):
        if call["tags"][0] != tag:
            tag = call["tags"][0]
            lines += [f"## {tag}", ""]
        lines += _call_lines(call)
    lines += ["## What we send to departments", ""]
    for name, hook in made["webhooks"].items():
        body = hook["post"]["requestBody"]["content"]["application/json"]["schema"]
        lines += [f"### `{name}`", "", f"{hook['post']['summary']} Its `data`:", "",
                  *_property_lines(body["properties"]["data"]), ""]
    lines += ["Headers and envelope are in the document under `webhooks`; how to answer: docs/connecting.md.", "",
              "## Shapes", ""]
    for name, schema in sorted(made["components"]["schemas"].items()):
        lines += [f"### {name}", "", *_property_lines(schema), ""]
    return "\n".join(lines).rstrip() + "\n"


def _call_lines(call: dict[str, Any]) -> list[str]:
    lines = [f"### `{call['method']} {call['path']}`", "", f"{call['summary']}. {call['description']}".strip(), ""]
    for argument in call.get("parameters", []):
        if argument["in"] != "path":
            must = ", required" if argument["required"] else ""
            lines.append(f"- {argument['in']} `{argument['name']}`{must}: {argument['description']}")
    content = call.get("requestBody", {}).get("content", {})
    lines += [f"- body `{kind}`: {shape_name(part['schema'])}" for kind, part in content.items()]
    for status, answer in call["responses"].items():
        if status < "400":
            shapes = [shape_name(part["schema"]) for part in answer.get("content", {}).values()]
            lines.append(f"- {status}{''.join(f' {shape}' for shape in shapes)}: {answer['description']}")
    refusals = [status for status in call["responses"] if status >= "400"]
    return [*lines, *([f"- refuses with {', '.join(refusals)}"] if refusals else []), ""]


def _property_lines(schema: dict[str, Any]) -> list[str]:
    must = set(schema.get("required", []))
    return [f"- `{name}`{'' if name in must else ' (optional)'}: {shape_name(inner)}"
            + (f" – {inner['description']}" if inner.get("description") else "")
            for name, inner in schema.get("properties", {}).items()]


def shape_name(schema: dict[str, Any]) -> str:
    """A schema in one word or two."""
    if "$ref" in schema:
        return f"`{schema['$ref'].rpartition('/')[2]}`"
    if "oneOf" in schema:
        return "one of " + ", ".join(shape_name(inner) for inner in schema["oneOf"])
    kind = schema.get("type", "any")
    if kind == "array":
        return f"list of {shape_name(schema.get('items', {}))}"
    if schema.get("format") == "binary":
        return "bytes"
    return " or ".join(kind) if isinstance(kind, list) else str(kind)
