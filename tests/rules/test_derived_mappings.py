"""Contexts made of contexts: what changes, what stays, and that the client reads them."""

import json
from pathlib import Path

import pytest

from apps.rules.errors import MappingError, UnknownMappingError
from apps.rules.lookup.compiler import compile_mapping
from apps.rules.lookup.context import assemble
from apps.rules.observatories import get_observatory
from apps.rules.text.derived_mappings import Base, CollisionError, NewRmap, derived_context, renamed
from apps.rules.text.parser import parse_mapping
from tests.rules.oracle import load_context, mapping_text
from tests.shared_data import data_root
from tests.warm_python import warm_client

pytestmark = pytest.mark.shared_data

PMAP = "jwst_0541.pmap"


def base(pmap: str = PMAP) -> Base:
    context = load_context(pmap)
    return Base.read(
        pmap, {name: mapping_text(name) for name in context.mapping_names() if not name.endswith(".rmap")}
    )


def new_rmap(
    instrument: str = "miri", filekind: str = "ipc", *, number: int = 9001, of: Base | None = None
) -> NewRmap:
    parent = (of or base()).rmaps[instrument, filekind]
    return NewRmap(f"jwst_{instrument}_{filekind}_{number}.rmap", parent, instrument, filekind)


def made(*new: NewRmap, of: Base | None = None, is_forced: bool = False) -> dict[str, str]:
    imaps = {rmap.instrument: f"jwst_{rmap.instrument}_9001.imap" for rmap in new}
    return (of or base()).with_rmaps(new, pmap="jwst_9001.pmap", imaps=imaps, is_forced=is_forced)


def test_only_the_lines_of_the_new_rmaps_change() -> None:
    before, texts = base(), made(new_rmap(), new_rmap("niriss", "flat"))
    assert set(texts) == {"jwst_miri_9001.imap", "jwst_niriss_9001.imap", "jwst_9001.pmap"}
    after = Base.read("jwst_9001.pmap", {**before.texts, **texts})
    assert {key for key in after.rmaps if after.rmaps[key] != before.rmaps[key]} == {
        ("miri", "ipc"),
        ("niriss", "flat"),
    }
    assert {key for key in after.imaps if after.imaps[key] != before.imaps[key]} == {"miri", "niriss"}
    assert after.rmaps.keys() == before.rmaps.keys()


def test_names_derivations_and_checksums_are_set_and_other_fields_stay() -> None:
    before, texts = base(), made(new_rmap())
    for name, parent in (("jwst_9001.pmap", PMAP), ("jwst_miri_9001.imap", before.imaps["miri"])):
        compile_mapping(
            texts[name], name=name, observatory=get_observatory("jwst")
        )  # It verifies the checksum.
        header, old = (
            parse_mapping(texts[name], name).header,
            parse_mapping(before.texts[parent], parent).header,
        )
        assert (header["name"], header["derived_from"]) == (name, parent)
        own = {"name", "derived_from", "sha1sum"}
        assert {k: v for k, v in header.items() if k not in own} == {
            k: v for k, v in old.items() if k not in own
        }


def test_what_another_submission_changed_meanwhile_stays() -> None:
    """Two submissions of one base: the second is merged into what the first one made of it."""
    first = made(new_rmap())
    moved = Base.read("jwst_9001.pmap", {**base().texts, **first})
    second = moved.with_rmaps(
        [new_rmap("miri", "flat", number=9002)], pmap="jwst_9002.pmap", imaps={"miri": "jwst_miri_9002.imap"}
    )
    merged = Base.read("jwst_9002.pmap", {**moved.texts, **second})
    assert merged.rmaps["miri", "ipc"] == "jwst_miri_ipc_9001.rmap"
    assert merged.rmaps["miri", "flat"] == "jwst_miri_flat_9002.rmap"
    assert parse_mapping(second["jwst_9002.pmap"], "x").header["derived_from"] == "jwst_9001.pmap"


def test_a_type_that_moved_on_is_a_collision_unless_forced() -> None:
    late = new_rmap(number=9002)
    moved = Base.read("jwst_9001.pmap", {**base().texts, **made(new_rmap())})
    with pytest.raises(
        CollisionError, match=r"ipc_9002.rmap was derived from .* has jwst_miri_ipc_9001.rmap now"
    ) as caught:
        moved.with_rmaps([late], pmap="jwst_9002.pmap", imaps={"miri": "jwst_miri_9002.imap"})
    assert [collision.new for collision in caught.value.collisions] == [late]
    forced = moved.with_rmaps(
        [late], pmap="jwst_9002.pmap", imaps={"miri": "jwst_miri_9002.imap"}, is_forced=True
    )
    assert "jwst_miri_ipc_9002.rmap" in forced["jwst_miri_9002.imap"]


def test_what_is_already_there_is_no_collision() -> None:
    moved = Base.read("jwst_9001.pmap", {**base().texts, **made(new_rmap())})
    assert moved.collisions([new_rmap()]) == []


def test_a_first_rmap_is_added_and_one_may_end() -> None:
    first = NewRmap("jwst_miri_novelty_0001.rmap", "", "miri", "novelty")
    end = NewRmap("N/A", base().rmaps["miri", "ipc"], "miri", "ipc")
    texts = made(first, end)
    after = Base.read("jwst_9001.pmap", {**base().texts, **texts})
    assert after.rmaps["miri", "novelty"] == "jwst_miri_novelty_0001.rmap"
    assert after.rmaps["miri", "ipc"] == "N/A"
    assert base().collisions([NewRmap("x.rmap", "", "miri", "ipc")]) != []


def test_an_instrument_without_imap_is_refused() -> None:
    with pytest.raises(UnknownMappingError, match="no imap for 'nowhere'"):
        made(NewRmap("jwst_nowhere_flat_0001.rmap", "", "nowhere", "flat"))


def test_two_rmaps_for_one_type_are_refused() -> None:
    with pytest.raises(MappingError, match="both for miri ipc"):
        made(new_rmap(), new_rmap(number=9002))


def test_a_missing_text_is_named() -> None:
    with pytest.raises(UnknownMappingError, match=r"jwst_9999\.pmap"):
        Base.read("jwst_9999.pmap", {})


def test_an_rmap_is_no_context() -> None:
    name = base().rmaps["miri", "ipc"]
    with pytest.raises(MappingError, match="not an imap or pmap"):
        derived_context(mapping_text(name), base=name, name="x.imap", changes={})


@pytest.mark.parametrize("name", ["hst_cos_deadtab_0250.rmap", "jwst_miri_ipc_0004.rmap", "hst_0700.pmap"])
def test_renaming_changes_no_rule(name: str) -> None:
    observatory = get_observatory(name.split("_")[0])
    other = name.replace("_0", "_9")
    before = compile_mapping(mapping_text(name), name=name, observatory=observatory)
    text = renamed(mapping_text(name), name=other, derived_from=name)
    after = compile_mapping(text, name=other, observatory=observatory)
    assert (after.selector, after.selections) == (before.selector, tuple(sorted(before.selections))) or (
        dict(after.selections) == dict(before.selections) and after.selector == before.selector
    )
    assert (after.header["name"], after.header["derived_from"]) == (other, name)


PROGRAM = """
import json, sys, crds
from crds.core import rmap
loaded = rmap.load_mapping(sys.argv[1])
names = loaded.mapping_names()
print(json.dumps({"names": names, "header": dict(loaded.header)}))
"""


def test_the_client_loads_what_is_generated(tmp_path: Path) -> None:
    folder = tmp_path / "mappings" / "jwst"
    folder.mkdir(parents=True)
    before = base()
    rmap = new_rmap()
    texts = made(rmap)
    texts[rmap.name] = renamed(mapping_text(rmap.parent), name=rmap.name, derived_from=rmap.parent)
    for path in (data_root() / "mappings" / "jwst").iterdir():
        (folder / path.name).symlink_to(path)
    for name, text in texts.items():
        (folder / name).write_text(text)
    environment = {
        "HOME": str(tmp_path),
        "CRDS_PATH": str(tmp_path),
        "CRDS_OBSERVATORY": "jwst",
        "CRDS_READONLY_CACHE": "1",
        "CRDS_SERVER_URL": "https://jwst-serverless.stsci.edu",
    }
    done = warm_client().run(["-c", PROGRAM, "jwst_9001.pmap"], env=environment, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    old = set(load_context(PMAP).mapping_names())
    gone = {PMAP, before.imaps["miri"], rmap.parent}
    assert set(told["names"]) == (old - gone) | {"jwst_9001.pmap", "jwst_miri_9001.imap", rmap.name}


def test_the_engine_answers_from_what_is_generated() -> None:
    rmap = new_rmap()
    texts = made(rmap)
    texts[rmap.name] = renamed(mapping_text(rmap.parent), name=rmap.name, derived_from=rmap.parent)
    jwst = get_observatory("jwst")
    compiled = {name: compile_mapping(text, name=name, observatory=jwst) for name, text in texts.items()}
    after = compiled["jwst_9001.pmap"]
    for imap in (*after.children, *compiled["jwst_miri_9001.imap"].children):
        if imap not in compiled:
            compiled[imap] = compile_mapping(mapping_text(imap), name=imap, observatory=jwst)
            for child in compiled[imap].children:
                compiled[child] = compile_mapping(mapping_text(child), name=child, observatory=jwst)
    header = {
        "META.INSTRUMENT.NAME": "MIRI",
        "META.INSTRUMENT.DETECTOR": "MIRIMAGE",
        "META.OBSERVATION.DATE": "2024-01-01",
        "META.OBSERVATION.TIME": "00:00:00",
    }
    assert assemble("jwst_9001.pmap", compiled).best_references(header) == load_context(PMAP).best_references(
        header
    )
