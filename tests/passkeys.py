"""An authenticator in Python: it makes passkeys and signs with them as a browser would, and nothing is left out.

https://www.w3.org/TR/webauthn-3/
"""

import hashlib
import json
import re
import secrets
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.http import HttpResponse
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import Aaguid, AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData

PRESENT_AND_VERIFIED = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV


class Passkey:
    def __init__(self, *, origin: str = "") -> None:
        self.origin = origin or settings.PUBLIC_URL
        self.credential_id = secrets.token_bytes(32)
        self.user_handle = ""
        self._key = ec.generate_private_key(ec.SECP256R1())

    def create(self, options: dict[str, Any]) -> str:
        """The answer to navigator.credentials.create(), as the form posts it."""
        asked = options["publicKey"]
        self.user_handle = asked["user"]["id"]
        data = AttestedCredentialData.create(
            Aaguid.NONE, self.credential_id, ES256.from_cryptography_key(self._key.public_key())
        )
        made = self._authenticator_data(PRESENT_AND_VERIFIED | AuthenticatorData.FLAG.AT, data)
        attestation = AttestationObject.create("none", made, {})
        client_data = self._client_data(CollectedClientData.TYPE.CREATE, asked["challenge"])
        return self._answer(
            {"attestationObject": websafe_encode(attestation), "clientDataJSON": websafe_encode(client_data)},
            {"credProps": {"rk": True}},
        )

    def get(self, options: dict[str, Any]) -> str:
        """The answer to navigator.credentials.get(), as the form posts it."""
        client_data = self._client_data(CollectedClientData.TYPE.GET, options["publicKey"]["challenge"])
        said = self._authenticator_data(PRESENT_AND_VERIFIED, None)
        signature = self._key.sign(said + hashlib.sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(
            {
                "authenticatorData": websafe_encode(said),
                "clientDataJSON": websafe_encode(client_data),
                "signature": websafe_encode(signature),
                "userHandle": self.user_handle,
            },
            {},
        )

    def _authenticator_data(self, flags: AuthenticatorData.FLAG, data: AttestedCredentialData | None) -> Any:
        host = urlsplit(self.origin).hostname or ""
        return AuthenticatorData.create(hashlib.sha256(host.encode()).digest(), flags, 0, data or b"")

    def _client_data(self, type: str, challenge: str) -> CollectedClientData:
        return CollectedClientData.create(type, websafe_decode(challenge), self.origin)

    def _answer(self, response: dict[str, str], extensions: dict[str, Any]) -> str:
        name = websafe_encode(self.credential_id)
        answer = {"type": "public-key", "id": name, "rawId": name, "response": response}
        return json.dumps(answer | {"clientExtensionResults": extensions, "authenticatorAttachment": "platform"})


def options_in(page: HttpResponse) -> dict[str, Any]:
    """What the page asks of the authenticator."""
    data = json.loads(re.search(r'<script id="js_data"[^>]*>(.*?)</script>', page.content.decode(), re.S)[1])
    return data.get("creation_options") or data["request_options"]
