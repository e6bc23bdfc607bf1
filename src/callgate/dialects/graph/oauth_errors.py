"""What is wrong with a token request, in Azure's words and codes.

Sources: RFC 6749 section 5.2; Microsoft Entra "OAuth 2.0 client credentials flow" (the shape), "Authentication and
authorization error codes" (the numbers).
"""

from __future__ import annotations

import datetime
import uuid

import msgspec

#: How much of a value is told back.
_SHOWN = 128


class OAuthError(Exception):
    """A refused request: HTTP ``status``, the ``error`` of RFC 6749, the ``code`` of Azure.

    ``retry_after`` in seconds, 0: nothing is said of it. ``allow``: the methods, for status 405.
    """

    def __init__(
        self, status: int, error: str, code: int, message: str, *, retry_after: int = 0, allow: str = ""
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error = error
        self.code = code
        self.message = message
        self.retry_after = retry_after
        self.allow = allow


class _Body(msgspec.Struct, frozen=True):
    error: str
    error_description: str
    error_codes: tuple[int, ...]
    timestamp: str
    trace_id: str
    correlation_id: str
    error_uri: str


def body(error: OAuthError, now: float, trace: str, correlation: str) -> bytes:
    """The JSON of an error. ``now`` in Unix seconds; the ids are those of the reply's headers."""
    timestamp = datetime.datetime.fromtimestamp(now, datetime.UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    ids = f"Trace ID: {trace} Correlation ID: {correlation} Timestamp: {timestamp}"
    return msgspec.json.encode(
        _Body(
            error=error.error,
            error_description=f"AADSTS{error.code}: {error.message} {ids}",
            error_codes=(error.code,),
            timestamp=timestamp,
            trace_id=trace,
            correlation_id=correlation,
            error_uri=f"https://login.microsoftonline.com/error?code={error.code}",
        )
    )


def correlation_id(given: str) -> str:
    """The id that a client gave its request, if it is a UUID, else a new one."""
    try:
        return str(uuid.UUID(given))
    except ValueError:
        return str(uuid.uuid4())


def shown(value: str) -> str:
    """A value of a request, as an error may tell it back."""
    return value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…"


def missing(parameter: str) -> OAuthError:
    """A field of the form is missing or empty."""
    return OAuthError(
        400, "invalid_request", 900144, f"The request body must contain the following parameter: '{parameter}'."
    )


def malformed(what: str) -> OAuthError:
    """The request cannot be read."""
    return OAuthError(400, "invalid_request", 90013, f"Invalid input received from the user: {what}.")


def unknown_tenant(tenant: str) -> OAuthError:
    """No bot belongs to that tenant."""
    return OAuthError(
        400,
        "invalid_request",
        90002,
        f"Tenant '{shown(tenant)}' not found. Check to make sure you have the correct tenant ID: it is the tenant of a "
        "bot in Callgate's directory, a UUID; domain names are not known.",
    )


def unknown_application(client_id: str, tenant: str) -> OAuthError:
    """No bot of that tenant has that app id; what is no UUID is not told back: it may be a secret."""
    try:
        identifier = str(uuid.UUID(client_id))
    except ValueError:
        identifier = "not shown, because it is no UUID"
    return OAuthError(
        400,
        "unauthorized_client",
        700016,
        f"Application with identifier '{identifier}' was not found in the directory '{shown(tenant)}'. This can "
        "happen if the application has not been installed by the administrator of the tenant. You may have sent your "
        "authentication request to the wrong tenant.",
    )


def disabled_application(client_id: str) -> OAuthError:
    """The bot is not enabled."""
    return OAuthError(400, "unauthorized_client", 7000112, f"Application '{client_id}' is disabled.")


def unsupported_grant(grant: str) -> OAuthError:
    """Another grant than client credentials."""
    return OAuthError(
        400,
        "unsupported_grant_type",
        70003,
        f"The app requested an unsupported grant type '{shown(grant)}': use 'client_credentials'.",
    )


def no_credential() -> OAuthError:
    """Neither a secret nor an assertion."""
    return OAuthError(
        401,
        "invalid_client",
        7000216,
        "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
    )


def wrong_secret(client_id: str) -> OAuthError:
    """The secret is not one of the bot's."""
    return OAuthError(
        401,
        "invalid_client",
        7000215,
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not "
        f"the client secret ID, for a secret added to app '{client_id}'.",
    )


def wrong_scope(scope: str) -> OAuthError:
    """A scope that is not Graph's, or not ``.default``."""
    return OAuthError(
        400,
        "invalid_scope",
        70011,
        "The provided request must include a 'scope' input parameter. The provided value for the input parameter "
        f"'scope' is not valid. The scope {shown(scope)} is not valid: use https://graph.microsoft.com/.default.",
    )


def locked(seconds: int) -> OAuthError:
    """Too many wrong secrets came from there. Not 429: clients' libraries would wait, and send it again."""
    return OAuthError(
        400,
        "invalid_client",
        50053,
        "Sign-in is blocked: too many wrong client secrets came from this address for this application. Try again in "
        f"{seconds} s.",
        retry_after=seconds,
    )


def overloaded() -> OAuthError:
    """Too many secrets wait to be verified; here another try is what is wanted."""
    return OAuthError(
        503, "temporarily_unavailable", 90033, "A transient error has occurred. Please try again.", retry_after=1
    )


def wrong_method(method: str, allowed: str) -> OAuthError:
    """The endpoint does not know the method."""
    return OAuthError(
        405,
        "invalid_request",
        900561,
        f"The endpoint only accepts {allowed} requests. Received a {shown(method)} request.",
        allow=allowed,
    )


def no_endpoint(path: str) -> OAuthError:
    """Nothing is served there: users do not sign in here, and version 1 of the endpoints is gone."""
    return OAuthError(
        404,
        "invalid_request",
        90013,
        f"Nothing is served at '{shown(path)}': the token endpoint is /{{tenant}}/oauth2/v2.0/token, its configuration "
        "/{tenant}/v2.0/.well-known/openid-configuration.",
    )


def too_large(limit: int) -> OAuthError:
    """The body has too many bytes."""
    return OAuthError(413, "invalid_request", 90013, f"The body may have at most {limit} bytes.")


def failed() -> OAuthError:
    """Callgate has a bug."""
    return OAuthError(500, "server_error", 90033, "Callgate failed, see its log.")


def unreadable_assertion(why: str) -> OAuthError:
    """The client assertion is no token that could be checked."""
    return OAuthError(400, "invalid_request", 50027, f"JWT token is invalid or malformed: {why}.")


def wrong_assertion(code: int, why: str) -> OAuthError:
    """The client assertion is not good; the codes are Azure's 700021, 700023, 700024, 700027."""
    return OAuthError(401, "invalid_client", code, why)
