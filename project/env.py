"""What the environment says; settings.py turns it into settings."""

import contextlib
import hashlib
import os
import secrets
from pathlib import Path

import environ
from cryptography.fernet import Fernet

ROOT = Path(__file__).resolve().parent.parent

environ.Env.read_env(ROOT / ".env")
env = environ.Env()

DATA_FOLDER = Path(env.str("FILMGATE_DATA", default=str(ROOT / "var"))).expanduser().resolve()
MEDIA_FOLDER = Path(env.str("FILMGATE_MEDIA", default=str(DATA_FOLDER / "media"))).expanduser().resolve()
PORT = env.int("PORT", default=8000)
SANDBOX_PORT = env.int("SANDBOX_PORT", default=8010)


def kept_secret(name: str, new: str) -> str:
    """The secret called `name` in the data folder, written there as `new` the first time it is asked for.

    Several processes may ask at once: os.link() lets exactly one of them write, and no one reads a half-written file.
    """
    path = DATA_FOLDER / name
    if not path.exists():
        DATA_FOLDER.mkdir(parents=True, exist_ok=True)
        draft = DATA_FOLDER / f".{name}.{secrets.token_hex(8)}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(new)
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text().strip()


def replace_secret(name: str, new: str) -> None:
    """Keep another secret under this name from now on."""
    (DATA_FOLDER / name).write_text(new)


def secret_key() -> str:
    """SECRET_KEY, or one made once and kept in the data folder."""
    return env.str("SECRET_KEY", default="") or kept_secret("secret_key", secrets.token_urlsafe(50))


def credential_keys() -> list[str]:
    """CREDENTIAL_KEYS: Fernet keys, comma separated, the first encrypts and all decrypt; or one made once and kept."""
    return env.list("CREDENTIAL_KEYS", default=[]) or [kept_secret("credential_key", Fernet.generate_key().decode())]


def fingerprint(text: str) -> str:
    """Ten hex digits that tell one installation's names apart from another's."""
    return hashlib.sha256(text.encode()).hexdigest()[:10]
