"""The OpenAPI 3.1 document, made from the operations and the shapes: what is served and what is described are one."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from callgate import __version__
from callgate.dialects.native import errors, wire
from callgate.dialects.native.examples import EXAMPLES
from callgate.dialects.native.operations import JSON, PROBLEM_JSON, Operation

#: A JSON Schema, as msgspec makes it from a type.
JsonSchema = dict[str, Any]

_REFERENCE = "#/components/schemas/{name}"
_INTRODUCTION = """\
Callgate holds inbound calls and lets applications decide them. Times are Unix seconds, durations are seconds.

Every request carries `Authorization: Bearer cg_…`. A key's scope says what it may do: `read` looks, `decide` also \
decides and hangs up, `admin` also edits the directory. Errors are problem documents (RFC 9457); GET the `type` of one \
to read what it means and what to do. A POST with an `Idempotency-Key` that is sent again gets the first result.
"""


class Info(msgspec.Struct, frozen=True):
    title: str
    version: str
    description: str


class Parameter(msgspec.Struct, frozen=True, omit_defaults=True):
    name: str
    place: str = msgspec.field(name="in")
    description: str = ""
    required: bool = False
    schema: JsonSchema = {}


class MediaType(msgspec.Struct, frozen=True, omit_defaults=True):
    schema: JsonSchema
    example: object = None


class RequestBody(msgspec.Struct, frozen=True):
    content: dict[str, MediaType]
    required: bool


class Response(msgspec.Struct, frozen=True, omit_defaults=True):
    description: str
    content: dict[str, MediaType] = {}


class OperationObject(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    operation_id: str
    tags: list[str]
    summary: str
    description: str
    responses: dict[str, Response]
    parameters: list[Parameter] = []
    request_body: RequestBody | None = None
    security: list[dict[str, list[str]]] = []


class SecurityScheme(msgspec.Struct, frozen=True):
    type: str
    scheme: str
    description: str


class Components(msgspec.Struct, frozen=True, rename="camel"):
    schemas: dict[str, JsonSchema]
    security_schemes: dict[str, SecurityScheme]


class Document(msgspec.Struct, frozen=True):
    openapi: str
    info: Info
    paths: dict[str, dict[str, OperationObject]]
    components: Components


def document(operations: Iterable[Operation[Any, Any]]) -> Document:
    """The document of these operations."""
    described = list(operations)
    shapes = {shape: None for operation in described for shape in (operation.reply, operation.body) if _is_json(shape)}
    types = [*shapes, wire.Problem]
    references, schemas = msgspec.json.schema_components(types, ref_template=_REFERENCE)
    by_type = dict(zip(types, references, strict=True))
    paths: dict[str, dict[str, OperationObject]] = {}
    for operation in described:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, by_type)
    return Document(
        "3.1.0",
        Info("Callgate", __version__, _INTRODUCTION),
        paths,
        Components(
            {name: _with_plain_text(schema) for name, schema in schemas.items()},
            {"key": SecurityScheme("http", "bearer", "An API key: `callgate key add` makes one.")},
        ),
    )


def problems_of(operation: Operation[Any, Any]) -> Iterator[errors.Kind]:
    """Every type of problem that an operation can answer with."""
    if operation.scope is not None:
        yield errors.UNAUTHORIZED
        yield errors.FORBIDDEN
    if operation.body is not None:
        yield errors.TOO_LARGE
        yield errors.UNSUPPORTED_MEDIA_TYPE
        if operation.body_type == JSON:
            yield errors.MALFORMED_JSON
    yield errors.INVALID_REQUEST
    if operation.method == "POST":
        yield errors.IDEMPOTENCY_MISMATCH
    yield from (kind for kind in operation.problems if kind is not errors.INVALID_REQUEST)


def _operation(operation: Operation[Any, Any], schemas: dict[Any, JsonSchema]) -> OperationObject:
    scope = "No key is needed." if operation.scope is None else f"Needs a key of scope `{operation.scope}`."
    body = None
    if operation.body is not None:
        schema = schemas.get(operation.body, {"type": "string"})
        example = msgspec.to_builtins(operation.example)
        body = RequestBody({operation.body_type: MediaType(schema, example)}, not operation.body_optional)
    return OperationObject(
        operation_id=_operation_id(operation),
        tags=[operation.tag],
        summary=operation.summary,
        description=scope,
        parameters=list(_parameters(operation)),
        request_body=body,
        responses=_responses(operation, schemas),
        security=[] if operation.scope is None else [{"key": []}],
    )


def _operation_id(operation: Operation[Any, Any]) -> str:
    words = re.sub(r"[^a-z]+", " ", operation.path.removeprefix("/v1").replace("{", "by ").lower()).split()
    return "_".join([operation.method.lower(), *words])


def _parameters(operation: Operation[Any, Any]) -> Iterator[Parameter]:
    for name in operation.parameters:
        schema = {"type": "string", "format": "uuid"} if name == "id" else {"type": "string", "minLength": 1}
        yield Parameter(name, "path", required=True, schema=schema)
    (_,), components = msgspec.json.schema_components([operation.query], ref_template=_REFERENCE)
    query = components[operation.query.__name__]
    for name, schema in query["properties"].items():
        described = dict(schema)
        yield Parameter(name, "query", described.pop("description", ""), schema=described)
    if operation.method == "POST" and operation.scope is not None:
        yield Parameter(
            "Idempotency-Key",
            "header",
            "Sent again with the same request, it gets the first result, and nothing is done twice.",
            schema={"type": "string", "pattern": "^[!-~]{1,255}$"},
        )
    if operation.reply_type == "text/event-stream":
        yield Parameter("Last-Event-ID", "header", "As the query's cursor.", schema={"type": "string"})


def _responses(operation: Operation[Any, Any], schemas: dict[Any, JsonSchema]) -> dict[str, Response]:
    content = {}
    if operation.reply is not None:
        schema = schemas.get(operation.reply, {"type": "string"})
        content[operation.reply_type] = MediaType(schema, msgspec.to_builtins(EXAMPLES.get(operation.reply)))
    responses = {str(operation.status): Response(_SUCCESS.get(operation.status, "Success"), content)}
    by_status: dict[int, list[errors.Kind]] = {}
    for kind in problems_of(operation):
        by_status.setdefault(kind.status, []).append(kind)
    for status, kinds in sorted(by_status.items()):
        first = kinds[0]
        example = msgspec.to_builtins(wire.Problem(first.uri, first.title, status, first.meaning))
        responses[str(status)] = Response(
            " ".join(f"`{kind.name}`: {kind.meaning}" for kind in kinds),
            {PROBLEM_JSON: MediaType(schemas[wire.Problem], example)},
        )
    return responses


_SUCCESS = {101: "The connection is a WebSocket now", 201: "Created", 204: "Removed"}


def _is_json(shape: Any) -> bool:
    return shape is not None and shape is not bytes and shape is not str


def _with_plain_text(schema: JsonSchema) -> JsonSchema:
    """A schema whose description is Markdown, and not a docstring."""
    text = schema.get("description")
    if text is None:
        return schema
    text = re.sub(r":class:`(\w+)`", r"`\1`", inspect.cleandoc(text)).replace("``", "`")
    return {**schema, "description": text}
