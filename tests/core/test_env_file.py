import os
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from crds_server import env_file
from crds_server.start import take_env_file

NAMES = ("OBSERVATORY", "SERVER_STRING", "DATABASE_URL", "SECRET_KEY", "MAINTENANCE", "SECRET_KEY_FILE")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*NAMES, env_file.VARIABLE):
        monkeypatch.setenv(name, "")  # What a test sets is undone.
    monkeypatch.setattr(env_file, "_lines", {})


def load(tmp_path: Path, text: str | bytes, *, mode: int = 0o600) -> None:
    path = tmp_path / "env"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    os.environ[env_file.VARIABLE] = str(path)
    env_file.load(tmp_path)


def test_the_file_gives_what_the_environment_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBSERVATORY", "hst")
    load(tmp_path, "# ours\nOBSERVATORY=jwst\nexport SERVER_STRING = ops\n\nMAINTENANCE='Until 14:00 #now'\n")
    assert os.environ["OBSERVATORY"] == "hst", "the environment wins"
    assert os.environ["SERVER_STRING"] == "ops"
    assert os.environ["MAINTENANCE"] == "Until 14:00 #now"


def test_signs_in_a_value_stay_as_they_are(tmp_path: Path) -> None:
    load(tmp_path, "DATABASE_URL=postgresql://me:p#$HOME${X}@db/crds  # a comment\n")
    assert os.environ["DATABASE_URL"] == "postgresql://me:p#$HOME${X}@db/crds"


def test_a_secret_of_the_environment_wins_over_a_named_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "of the environment")
    load(tmp_path, "SECRET_KEY_FILE=/run/secrets/key\n")
    assert os.environ["SECRET_KEY_FILE"] == ""


def test_the_file_below_the_data_root_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_ROOT", str(tmp_path))
    (tmp_path / "env").write_text("SERVER_STRING=found\n")
    env_file.load(Path("/no/such/folder"))
    assert os.environ["SERVER_STRING"] == "found"
    monkeypatch.setenv("DATA_ROOT", str(tmp_path / "empty"))
    env_file.load(Path("/no/such/folder"))


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("OBSERVATORY=jwst\nnonsense\n", 2, "nonsense has no value|expected NAME=value"),
        ("\n\nOBSERVATORY='jwst\n", 3, "expected NAME=value"),
        ("observatory=jwst\n", 1, "capital letters"),
        ("\nOBSERVATORY=\n", 2, "OBSERVATORY has no value"),
        ("OBSERVATORY\n", 1, "OBSERVATORY has no value"),
        ("OBSERVATORY=hst\nSERVER_STRING=ops\nOBSERVATORY=jwst\n", 3, "is set already"),
        (b"OBSERVATORY=hst\nMAINTENANCE=\xff\n", 2, "not UTF-8"),
        ("MAINTENANCE=a\0b\n", 1, "zero byte"),
    ],
)
def test_nonsense_is_refused_with_its_line(text: str | bytes, line: int, reason: str, tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match=rf"env, line {line}: .*({reason})"):
        load(tmp_path, text)


def test_a_misspelt_name_is_refused_with_the_nearest_one(tmp_path: Path) -> None:
    load(tmp_path, "SERVER_STRING=ops\nSECRET_KEY_FILE=/key\nOBSERVTORY=hst\n")
    with pytest.raises(
        ImproperlyConfigured, match=r"line 3: OBSERVTORY is not a setting. Did you mean OBSERVATORY\?"
    ):
        env_file.refuse_unknown({"OBSERVATORY", "SERVER_STRING", "SECRET_KEY"})


def test_a_file_that_is_named_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(env_file.VARIABLE, str(tmp_path / "absent"))
    with pytest.raises(ImproperlyConfigured, match="absent cannot be read: No such file"):
        env_file.load(tmp_path)


@pytest.mark.parametrize(
    "line", ["SECRET_KEY=x", "EMAIL_PASSWORD=x", "OIDC_CLIENT_SECRET=x", "DATABASE_URL=postgresql://a:b@c/d"]
)
def test_a_secret_that_anybody_may_read_is_refused_with_the_remedy(line: str, tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="anybody may read it; run: chmod o-r"):
        load(tmp_path, f"{line}\n", mode=0o644)
    load(tmp_path, f"{line}\n", mode=0o640)


def test_a_file_without_secrets_may_be_read_but_not_changed_by_anybody(tmp_path: Path) -> None:
    load(tmp_path, "DATABASE_URL=postgresql://me@db/crds\n", mode=0o644)
    with pytest.raises(ImproperlyConfigured, match="Anybody may change"):
        load(tmp_path, "OBSERVATORY=jwst\n", mode=0o666)


@pytest.mark.parametrize(
    "arguments", [["--env-file", "a", "up"], ["up", "--env-file=a"], ["up", "--env-file", "a"]]
)
def test_the_option_may_stand_anywhere(arguments: list[str]) -> None:
    assert take_env_file(["manage.py", *arguments]) == ["manage.py", "up"]
    assert os.environ[env_file.VARIABLE] == os.path.abspath("a")


def test_the_option_needs_a_path() -> None:
    with pytest.raises(ImproperlyConfigured, match="--env-file needs the path"):
        take_env_file(["manage.py", "up", "--env-file"])
