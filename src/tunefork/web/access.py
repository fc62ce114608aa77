"""Who may ask a server: by the name it is called, by the page that asks, by a token.

A page on the internet can make a visitor's browser ask ``localhost``. Two checks keep it out: ``Origin`` has to be the
server itself, and ``Host`` a name of this machine, since a foreign name may be pointed at it (DNS rebinding). Names can
be pointed anywhere, addresses cannot, so addresses always pass.
"""

from __future__ import annotations

import hmac
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from tunefork.errors import ConfigError

COOKIE = "tunefork_token"
SHORTEST = 16
"""Characters of a token at least."""


@dataclass(frozen=True)
class Access:
    """The rules of one server."""

    names: frozenset[str]
    """By which it may be called, in lower case, beside addresses."""
    token: str = ""
    """Everybody who asks has to know it; empty where nobody has to."""

    def called(self, host: str) -> bool:
        """Whether a ``Host`` header names this server.

        >>> rules = Access(frozenset({"localhost"}))
        >>> [rules.called(host) for host in ("localhost:8000", "127.0.0.1", "[::1]:80", "evil.example", "")]
        [True, True, True, False, False]
        """
        name = _name(host)
        return name in self.names or _is_address(name)

    def same(self, origin: str, host: str) -> bool:
        """Whether an ``Origin`` header is the server itself, as ``Host`` calls it.

        >>> rules = Access(frozenset({"localhost"}))
        >>> [rules.same(o, "localhost:80") for o in ("http://localhost:80", "http://localhost", "http://evil", "null")]
        [True, True, False, False]
        """
        try:
            asking = urlsplit(origin)
            return asking.scheme in ("http", "https") and _full(asking.netloc, asking.scheme) in {
                _full(host, "http"),
                _full(host, "https"),
            }
        except ValueError:
            return False

    def knows(self, offered: str) -> bool:
        """Whether this is the token; it takes as long for nearly the right one."""
        return not self.token or hmac.compare_digest(offered.encode(), self.token.encode())


def access(host: str, token: str = "", names: Sequence[str] = ()) -> Access:
    """The rules of a server.

    Args:
        host: the name or address that it listens on.
        token: that everybody has to know.
        names: further names by which it is called, of a proxy before it.

    Raises:
        ConfigError: others could reach it, and there is no token; a token that is soon guessed.
    """
    if not loopback(host) and not token:
        raise ConfigError(
            "Other machines can reach this address, and anybody on them could ask",
            where=f"--host {host}",
            found="no --token",
            fix="Give --token, or TUNEFORK_TOKEN in the environment; or leave --host out.",
        )
    if token and (len(token) < SHORTEST or not token.isascii() or not token.isprintable() or " " in token):
        raise ConfigError(
            f"A token has {SHORTEST} characters or more, of ASCII without spaces",
            where="--token",
            found=f"{len(token)} characters",
            fix='Make one: python -c "import secrets; print(secrets.token_urlsafe())"',
        )
    own = {"localhost", *(name.lower() for name in names)}
    if not loopback(host):
        own |= {host.lower(), socket.gethostname().lower(), socket.getfqdn().lower()}
    return Access(frozenset(own), token)


def loopback(host: str) -> bool:
    """Whether only this machine reaches an address.

    >>> [loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "192.168.0.7", "box.example")]
    [True, True, True, False, False, False]
    """
    try:
        return host.lower() == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _name(host: str) -> str:
    """Without its port, in lower case."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _full(netloc: str, scheme: str) -> tuple[str, int]:
    """Name and port."""
    parts = urlsplit(f"//{netloc}")
    return (parts.hostname or "").lower(), parts.port or (443 if scheme == "https" else 80)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
