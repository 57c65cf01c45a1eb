"""The demo observatory: its content, its building in pieces, and servers that refuse it."""

import json
from datetime import UTC, datetime
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from apps.bestrefs import queries as bestrefs
from apps.catalog import operations as catalog_operations
from apps.catalog import queries as catalog
from apps.catalog.models import AuditRecord, File, MappingContents
from apps.catalog.reading import checked_path
from apps.catalog.states import FileKind
from apps.contexts import operations as contexts_operations
from apps.contexts import queries as contexts
from apps.contexts.models import ContextChange, Pointer
from apps.core.errors import ConflictError
from apps.datasets.models import Dataset
from apps.demo import operations
from apps.demo.exposures import exposures
from apps.demo.operations import seed
from apps.demo.reference_types import TYPES
from apps.demo.references import Reference
from apps.demo.releases import releases
from tests.factories.catalog import make_file

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="session")
def made() -> dict[str, bytes]:
    return {}


@pytest.fixture(autouse=True)
def _make_each_file_once(made: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """Save each test two seconds; the test of equal bytes reverses this."""
    make = Reference.bytes

    def remembered(self: Reference) -> bytes:
        return made.get(self.name) or made.setdefault(self.name, make(self))

    monkeypatch.setattr(Reference, "bytes", remembered)


def stored(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (root / "store").rglob("jwst_*")}


def test_it_is_a_small_believable_observatory() -> None:
    seed()
    references = File.objects.filter(kind=FileKind.REFERENCE)
    assert 95 <= references.count() <= 110
    assert all(file.is_held and file.size < 50_000 for file in references)
    kinds = set(references.values_list("instrument", "filekind"))
    assert {instrument for instrument, _ in kinds} == {"miri", "nircam", "niriss", "system"}
    assert len({kind for _, kind in kinds}) >= 10
    assert {Path(name).suffix for name in references.values_list("name", flat=True)} == {
        ".fits",
        ".asdf",
        ".json",
    }
    assert 48 <= Dataset.objects.count() <= 55


def test_five_contexts_make_its_history() -> None:
    seed()
    names = [f"jwst_{number:04}.pmap" for number in range(1, 6)]
    assert [era.context for era in reversed(contexts.history())] == names
    assert all(era.reason for era in contexts.history())
    assert contexts.resolve("jwst-edit") == contexts.resolve("jwst-latest") == names[-1]
    assert contexts.resolve("jwst-versions") == names[-1]
    assert contexts.resolve("2025-12-31") == "jwst_0003.pmap"
    assert contexts.build_context("1.20.0") == "jwst_0004.pmap"
    assert contexts.build_context("1.21.4") == "jwst_0005.pmap"


def test_each_context_has_the_references_of_its_delivery() -> None:
    seed()
    for release in releases():
        delivered = {reference.name for reference in release.references}
        assert delivered <= set(contexts.reference_names(release.context))


def test_match_keys_are_those_of_the_specifications_the_client_ships() -> None:
    package = find_spec("crds")
    assert package is not None
    assert package.submodule_search_locations is not None
    path = Path(package.submodule_search_locations[0], "jwst", "specs", "combined_specs.json")
    specifications = json.loads(path.read_text())
    for instrument, kinds in TYPES.items():
        for reftype, facts in kinds.items():
            if reftype == "calver":  # The rules in operation differ from its specification.
                continue
            specified = specifications[instrument][reftype]
            assert list(facts.parkeys) == specified["parkey"][0], (instrument, reftype)


def test_the_bad_reference_is_rejected_and_replaced() -> None:
    seed()
    bad = File.objects.get(rejected=True)
    successor = catalog.get_file(bad.replaced_by)
    assert catalog.bad_file_names() == [bad.name]
    assert bad.name in contexts.reference_names("jwst_0003.pmap")
    assert bad.name not in contexts.reference_names("jwst_0004.pmap")
    assert successor.name in contexts.reference_names("jwst_0004.pmap")
    assert not successor.is_bad


def answers() -> dict[str, dict[str, str]]:
    ids = [exposure.dataset_id for exposure in exposures()]
    return {
        dataset_id.split(":")[0]: refs
        for dataset_id, (ok, refs) in bestrefs.best_references_by_ids("jwst-latest", ids).items()
        if ok
    }


def test_most_exposures_find_all_their_references_and_a_few_show_why_not() -> None:
    seed()
    found = answers()
    assert len(found) == Dataset.objects.count()
    lacking = {
        name: {kind for kind, ref in refs.items() if ref.startswith("NOT FOUND") and ref != "NOT FOUND n/a"}
        for name, refs in found.items()
    }
    assert sum(not kinds for kinds in lacking.values()) > 40
    assert lacking["JW01189001001_06101_00001.MIRIMAGE"] == {"flat"}
    assert "F2550W" in found["JW01189001001_06101_00001.MIRIMAGE"]["flat"]
    assert found["JW00661001001_02101_00001.NRCA1"]["flat"] == "NOT FOUND No match found."
    assert found["JW01366003001_04101_00001.NIS"]["distortion"] == "NOT FOUND n/a"


def test_the_date_of_an_exposure_decides_between_references() -> None:
    seed()
    found = answers()
    ids = ["JW01189001001_02101_00001", "JW02304003001_03102_00001", "JW05191002001_02101_00001"]
    darks = [found[f"{half}.MIRIMAGE"]["dark"] for half in ids]
    assert len(set(darks)) == 3


def test_seeding_again_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    first = seed()
    assert first.files == File.objects.count()
    revision, audited = catalog.revision(), AuditRecord.objects.count()
    monkeypatch.setattr(Reference, "bytes", None)  # No file is made again.
    assert seed().is_nothing
    assert (catalog.revision(), AuditRecord.objects.count()) == (revision, audited)


def test_a_killed_run_is_continued(data_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seed()
    complete = stored(data_root)
    AuditRecord.objects.all().delete()
    # Rmaps protect the ones whose references they share.
    MappingContents.objects.update(base=None)
    File.objects.all().delete()
    ContextChange.objects.all().delete()
    Dataset.objects.all().delete()
    for stop_after in (0, 7, 40, 110):
        with monkeypatch.context() as patch:
            patch.setattr(operations.catalog, "add_file", stopping(stop_after))
            with pytest.raises(KeyboardInterrupt):
                seed()
    last = seed()
    assert 0 < last.files < len(complete)
    assert seed().is_nothing
    assert stored(data_root) == complete
    assert contexts.find_pointed(Pointer.LATEST) == "jwst_0005.pmap"
    assert contexts.history().count() == 5


def stopping(after: int) -> Any:
    """Return an `add_file` that is interrupted after some files."""
    add_file, count = catalog_operations.add_file, iter(range(after))

    def add(*args: Any, **keys: Any) -> File:
        if next(count, None) is None:
            raise KeyboardInterrupt
        return add_file(*args, **keys)

    return add


@pytest.mark.parametrize("step", ["set_context", "import_file"])
def test_a_kill_between_the_other_steps_is_continued(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*args: Any, **keys: Any) -> None:
        raise KeyboardInterrupt

    target = operations.contexts if step == "set_context" else operations
    with monkeypatch.context() as patch:
        patch.setattr(target, step, interrupted)
        with pytest.raises(KeyboardInterrupt):
            seed()
    assert not seed().is_nothing
    assert seed().is_nothing
    assert contexts.history().count() == 5
    assert Dataset.objects.count() == len(list(exposures()))


def test_two_roots_hold_identical_bytes(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_files = []
    for name in ("one", "two"):
        monkeypatch.undo()
        root = tmp_path / name
        settings.DATA_ROOT, settings.STORE_ROOT = root, root / "store"
        root.mkdir()
        seed()
        made_files.append(stored(root))
        # The contents of a mapping protect those that they are noted as differences to.
        MappingContents.objects.update(base=None)
        for model in (AuditRecord, MappingContents, File, ContextChange, Dataset):
            model.objects.all().delete()
    assert len(made_files[0]) > 150
    assert made_files[0] == made_files[1]


def test_a_server_of_another_observatory_is_left_alone(settings: Any) -> None:
    settings.OBSERVATORY = "hst"
    with pytest.raises(ConflictError, match="This server is for hst"):
        seed()
    assert not File.objects.exists()


def test_made_up_files_are_not_mixed_with_real_ones() -> None:
    make_file(name="jwst_0541.pmap")
    with pytest.raises(ConflictError, match=r"jwst_0541\.pmap for one"):
        seed()
    assert File.objects.count() == 1
    assert not ContextChange.objects.exists()


def test_a_real_file_of_the_same_name_is_not_overwritten() -> None:
    make_file(name="jwst_miri_dark_0001.fits", content=b"real")
    with pytest.raises(ConflictError):
        seed()
    assert checked_path(catalog.get_file("jwst_miri_dark_0001.fits")).read_bytes() == b"real"


def test_files_and_pointers_of_people_are_left_alone() -> None:
    seed()
    make_file(name="jwst_miri_dark_0100.fits", content=b"mine")
    contexts_operations.set_context(
        pointer="latest", context="jwst_0002.pmap", user="me", reason="A step back."
    )
    assert seed().is_nothing
    assert contexts.resolve("jwst-latest") == "jwst_0002.pmap"


def test_the_command_reports_its_changes() -> None:
    first, second = StringIO(), StringIO()
    call_command("seed_demo", stdout=first)
    call_command("seed_demo", stdout=second)
    assert f"added {File.objects.count()} files" in first.getvalue()
    assert second.getvalue().startswith("The demo observatory is complete.")
    assert "as demo_submitter (submitter) with password" in second.getvalue()


def test_a_server_without_room_for_the_demo_gets_no_demo_accounts(settings: Any) -> None:
    settings.OBSERVATORY = "roman"
    call_command("seed_demo", "--if-possible", stdout=StringIO())
    assert not get_user_model().objects.exists()


def test_a_refusal_of_an_optional_demo_is_not_a_failure(settings: Any) -> None:
    settings.OBSERVATORY = "roman"
    printed = StringIO()
    call_command("seed_demo", "--if-possible", stdout=printed)
    assert "No demo here: This server is for roman" in printed.getvalue()


def test_the_command_refuses_with_the_reason(settings: Any) -> None:
    settings.OBSERVATORY = "roman"
    with pytest.raises(CommandError, match="This server is for roman"):
        call_command("seed_demo")


def test_dates_are_fixed_and_in_order() -> None:
    moments = [
        moment
        for release in releases()
        for moment in (release.delivery.confirmed_at, release.delivery.latest_at)
    ]
    assert moments == sorted(moments)
    assert moments[0].year == 2025
    assert moments[-1] < datetime(2026, 6, 1, tzinfo=UTC)
