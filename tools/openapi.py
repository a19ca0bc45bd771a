"""Makes an OpenAPI document of the contract: one POST an RPC, as Connect has it, with protobuf's JSON.

`tools/generate.py` calls this with a descriptor set that has imports and comments.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
)

Schema: TypeAlias = dict[str, Any]

PACKAGE = "orch.v1"
_Field = FieldDescriptorProto

_SCALARS: Mapping[int, Schema] = {
    _Field.TYPE_DOUBLE: {"type": "number", "format": "double"},
    _Field.TYPE_FLOAT: {"type": "number", "format": "float"},
    _Field.TYPE_INT32: {"type": "integer", "format": "int32"},
    _Field.TYPE_SINT32: {"type": "integer", "format": "int32"},
    _Field.TYPE_SFIXED32: {"type": "integer", "format": "int32"},
    _Field.TYPE_UINT32: {"type": "integer", "format": "uint32", "minimum": 0},
    _Field.TYPE_FIXED32: {"type": "integer", "format": "uint32", "minimum": 0},
    _Field.TYPE_INT64: {"type": "string", "format": "int64", "pattern": "^-?[0-9]+$"},
    _Field.TYPE_SINT64: {"type": "string", "format": "int64", "pattern": "^-?[0-9]+$"},
    _Field.TYPE_SFIXED64: {"type": "string", "format": "int64", "pattern": "^-?[0-9]+$"},
    _Field.TYPE_UINT64: {"type": "string", "format": "uint64", "pattern": "^[0-9]+$"},
    _Field.TYPE_FIXED64: {"type": "string", "format": "uint64", "pattern": "^[0-9]+$"},
    _Field.TYPE_BOOL: {"type": "boolean"},
    _Field.TYPE_STRING: {"type": "string"},
    _Field.TYPE_BYTES: {"type": "string", "format": "byte"},
}
_WELL_KNOWN: Mapping[str, Schema] = {
    ".google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    ".google.protobuf.Duration": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$", "examples": ["1.5s"]},
    ".google.protobuf.FieldMask": {"type": "string", "description": "Names of fields, with commas: name,tags."},
    ".google.protobuf.Struct": {"type": "object"},
    ".google.protobuf.Value": {},
    ".google.protobuf.Empty": {"type": "object"},
}
_ERROR: Schema = {
    "type": "object",
    "description": "Why a call failed.",
    "required": ["code"],
    "properties": {
        "code": {
            "type": "string",
            "description": "The canonical code, in lower case.",
            "enum": [
                "canceled", "unknown", "invalid_argument", "deadline_exceeded", "not_found", "already_exists",
                "permission_denied", "resource_exhausted", "failed_precondition", "aborted", "out_of_range",
                "unimplemented", "internal", "unavailable", "data_loss", "unauthenticated",
            ],
        },
        "message": {"type": "string", "description": "What happened, why, and what to do next."},
        "details": {
            "type": "array",
            "description": "google.rpc.ErrorInfo with a reason for programs first; then BadRequest or RetryInfo.",
            "items": {
                "type": "object",
                "properties": {
                    "type": {"type": "string", "description": "The message's full name."},
                    "value": {"type": "string", "description": "Its bytes, in base64 without padding."},
                },
            },
        },
    },
}  # fmt: skip
_INFO = {
    "title": "Orch",
    "version": "v1",
    "description": (
        "The contract of Orch's control plane over HTTP and JSON, by the Connect protocol: every call is a POST with "
        "one JSON object. Generated from proto/orch_proto/v1. Absent fields have their default; names that are not "
        "known are refused. Calls that stream take and give Connect's envelopes."
    ),
}


def openapi(descriptors: bytes) -> bytes:
    """The document, as JSON."""
    files = [file for file in FileDescriptorSet.FromString(descriptors).file if file.package == PACKAGE]
    comments = {name: text for file in files for name, text in _comments(file)}
    document = {
        "openapi": "3.1.0",
        "info": _INFO,
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"key": []}, {}],
        "tags": [
            {"name": service.name, "description": comments.get(service.name, "")}
            for file in files
            for service in file.service
        ],
        "paths": {
            f"/{PACKAGE}.{service.name}/{method.name}": {"post": _operation(service.name, method, comments)}
            for file in files
            for service in file.service
            for method in service.method
            if not method.client_streaming  # HTTP/1.1 does not carry them
        },
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
            },
            "schemas": {"Error": _ERROR, **dict(sorted(_schemas(files, comments)))},
        },
    }
    return json.dumps(document, indent=1, ensure_ascii=False).encode() + b"\n"


def _comments(file: FileDescriptorProto) -> Iterator[tuple[str, str]]:
    """Leading comments by the thing's name within the package: "FlowRun", "FlowRun.name", "FlowRunService.Get"."""
    for location in file.source_code_info.location:
        text = " ".join(location.leading_comments.split())
        name = _name_at(file, list(location.path))
        if text and name:
            yield name, text


def _name_at(file: FileDescriptorProto, path: list[int]) -> str:
    """Descriptors number their parts: 4 messages (2 fields, 3 messages in them), 5 enums (2 values), 6 services."""
    names: list[str] = []
    part: Any = file
    for field, index in zip(path[::2], path[1::2], strict=False):
        descriptor = part.DESCRIPTOR.fields_by_number.get(field)
        if descriptor is None or descriptor.message_type is None:
            return ""
        part = getattr(part, descriptor.name)[index] if _is_list(getattr(part, descriptor.name)) else None
        if part is None or not hasattr(part, "name"):
            return ""
        names.append(part.name)
    return ".".join(names) if len(path) % 2 == 0 else ""


def _is_list(value: object) -> bool:
    return hasattr(value, "append")


def _operation(service: str, method: MethodDescriptorProto, comments: Mapping[str, str]) -> Schema:
    text = comments.get(f"{service}.{method.name}", "")
    streams = method.server_streaming
    media_type = "application/connect+json" if streams else "application/json"
    envelopes: Schema = {"type": "string", "format": "binary", "contentMediaType": media_type}
    note = f" Streams: each envelope of the answer holds a {method.output_type.rpartition('.')[2]}." if streams else ""
    return {
        "tags": [service],
        "operationId": f"{service}_{method.name}",
        "summary": re.split(r"(?<=[.;:])\s", text, maxsplit=1)[0],
        "description": text + note,
        "requestBody": {
            "required": True,
            "content": {media_type: {"schema": envelopes if streams else _reference(method.input_type)}},
        },
        "responses": {
            "200": {
                "description": "Done.",
                "content": {media_type: {"schema": envelopes if streams else _reference(method.output_type)}},
            },
            "default": {
                "description": "Refused, or failed.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
            },
        },
    }


def _schemas(files: list[FileDescriptorProto], comments: Mapping[str, str]) -> Iterator[tuple[str, Schema]]:
    for file in files:
        for message in file.message_type:
            yield from _message_schemas(message, message.name, comments)
        for enum in file.enum_type:
            yield enum.name, _enum(enum, comments.get(enum.name, ""))


def _message_schemas(message: DescriptorProto, name: str, comments: Mapping[str, str]) -> Iterator[tuple[str, Schema]]:
    maps = {f".{PACKAGE}.{name}.{each.name}": each for each in message.nested_type if each.options.map_entry}
    schema: Schema = {"type": "object", "description": comments.get(name, "")}
    schema["properties"] = {
        field.json_name: _described(
            _field(field, maps), _told(message, field, comments.get(f"{name}.{field.name}", ""))
        )
        for field in message.field
    }
    if name.endswith("Request"):
        schema["additionalProperties"] = False
    yield name, schema
    for inner in message.nested_type:
        if not inner.options.map_entry:
            yield from _message_schemas(inner, f"{name}.{inner.name}", comments)
    for enum in message.enum_type:
        yield f"{name}.{enum.name}", _enum(enum, comments.get(f"{name}.{enum.name}", ""))


def _told(message: DescriptorProto, field: FieldDescriptorProto, text: str) -> str:
    if not field.HasField("oneof_index") or field.proto3_optional:
        return text
    return f"{text} (At most one of those in {message.oneof_decl[field.oneof_index].name}.)".strip()


def _field(field: FieldDescriptorProto, maps: Mapping[str, DescriptorProto]) -> Schema:
    if field.type_name in maps:
        return {"type": "object", "additionalProperties": _single(maps[field.type_name].field[1])}
    single = _single(field)
    return {"type": "array", "items": single} if field.label == _Field.LABEL_REPEATED else single


def _single(field: FieldDescriptorProto) -> Schema:
    if field.type in {_Field.TYPE_MESSAGE, _Field.TYPE_ENUM}:
        return dict(_WELL_KNOWN.get(field.type_name) or _reference(field.type_name))
    return dict(_SCALARS[field.type])


def _described(schema: Schema, text: str) -> Schema:
    return {**schema, "description": text} if text and "description" not in schema else schema


def _enum(enum: EnumDescriptorProto, text: str) -> Schema:
    return {"type": "string", "description": text, "enum": [value.name for value in enum.value]}


def _reference(type_name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{type_name.removeprefix(f'.{PACKAGE}.')}"}
