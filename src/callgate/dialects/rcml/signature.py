"""X-Twilio-Signature: how an application knows that a request is from its own account.

RCML has no signature of its own; this is the one that the libraries of its users check. Source: Twilio, "Webhooks
Security", Validating Signatures from Twilio.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from callgate.dialects.rcml.model import Parameters

HEADER = "X-Twilio-Signature"


def sign(token: str, url: str, form: Parameters) -> str:
    """The header's value: Base64 of the HMAC-SHA1, with the account's token, of the URL and the form.

    ``url`` is what is requested, with its query string and its port if that is not the scheme's own. Of the form (none
    for a GET) every name goes in as often as it has different values, sorted by name and value.
    """
    signed = url + "".join(name + value for name, value in sorted(set(form)))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()
