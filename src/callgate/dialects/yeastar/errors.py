"""The vendor's error table, and the exception that carries one of its rows to the caller.

Source: Yeastar P-Series developer guide, "Error Code and Error Message". The spelling is the vendor's.
"""

from __future__ import annotations

from enum import IntEnum

from callgate.dialects.yeastar.wire import ErrorReply, InvalidParam


class Code(IntEnum):
    """The rows of the vendor's table that this dialect answers with."""

    INTERNAL = -2
    FAILURE = -1
    SUCCESS = 0
    INTERFACE_NOT_EXISTED = 10001
    VERSION_UNSUPPORTED = 10003
    TOKEN_EXPIRED = 10004
    ACCESS_DENIED = 10005
    PARAMETER_SYNTAX = 40001
    PARAMETER = 40002
    SIZE_EXCEEDED = 40004
    DATA_NOT_FOUND = 60001
    MAX_LIMITATION = 60002
    ADDRESS_BLOCKED = 70004
    OVERLOAD = 70082
    CHANNEL_NOT_FOUND = 70130
    NOT_SUPPORTED = 70132


MESSAGES: dict[Code, str] = {
    Code.INTERNAL: "INTERNAL SERVER ERROR",
    Code.FAILURE: "FAILURE",
    Code.SUCCESS: "SUCCESS",
    Code.INTERFACE_NOT_EXISTED: "INTERFACE NOT EXISTED",
    Code.VERSION_UNSUPPORTED: "API VERSION UNSUPPORTED",
    Code.TOKEN_EXPIRED: "TOKEN EXPIRED",
    Code.ACCESS_DENIED: "ACCESS DENIED",
    Code.PARAMETER_SYNTAX: "PARAMETER SYNTAX ERROR",
    Code.PARAMETER: "PARAMETER ERROR",
    Code.SIZE_EXCEEDED: "FILE SIZE EXCEEDED",
    Code.DATA_NOT_FOUND: "DATA NOT FOUND",
    Code.MAX_LIMITATION: "MAX LIMITATION EXCEEDED",
    Code.ADDRESS_BLOCKED: "ACCOUNT IP BLOCKED",
    Code.OVERLOAD: "OVERLOAD_TASK_RUNNING",
    Code.CHANNEL_NOT_FOUND: "CAHNNEL ID NOT FOUND",
    Code.NOT_SUPPORTED: "OPERATION NOT SUPPORTED",
}


class ApiError(Exception):
    """A request that is answered with an error of the table.

    ``submsg`` says in a sentence what is the matter, ``invalid`` names the parameters that are.
    """

    def __init__(self, code: Code, submsg: str | None = None, *, invalid: tuple[InvalidParam, ...] = ()) -> None:
        self.code = code
        self.submsg = submsg
        self.invalid = invalid
        super().__init__(f"{code.value} {MESSAGES[code]}" + (f": {submsg}" if submsg else ""))

    def reply(self) -> ErrorReply:
        """The envelope to send."""
        return ErrorReply(
            errcode=self.code.value,
            errmsg=MESSAGES[self.code],
            submsg=self.submsg,
            invalid_param_list=self.invalid or None,
        )


def missing(field: str) -> ApiError:
    """A parameter that is required is not there."""
    return ApiError(Code.PARAMETER, invalid=(InvalidParam(field, validation_type="required"),))


def invalid(field: str, value: str, submsg: str | None = None) -> ApiError:
    """A parameter has a value that is not possible; at most its first 64 characters are given back."""
    return ApiError(Code.PARAMETER, submsg, invalid=(InvalidParam(field, value=value[:64]),))
