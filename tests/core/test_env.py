import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from crds_server import env


def test_a_secret_may_come_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text("from the file\n")
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "key"))
    assert env.text("SECRET_KEY", "default") == "from the file"


def test_a_secret_file_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY_FILE", "/no/such/file")
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY_FILE='/no/such/file'"):
        env.text("SECRET_KEY", "default")


def test_text_that_is_not_utf_8_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCHIVE_DATABASE_URL", os.fsdecode(b"postgresql://me@caf\xe9/archive"))
    with pytest.raises(ImproperlyConfigured, match="ARCHIVE_DATABASE_URL is not text in UTF-8"):
        env.database_address("ARCHIVE_DATABASE_URL")
    (tmp_path / "key").write_bytes(b"caf\xe9")
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "key"))
    with pytest.raises(ImproperlyConfigured, match="is not text in UTF-8"):
        env.text("SECRET_KEY", "default")


@pytest.mark.parametrize("address", ["http://[", "http://[::1"])
def test_an_address_that_cannot_be_split_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_URL", address)
    with pytest.raises(ImproperlyConfigured, match="PUBLIC_URL"):
        env.url("PUBLIC_URL", "http://localhost", schemes=("http", "https"))


def test_a_made_secret_is_kept_and_private(tmp_path: Path) -> None:
    kept = tmp_path / "secret"
    first = env.secret("NO_SUCH_VARIABLE", kept)
    assert env.secret("NO_SUCH_VARIABLE", kept) == first
    assert len(first) >= 50
    assert kept.stat().st_mode & 0o777 == 0o600


def test_processes_that_start_at_once_agree_on_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "secret"
    made = iter(("first" * 12, "second" * 12, "third" * 12))

    def made_slowly(_bytes: int) -> str:
        time.sleep(0.05)
        return next(made)

    monkeypatch.setattr(env.secrets, "token_urlsafe", made_slowly)
    with ThreadPoolExecutor(3) as pool:
        found = set(pool.map(lambda _number: env.secret("NO_SUCH_VARIABLE", kept), range(3)))
    assert found == {kept.read_text()}
    assert len(kept.read_text()) >= 50


@pytest.mark.parametrize("value", ["-1", "1.5", "many", "9" * 20])
def test_a_number_refuses_nonsense(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMIT", value)
    with pytest.raises(ImproperlyConfigured, match="LIMIT"):
        env.number("LIMIT", 1)


def test_a_flag_understands_words(monkeypatch: pytest.MonkeyPatch) -> None:
    for value, meaning in {"1": True, "Yes": True, "off": False, "FALSE": False}.items():
        monkeypatch.setenv("FLAG", value)
        assert env.flag("FLAG", not meaning) is meaning
    monkeypatch.setenv("FLAG", "perhaps")
    with pytest.raises(ImproperlyConfigured, match="neither yes nor no"):
        env.flag("FLAG", True)


def test_the_databases_are_understood() -> None:
    sqlite = env.database("NO_SUCH_VARIABLE", "sqlite:////data/crds.sqlite3")
    assert (sqlite["NAME"], sqlite["OPTIONS"]["transaction_mode"]) == ("/data/crds.sqlite3", "IMMEDIATE")
    postgres = env.database("NO_SUCH_VARIABLE", "postgresql://me:p%40ss@db:5433/crds?sslmode=require")
    assert (postgres["NAME"], postgres["USER"], postgres["PASSWORD"]) == ("crds", "me", "p@ss")
    assert (postgres["HOST"], postgres["PORT"]) == ("db", "5433")
    options = dict(postgres["OPTIONS"])
    parameters = options.pop("options")
    assert parameters.startswith("-c idle_in_transaction_session_timeout=20000 -c lock_timeout=")
    assert parameters.endswith(" -c jit=off")
    assert options.items() >= {"connect_timeout": "2", "sslmode": "require", **env.KEEPALIVES}.items()
    assert options["pool"] == env.CONNECTION_POOL
    assert postgres["CONN_HEALTH_CHECKS"]


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1))
def test_other_databases_are_refused_without_showing_the_password(text: str) -> None:
    os.environ["SOME_DATABASE"] = f"mysql://me:secret@db/{text}"
    with pytest.raises(ImproperlyConfigured) as caught:
        env.database("SOME_DATABASE", "")
    assert "secret" not in str(caught.value)


def test_addresses_are_checked_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTS", "a@example.org, b@example.org,")
    assert env.addresses("LISTS", "") == ["a@example.org", "b@example.org"]
    with pytest.raises(ImproperlyConfigured, match="expected one mail address, found 2"):
        env.address("LISTS", "")
    monkeypatch.setenv("LISTS", "a@example.org,bob")
    with pytest.raises(ImproperlyConfigured, match="LISTS: 'bob' is not a plain mail address"):
        env.addresses("LISTS", "")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://relay", ("relay", 25, "", "", "none")),
        ("smtp+starttls://me:p%40ss@relay", ("relay", 587, "me", "p@ss", "starttls")),
        ("smtps://me:secret@relay:1465/", ("relay", 1465, "me", "secret", "tls")),
    ],
)
def test_the_mail_server_may_be_a_url(
    url: str, expected: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_URL", url)
    server = env.mail_server("MAIL_URL")
    assert (server.host, server.port, server.user, server.password, server.tls) == expected
    assert "secret" not in repr(server)


def test_the_mail_server_may_be_told_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert env.mail_server("MAIL_URL").host == ""
    (tmp_path / "password").write_text("secret\n")
    pieces = {"HOST": "relay", "USER": "me", "TLS": "starttls", "PASSWORD_FILE": str(tmp_path / "password")}
    for name, value in pieces.items():
        monkeypatch.setenv(f"EMAIL_{name}", value)
    assert env.mail_server("MAIL_URL") == env.MailServer("relay", 587, "me", "secret", "starttls")
    monkeypatch.setenv("MAIL_URL", "smtp://other")
    with pytest.raises(ImproperlyConfigured, match="set one of them"):
        env.mail_server("MAIL_URL")


@pytest.mark.parametrize(
    "url",
    [
        "http://me:secret@relay",
        "smtp://",
        "smtp://me:secret@relay:port",
        "smtp://me:secret@[relay",
        "relay:25",
    ],
)
def test_other_mail_servers_are_refused_without_showing_the_password(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_URL", url)
    with pytest.raises(ImproperlyConfigured, match=r"expected user:password@host:port") as caught:
        env.mail_server("MAIL_URL")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("password", ["p#ss", "p/ss", "p@ss"])
def test_the_broker_and_the_mail_server_take_any_password(
    password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROKER", f"redis://:{password}@cache:6379/3")
    assert env.broker("BROKER", "") == f"redis://:{quote(password, safe='')}@cache:6379/3"
    monkeypatch.setenv("MAIL_URL", f"smtp://me:{password}@relay:25")
    assert env.mail_server("MAIL_URL").password == password


@pytest.mark.parametrize(
    "url", ["redis://h:6379/database", "http://:secret@h/0", "secret", "redis://h:port/0"]
)
def test_other_brokers_are_refused_without_showing_the_password(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROKER", url)
    with pytest.raises(ImproperlyConfigured, match="BROKER: expected filesystem:// or redis://") as caught:
        env.broker("BROKER", "")
    assert "secret" not in str(caught.value)


def test_an_unknown_word_is_refused_with_those_that_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBSERVATORY", "jswt")
    with pytest.raises(ImproperlyConfigured, match=r"'jswt' is not one of hst, jwst\. Did you mean jwst\?"):
        env.choice("OBSERVATORY", "hst", ("hst", "jwst"))
