"""Settings of a process, from the environment; the only module that reads it."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cmdb.errors import Invalid
from cmdb.history.compaction import KEEP_DAYS, MAX_DAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the environment says; secrets never show in repr."""

    store_url: str
    neo4j_user: str
    neo4j_database: str
    neo4j_password: str | None = field(repr=False)
    bootstrap_token: str | None = field(repr=False)
    credentials_file: Path
    credential_variables: Mapping[str, str] = field(repr=False)
    host_keys_file: Path
    data_folder: Path
    site_model: Path | None
    policy: Path | None
    audits: Path | None
    keep_days: int | None
    """For how many days every state is kept; None is for ever."""
    user: str


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from `CMDB_*` variables and the user's folders (XDG Base Directory); see docs/reference/settings.md."""
    env = os.environ if environment is None else environment
    home = Path(env.get("HOME") or Path.home())
    data = Path(env.get("XDG_DATA_HOME") or home / ".local/share") / "graph-cmdb"
    config = Path(env.get("XDG_CONFIG_HOME") or home / ".config") / "graph-cmdb"
    site_model, policy, audits = (env.get(name) for name in ("CMDB_SITE_MODEL", "CMDB_POLICY", "CMDB_AUDITS"))
    auth = _secret(env, "CMDB_NEO4J_AUTH")
    auth_user, slash, auth_password = (auth or "").partition("/")
    if auth and not slash:
        raise Invalid("CMDB_NEO4J_AUTH is not of the form user/password")
    return Settings(
        store_url=env.get("CMDB_STORE") or f"sqlite:///{data / 'cmdb.db'}",
        neo4j_user=env.get("CMDB_NEO4J_USER") or auth_user or "neo4j",
        neo4j_database=env.get("CMDB_NEO4J_DATABASE") or "neo4j",
        neo4j_password=_secret(env, "CMDB_NEO4J_PASSWORD") or auth_password or None,
        bootstrap_token=_secret(env, "CMDB_BOOTSTRAP_TOKEN"),
        credentials_file=Path(env.get("CMDB_CREDENTIALS") or config / "credentials.yaml"),
        credential_variables={name: value for name, value in env.items() if name.startswith("CMDB_CREDENTIAL_")},
        host_keys_file=Path(env.get("CMDB_HOST_KEYS") or data / "host_keys"),
        data_folder=data,
        site_model=Path(site_model) if site_model else None,
        policy=Path(policy) if policy else None,
        audits=Path(audits) if audits else None,
        keep_days=_days(env),
        user=env.get("CMDB_USER") or _login(),
    )


def _days(env: Mapping[str, str]) -> int | None:
    text = env.get("CMDB_KEEP_DAYS") or str(KEEP_DAYS)
    if text == "all":
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_DAYS):
        raise Invalid(f"CMDB_KEEP_DAYS is {text!r}; write days from 1 to {MAX_DAYS}, or all")
    return int(text)


def _secret(env: Mapping[str, str], name: str) -> str | None:
    """The variable, or the content of the file that `<name>_FILE` names, without its last line end."""
    if env.get(name):
        return env[name]
    path = env.get(f"{name}_FILE")
    if not path:
        return None
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n") or None
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{name}_FILE names {path}, which cannot be read: {error}") from error


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())
