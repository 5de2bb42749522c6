"""Who may send: basic authentication and each account's streams."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Collection, Mapping


def account_of(authorization: str | None, accounts: Mapping[str, str]) -> str | None:
    """Return the user whose password (user → password) an Authorization header carries, else None.

    Basic authentication in UTF-8; the password may hold colons (RFC 7617).
    """
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = b64decode(encoded.strip(), validate=True).decode().partition(":")
    except Base64Error, UnicodeDecodeError:
        return None
    return user if colon and accounts.get(user) == password else None


def access_status(
    account: str,
    stream_id: str,
    known_streams: Collection[str] | None,
    restricted_to: Mapping[str, Collection[str]],
) -> int:
    """Return 200 when the account may use the stream, 404 for an unknown stream, 403 for one of another account.

    Without known streams every stream is known; an account without a restriction may use them all.
    """
    if known_streams is not None and stream_id not in known_streams:
        return 404
    if account in restricted_to and stream_id not in restricted_to[account]:
        return 403
    return 200
