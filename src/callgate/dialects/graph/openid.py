"""The documents by which libraries find the endpoints, and bots the keys of notifications.

Sources: OpenID Connect Discovery 1.0 section 3; the documents of login.microsoftonline.com and of the Bot Framework
(``/v1/.well-known/OpenIdConfiguration``), whose members these are, but for those of what is not here.
"""

from __future__ import annotations

from typing import Any

from callgate.dialects.graph.keys import ALGORITHM
from callgate.dialects.graph.tokens import issuer

#: Where bots find the keys of notifications: in place of https://api.aps.skype.com/v1.
BOTS = "graph"


def token_endpoint(base: str, tenant: str) -> str:
    """The URL of a tenant's token endpoint."""
    return f"{base}/{tenant}/oauth2/v2.0/token"


def of_tenant(base: str, tenant: str, named: str) -> dict[str, Any]:
    """What libraries ask for before they ask for a token.

    Args:
        base: what URLs begin with.
        tenant: as the request spells it: "common" too.
        named: as tokens name it.
    """
    return {
        "token_endpoint": token_endpoint(base, tenant),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": f"{base}/{tenant}/discovery/v2.0/keys",
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "response_types_supported": ["token"],
        "scopes_supported": ["openid"],
        "grant_types_supported": ["client_credentials"],
        "issuer": issuer(named),
        "request_uri_parameter_supported": False,
        # Required of the document, and read by libraries; users do not sign in here, and nothing is served there.
        "authorization_endpoint": f"{base}/{tenant}/oauth2/v2.0/authorize",
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "tid", "ver"],
        "tenant_region_scope": None,
    }


def of_notifications(base: str, notification_issuer: str) -> dict[str, Any]:
    """What a bot is pointed to instead of the Bot Framework's document, to check who notifies it."""
    return {
        "issuer": notification_issuer,
        "authorization_endpoint": f"{base}/common/oauth2/v2.0/authorize",
        "jwks_uri": f"{base}/{BOTS}/.well-known/keys",
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
    }
