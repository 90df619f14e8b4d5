"""AUTH=generic-oauth: any OpenID Connect provider, such as Keycloak, Authentik or Okta.

Its addresses are looked up at the first sign-in, not when the hub starts: a provider
that is down then does not keep the hub down.
"""

from __future__ import annotations

import time
from typing import Any, ClassVar

from oauthenticator.generic import GenericOAuthenticator
from oauthenticator.oauth2 import OAuthLoginHandler
from tornado.httpclient import HTTPClientError
from traitlets import Float, Unicode

from hubkit.auth import client
from hubkit.auth.answers import Refused
from hubkit.auth.asking import DOWN
from hubkit.auth.guard import Guard
from hubkit.auth.oauth import RETRY, KitOAuth
from hubkit.auth.outage import Outage
from hubkit.auth.provider import Provider
from hubkit.errors import Problem
from hubkit.settings import Settings

TITLE = "your organisation"
LOOK_UP_SECONDS = 3600.0  # between two looks at a provider's addresses
SCOPE = ["openid", "profile", "email"]


class KitLoginHandler(OAuthLoginHandler):
    """Sends people to a provider once its addresses are known."""

    async def get(self) -> None:
        """Look the addresses up, and send the visitor there."""
        try:
            await self.authenticator.ready()
        except Outage as outage:
            raise Refused(503, str(outage), RETRY) from None
        super().get()


class Discovering(KitOAuth):
    """A provider that publishes its addresses (OpenID Connect Discovery, RFC 8414)."""

    login_handler = KitLoginHandler
    issuer = Unicode(help="Address of the provider.").tag(config=True)
    well_known = "/.well-known/openid-configuration"
    published: ClassVar[dict[str, str]] = {
        "authorize_url": "authorization_endpoint",
        "token_url": "token_endpoint",
        "userdata_url": "userinfo_endpoint",
    }
    looked_up = Float(0.0)  # seconds on a clock that only grows; 0 for never

    def place(self) -> str:
        """Return the issuer."""
        return client.place(str(self.issuer))

    async def ready(self) -> None:
        """Look the provider's addresses up, unless they are known.

        Raises:
            Outage: It does not tell, and never has.
        """
        if self.looked_up and time.monotonic() - self.looked_up < LOOK_UP_SECONDS:
            return
        try:
            self.learn(await self.httpfetch(f"{self.issuer}{self.well_known}", "looking up"))
        except (Outage, HTTPClientError):
            if not self.looked_up:
                raise self.outage(DOWN) from None
        self.looked_up = time.monotonic()

    def learn(self, told: Any) -> None:
        """Take over the addresses in a provider's document.

        Raises:
            Outage: It is none, or another provider's.
        """
        found = told if isinstance(told, dict) else {}
        addresses = {trait: str(found.get(key, "")) for trait, key in self.published.items()}
        if not self.vouched(found) or not all(
            address.startswith("https://") for address in addresses.values()
        ):
            document = f"{self.issuer}{self.well_known}"
            self.log.error("%s does not describe %s", document, self.issuer)
            raise self.outage(DOWN)
        for trait, address in addresses.items():
            setattr(self, trait, address)

    def vouched(self, found: dict[str, Any]) -> bool:
        """Return whether a document is that of the provider that was asked."""
        return str(found.get("issuer", "")).rstrip("/") == str(self.issuer)


class KitGenericOAuthenticator(Guard, Discovering, GenericOAuthenticator):
    """People with an account at an OpenID Connect provider."""

    way = "generic-oauth"
    asks_again = True

    def identity(self, model: dict[str, Any]) -> str:
        """Return the account by its subject, which never changes."""
        return self.account(model, "sub")


def configure(c: Any, env: Settings) -> type:
    """Set where the provider is and what it is asked for."""
    section = client.configure(c, env, KitGenericOAuthenticator, TITLE)
    section.issuer = env.oauth_url
    client.claims(section, env, scope=SCOPE, name="preferred_username")
    client.groups(section, env)
    return KitGenericOAuthenticator


def problems(env: Settings) -> list[Problem]:
    """Return what is wrong with the settings for the provider."""
    address = "the issuer, e.g. https://sso.example.org/realms/staff"
    return client.problems(env, "generic-oauth", "your provider", address=address)


PROVIDER = Provider(
    TITLE,
    configure,
    problems,
    policies=frozenset({"userlist", "group", "everyone"}),
    groups=True,
    client="OAUTH",
)
