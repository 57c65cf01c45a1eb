import pytest

from apps.rules.errors import UnknownObservatoryError
from apps.rules.observatories import SHIPPED, get_observatory
from tests.rules.factories import make_context, make_header, make_rmap


@pytest.mark.parametrize("name", SHIPPED)
def test_definitions_are_complete(name: str) -> None:
    observatory = get_observatory(name.upper())
    assert observatory.name == name
    assert observatory.instruments == tuple(sorted(observatory.instruments))
    assert "all" not in observatory.instruments
    assert all(observatory.reftypes[instrument] for instrument in observatory.instruments)


def test_keywords_stand_for_paths() -> None:
    assert get_observatory("jwst").keyword_paths["EXP_TYPE"] == ("meta.exposure.type",)
    assert get_observatory("hst").keyword_paths == {}


def test_unknown_observatories_are_refused() -> None:
    with pytest.raises(UnknownObservatoryError, match="known are hst, jwst, roman, tobs"):
        get_observatory("spitzer")


def test_unknown_hooks_are_ignored() -> None:
    rmap = make_rmap(hooks={"precondition_header": "precondition_header_nobody_v9"})
    assert make_context(rmap).best_references(make_header()) == {"darkfile": "a1.fits"}
