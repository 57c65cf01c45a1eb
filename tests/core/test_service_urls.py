import pytest
from hypothesis import given
from hypothesis import strategies as st

from crds_server.service_urls import BadServiceUrlError, ServiceUrl, read_service_url

SIGNS = "#/@?%&=+:;!$'\"<>[]{}|\\^` ~é"


@pytest.mark.parametrize("password", ["a#b", "a/b", "a@b", "p@ss@word", "#/@", "a:b", "100%", "a@b/c@d#e"])
def test_a_raw_password_is_understood_where_only_one_reading_is_possible(password: str) -> None:
    url = read_service_url(f"postgresql://me:{password}@db:5433/crds?sslmode=require", has_path=True)
    assert (url.user, url.password, url.host, url.port) == ("me", password, "db", 5433)
    assert (url.path, url.options) == ("crds", {"sslmode": "require"})


@given(st.text(st.sampled_from(SIGNS + "ab1")), st.text(st.sampled_from(SIGNS + "ab1")), st.booleans())
def test_a_percent_encoded_url_comes_back(user: str, password: str, is_ipv6: bool) -> None:
    host = "::1" if is_ipv6 else "db.example.org"
    url = ServiceUrl("redis", host, 6379, "0", "", user, password)
    assert read_service_url(url.as_text(), has_path=False) == url


def test_an_ambiguous_password_is_refused_with_the_remedy_and_not_shown() -> None:
    with pytest.raises(BadServiceUrlError, match=r"write # as %23, / as %2F, @ as %40") as caught:
        read_service_url("postgresql://me@one/secret?x=@two/crds", has_path=True)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "db/crds", "postgresql://db", "postgresql://db:99999/crds", "postgresql://a b/crds"]
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(BadServiceUrlError):
        read_service_url(text, has_path=True)


def test_a_socket_folder_may_be_the_host() -> None:
    url = read_service_url("postgresql://me@%2Fvar%2Frun%2Fpostgresql/crds", has_path=True)
    assert (url.host, url.path) == ("/var/run/postgresql", "crds")
