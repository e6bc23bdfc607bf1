"""The product's shapes: what each resource tells, field for field and in that order.

Source: the open-source product's converters (AccountConverter, CallDetailRecordConverter,
IncomingPhoneNumberConverter, ApplicationConverter, ClientConverter, NotificationConverter).
"""

from __future__ import annotations

import re

from callgate.dialects.rcml.model import API_VERSION, FINAL_STATUSES, CallRecord, Notification
from callgate.dialects.rcml.rest.dates import iso, rfc2822
from callgate.dialects.rcml.rest.resources import Field, Resource, Value
from callgate.directory.model import Account, Application, InboundRoute, Phone, RcmlNumber
from callgate.directory.urls import hidden

#: URIs are relative to the host, or to /restcomm: the product has both.
ROOT = f"/restcomm/{API_VERSION}"
_BELOW = f"/{API_VERSION}"
_E164 = re.compile(r"[1-9][0-9]{6,14}")
#: The dictionary of codes of the hosted product.
_MORE_INFO = "https://cloud.restcomm.com/docs/api/reasoncodes.html"
_CURRENCY = "USD"


def account(entry: Account) -> Resource:
    """An account, as it sees itself."""
    uri = f"{ROOT}/Accounts/{entry.sid}"
    friendly_name = Field("friendly_name", "FriendlyName", entry.friendly_name or entry.name)
    return Resource(
        "Account",
        (
            Field("sid", "Sid", entry.sid),
            friendly_name,
            Field("email_address", "EmailAddress", None, json_null=False),
            Field("type", "", "Full"),
            Field("status", "Status", entry.status),
            Field("role", "Role", "Developer"),
            Field("", "Type", "Full"),
            *_dates(entry.created, entry.updated),
            Field("auth_token", "AuthToken", entry.token),
            Field("uri", "", f"{ROOT}/Accounts.json/{entry.sid}"),
            Field("", "Uri", uri),
            Field(
                "subresource_uris",
                "SubresourceUris",
                tuple(
                    part
                    for json, xml in (
                        ("calls", "Calls"),
                        ("incoming_phone_numbers", "IncomingPhoneNumbers"),
                        ("notifications", "Notifications"),
                    )
                    for part in (Field(json, "", f"{uri}/{xml}.json"), Field("", xml, f"{uri}/{xml}"))
                ),
            ),
        ),
    )


def call(record: CallRecord, instance: str) -> Resource:
    """A call. It starts when it comes in; its duration is that of the conversation."""
    uri = f"{_BELOW}/Accounts/{record.account_sid}/Calls/{record.sid}"
    ring = ("ring_duration", "Ring_duration", record.ring_seconds)
    return Resource(
        "Call",
        (
            Field("sid", "Sid", record.sid),
            Field("InstanceId", "InstanceId", instance),
            *_dates(record.created, record.updated),
            Field("parent_call_sid", "ParentCallSid", record.parent_sid, json_null=False),
            Field("account_sid", "AccountSid", record.account_sid),
            Field("to", "To", record.to),
            Field("from", "From", record.from_),
            Field("phone_number_sid", "PhoneNumberSid", record.phone_number_sid, json_null=False),
            Field("status", "Status", record.status),
            Field("start_time", "StartTime", iso(record.created)),
            Field("end_time", "EndTime", iso(record.ended), json_null=False),
            Field("duration", "Duration", _duration(record)),
            Field("", "Price", "0.00"),
            Field("price_unit", "PriceUnit", _CURRENCY),
            Field("direction", "Direction", record.direction),
            Field("answered_by", "AnsweredBy", None),
            Field("api_version", "ApiVersion", API_VERSION),
            Field("forwarded_from", "ForwardedFrom", record.forwarded_from),
            Field("caller_name", "CallerName", record.caller_name),
            *_uri(uri),
            Field(ring[0], "", ring[2]),
            Field(
                "subresource_uris",
                "SubresourceUris",
                (
                    Field("notifications", "", f"{uri}/Notifications.json"),
                    Field("recordings", "", f"{uri}/Recordings.json"),
                    Field("", "Notifications", f"{uri}/Notifications"),
                    Field("", "Recordings", f"{uri}/Recordings"),
                ),
            ),
            Field("", ring[1], ring[2]),
        ),
    )


def number(route: InboundRoute, rcml: RcmlNumber, owner: Account, application: Application | None) -> Resource:
    """An incoming phone number: an inbound route that is bound to RCML."""
    voice = hidden(rcml.voice)
    return Resource(
        "IncomingPhoneNumber",
        (
            Field("sid", "Sid", rcml.sid),
            Field("account_sid", "AccountSid", owner.sid),
            Field("friendly_name", "FriendlyName", rcml.friendly_name or phone_number(route.did)),
            Field("phone_number", "PhoneNumber", phone_number(route.did)),
            _optional("voice_url", "VoiceUrl", voice.voice_url),
            Field("voice_method", "VoiceMethod", voice.voice_method),
            _optional("voice_fallback_url", "VoiceFallbackUrl", voice.voice_fallback_url),
            Field("voice_fallback_method", "VoiceFallbackMethod", voice.voice_fallback_method),
            _optional("status_callback", "StatusCallback", voice.status_callback),
            Field("status_callback_method", "StatusCallbackMethod", voice.status_callback_method),
            Field("voice_caller_id_lookup", "VoiceCallerIdLookup", False),
            _optional("voice_application_sid", "VoiceApplicationSid", application.sid if application else ""),
            *(
                (Field("voice_application_name", "VoiceApplicationName", application.friendly_name),)
                if application is not None
                else ()
            ),
            *_dates(rcml.created, rcml.updated),
            *_not_done("sms", "Sms", fallback=True),
            *_not_done("ussd", "Ussd", fallback=True),
            *_not_done("refer", "Refer", fallback=False),
            Field(
                "capabilities",
                "Capabilities",
                (
                    Field("voice_capable", "Voice", True),
                    Field("sms_capable", "Sms", False),
                    Field("mms_capable", "Mms", False),
                    Field("fax_capable", "Fax", False),
                ),
            ),
            Field("api_version", "ApiVersion", API_VERSION),
            *_uri(f"{ROOT}/Accounts/{owner.sid}/IncomingPhoneNumbers/{rcml.sid}"),
        ),
    )


def application(entry: Application, owner: Account) -> Resource:
    """An application."""
    return Resource(
        "Application",
        (
            Field("sid", "Sid", entry.sid),
            *_dates(entry.created, entry.updated),
            Field("friendly_name", "FriendlyName", entry.friendly_name or entry.name),
            Field("account_sid", "AccountSid", owner.sid),
            Field("api_version", "ApiVersion", API_VERSION),
            Field("voice_caller_id_lookup", "VoiceCallerIdLookup", False),
            *_uri(f"{ROOT}/Accounts/{owner.sid}/Applications/{entry.sid}"),
            _optional("rcml_url", "RcmlUrl", hidden(entry.voice).voice_url),
            Field("kind", "Kind", "voice"),
        ),
    )


def client(entry: Phone, owner: Account) -> Resource:
    """A client: a phone that registers. Its password is never told."""
    return Resource(
        "Client",
        (
            Field("sid", "Sid", entry.sid),
            *_dates(entry.created, entry.updated),
            Field("account_sid", "AccountSid", owner.sid),
            Field("api_version", "ApiVersion", API_VERSION),
            Field("friendly_name", "FriendlyName", entry.friendly_name or entry.name),
            Field("login", "Login", entry.name),
            Field("status", "Status", "1" if entry.enabled else "0"),
            Field("voice_method", "VoiceMethod", "POST"),
            Field("voice_fallback_method", "VoiceFallbackMethod", "POST"),
            *_uri(f"{ROOT}/Accounts/{owner.sid}/Clients/{entry.sid}"),
        ),
    )


def notification(entry: Notification) -> Resource:
    """An entry of the error log."""
    return Resource(
        "Notification",
        (
            Field("sid", "Sid", entry.sid),
            *_dates(entry.at, entry.at),
            Field("account_sid", "AccountSid", entry.account_sid),
            Field("call_sid", "CallSid", entry.call_sid, json_null=False, xml_null=False),
            Field("api_version", "ApiVersion", API_VERSION),
            Field("log", "Log", entry.log),
            Field("error_code", "ErrorCode", entry.code),
            Field("more_info", "MoreInfo", f"{_MORE_INFO}#{entry.code}"),
            Field("message_text", "MessageText", entry.text),
            Field("message_date", "MessageDate", iso(entry.at)),
            Field("request_url", "RequestUrl", entry.request_url),
            Field("request_method", "RequestMethod", entry.request_method),
            Field("request_variables", "RequestVariables", entry.request_variables or None),
            Field("response_headers", "ResponseHeaders", entry.response_headers or None),
            Field("response_body", "ResponseBody", entry.response_body or None),
            *_uri(f"{_BELOW}/Accounts/{entry.account_sid}/Notifications/{entry.sid}"),
        ),
    )


def phone_number(did: str) -> str:
    """A DID as a phone number: with "+" if it can be one of E.164, else as it is."""
    return f"+{did}" if _E164.fullmatch(did) else did


def _dates(created: float, updated: float) -> tuple[Field, Field]:
    return Field("date_created", "DateCreated", rfc2822(created)), Field(
        "date_updated", "DateUpdated", rfc2822(updated)
    )


def _uri(uri: str) -> tuple[Field, Field]:
    return Field("uri", "", f"{uri}.json"), Field("", "Uri", uri)


def _optional(json: str, xml: str, value: str) -> Field:
    return Field(json, xml, value or None, xml_null=False)


def _not_done(json: str, xml: str, *, fallback: bool) -> list[Field]:
    """The fields of what the product does with a number beside calls, as they are when nothing is done."""
    fields = [_optional(f"{json}_url", f"{xml}Url", ""), Field(f"{json}_method", f"{xml}Method", "POST")]
    if fallback:
        fields.append(_optional(f"{json}_fallback_url", f"{xml}FallbackUrl", ""))
        fields.append(Field(f"{json}_fallback_method", f"{xml}FallbackMethod", "POST"))
    return [*fields, _optional(f"{json}_application_sid", f"{xml}ApplicationSid", "")]


def _duration(record: CallRecord) -> Value:
    if record.status not in FINAL_STATUSES:
        return None
    return 0 if record.started is None or record.ended is None else int(record.ended - record.started)
