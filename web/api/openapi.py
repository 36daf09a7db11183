"""The OpenAPI 3.1 document, made from the routes, what each view says about itself, policy table and schemas."""

from __future__ import annotations

import re
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask
from werkzeug.routing import Rule

from people.identity import Credential
from people.policy import POLICY, Access
from web.api import answer_agreements, answer_mandates, answer_news, answer_plans, answer_schemas
from web.api.operations import Argument, Operation, operation_of
from web.api.pushes import NOTICE, NOTICE_DATA, NOTICES, WEBHOOKS
from web.api.schemas import NoticeBody
from web.errors import OWN_WORDS, PROBLEM_TYPE, TITLES

VERSION = "1"
ANSWERED = (answer_schemas, answer_plans, answer_mandates, answer_news, answer_agreements)
TAGS = {"api": "applicant", "departments": "department", "operation": "operation"}
SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "`flask token`; expires, revocable"},
    "session": {"type": "apiKey", "in": "cookie", "name": "yjs", "description": "a browser's session; unsafe calls "
                "also need the header X-CSRFToken"},
    "signature": {"type": "apiKey", "in": "header", "name": "webhook-signature",
                  "description": "Standard Webhooks over the raw body with the department's secret"},
}


def document(app: Flask, server: str) -> dict[str, Any]:
    """The whole document for `app`, reached at `server`."""
    plugin = MarshmallowPlugin(schema_name_resolver=_schema_name)
    spec = APISpec(title="一件事 yijianshi", version=VERSION, openapi_version="3.1.0", plugins=[plugin],
                   servers=[{"url": server}], info={"description": "One form, every department."},
                   tags=[{"name": name} for name in TAGS.values()])
    for name, schema in (one for room in ANSWERED for one in room.ANSWERS.items()):
        spec.components.schema(name, schema=schema)
    for name, schema in NOTICE_DATA.items():
        spec.components.schema(name, schema=schema)
    for name, shape in NOTICES.items():
        spec.components.schema(name, shape)
    for name, scheme in SCHEMES.items():
        spec.components.security_scheme(name, scheme)
    for path, method, rule, described in operations(app):
        spec.path(path=path, operations={method: _operation(rule, described)})
    made: dict[str, Any] = spec.to_dict()
    made["webhooks"] = WEBHOOKS
    made.setdefault("jsonSchemaDialect", "https://json-schema.org/draft/2020-12/schema")
    return made


def operations(app: Flask) -> list[tuple[str, str, Rule, Operation]]:
    """Every described call: path, method in lower case, its rule and what it says; in order of the paths."""
    found = [
        (re.sub(r"<([^>]+)>", r"{\1}", rule.rule), method.lower(), rule, described)
        for rule in app.url_map.iter_rules() if (described := operation_of(app.view_functions[rule.endpoint]))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    ]
    return sorted(found, key=lambda line: line[:2])


def _operation(rule: Rule, described: Operation) -> dict[str, Any]:
    access = POLICY[rule.endpoint]
    made: dict[str, Any] = {
        "operationId": rule.endpoint.replace(".", "_"),
        "tags": [TAGS[rule.endpoint.partition(".")[0]]],
        "summary": described.does,
        "description": " ".join(part for part in (described.more, who_may(access)) if part),
        "parameters": [*map(_path_argument, sorted(rule.arguments)), *map(_argument, described.arguments)],
        "responses": _responses(described, access),
        "security": _security(access),
    }
    if described.body is not None:
        schema = NOTICE if described.body is NoticeBody else described.body
        made["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    if described.raw:
        raw = {"schema": {"type": "string", "format": "binary"}}
        made["requestBody"] = {"required": True, "content": {"application/octet-stream": raw}}
    return made


def who_may(access: Access) -> str:
    """One sentence on who may call."""
    if access.relation == "signature":
        return "Signed by the department."
    if not access.roles:
        return "Public."
    what = {"own": " Other people's ids answer 404.", "department": " Of that very department, with its token."}
    return f"For: {', '.join(sorted(access.roles))}.{what.get(access.relation, '')}"


def _security(access: Access) -> list[dict[str, list[str]]]:
    if access.relation == "signature":
        return [{"signature": []}]
    ways: tuple[tuple[str, Credential], ...] = (("token", "bearer"), ("session", "session"))
    return [{name: []} for name, way in ways if access.by in (None, way)] if access.roles else []


def _path_argument(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _argument(argument: Argument) -> dict[str, Any]:
    return {"name": argument.name, "in": argument.place, "required": argument.required, "schema": argument.schema,
            "description": argument.says}


def _responses(described: Operation, access: Access) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for status, says in described.answers.items():
        made[str(status)] = {"description": says}
        if described.returns and status < 204:
            schema = {"$ref": f"#/components/schemas/{described.returns}"}
            made[str(status)]["content"] = {"application/json": {"schema": schema}}
    login = {401, 403} if access.roles else set()
    problem = {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status in sorted({*described.refuses, *login}):
        says = OWN_WORDS.get(status, ("", TITLES.get(status, "")))[1]
        made[str(status)] = {"description": says, "content": problem}
    return made


def _schema_name(schema: Any) -> str:
    cls = schema if isinstance(schema, type) else type(schema)
    return str(cls.__name__)
