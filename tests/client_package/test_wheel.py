"""The same definition gives the same bytes, and nothing of a definition gets into code or paths."""

import base64
import csv
import hashlib
import importlib.util
import io
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from apps.client_package import wheel
from tests.factories.definitions import TINYLAB, make_content, make_definition

TEMPLATE = Path(wheel.__file__).parent / "template"
HOSTILE = '"""\nimport os; os.system("x")\n# </script>\x1b[31m'


def files_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_same_definition_gives_the_same_bytes() -> None:
    made = wheel.build(make_content())
    assert made == wheel.build(make_content())
    assert made.name == "crds_keckao-1.0-py3-none-any.whl"
    assert made.sha256 == hashlib.sha256(made.content).hexdigest()
    assert made != wheel.build(make_content(title="Keck"))


def test_the_code_of_all_packages_is_the_template() -> None:
    packages = [
        {
            name.partition("/")[2]: content
            for name, content in files_of(wheel.build(made).content).items()
            if name.endswith(".py")
        }
        for made in (make_content(), make_content(make_definition(TINYLAB)), make_content(title=HOSTILE))
    ]
    sources = {str(path.relative_to(TEMPLATE)): path.read_bytes() for path in TEMPLATE.rglob("*.py")}
    assert packages == [sources, sources, sources]
    assert {"hook.py", "amend.py", "expressions.py", "observatory/locate.py"} <= sources.keys()


def test_every_file_is_recorded_with_its_checksum() -> None:
    files = files_of(wheel.build(make_content()).content)
    record = files.pop("crds_keckao-1.0.dist-info/RECORD")
    rows = {row[0]: row[1:] for row in csv.reader(record.decode().splitlines())}
    assert rows.pop("crds_keckao-1.0.dist-info/RECORD") == ["", ""]
    assert rows == {
        name: [
            "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("="),
            str(len(content)),
        ]
        for name, content in files.items()
    }


def test_python_finds_the_hook_at_its_start() -> None:
    files = files_of(wheel.build(make_content()).content)
    assert files["crds_keckao.pth"] == b"import crds_keckao.hook\n"
    module, _, function = files["crds_keckao.start"].decode().strip().partition(":")
    assert module == "crds_keckao.hook"
    source = files["crds_keckao/hook.py"].decode()
    assert f"def {function}()" in source
    assert [line for line in source.splitlines() if line.startswith(("import ", "from "))] == ["import sys"]


def test_pip_learns_which_client_was_tried() -> None:
    files = files_of(wheel.build(make_content(), revision=3).content)
    metadata = Parser().parsestr(files["crds_keckao-1.0.post3.dist-info/METADATA"].decode())
    assert (metadata["Name"], metadata["Version"]) == ("crds-keckao", "1.0.post3")
    assert metadata["Requires-Dist"] == "crds[submission] (>=12.1.11,<=14.0.3)"


def test_a_hostile_title_adds_no_line_to_the_metadata() -> None:
    files = files_of(wheel.build(make_content(title="A\r\nRequires-Dist: evil\n\nx")).content)
    metadata = Parser().parsestr(files["crds_keckao-1.0.dist-info/METADATA"].decode())
    assert metadata.get_all("Requires-Dist") == ["crds[submission] (>=12.1.11,<=14.0.3)"]
    assert metadata["Summary"] == "The observatory A Requires-Dist: evil x for the CRDS client"


@pytest.mark.parametrize("name", ["", "a", "toolongname", "Keck", "../x", "a/b", "x\n", "keck2"])
def test_a_name_that_could_lead_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot stand in the name of a package"):
        wheel.build(make_content(observatory=name))


@pytest.mark.parametrize("version", ["", "1.", "1/../2", "1.0+x", "1.0\n", "latest"])
def test_a_version_that_could_lead_elsewhere_is_refused(version: str) -> None:
    with pytest.raises(ValueError, match="cannot stand in the name of a package"):
        wheel.build(make_content(version=version))


def test_versions_are_compared_as_numbers() -> None:
    names = ["1.10", "1.9.post2", "1.9", "1.9.post10"]
    assert sorted(names, key=wheel.WheelVersion.parse) == ["1.9", "1.9.post2", "1.9.post10", "1.10"]
    assert wheel.find_version("crds_keckao-1.9.post2-py3-none-any.whl", "keckao") == wheel.WheelVersion(
        (1, 9), 2
    )
    assert wheel.find_version("crds_other-1.9-py3-none-any.whl", "keckao") is None


def test_the_unpacked_package_can_be_imported(tmp_path: Path) -> None:
    wheel.unpack(wheel.package_files(make_content()), tmp_path)
    spec = importlib.util.spec_from_file_location("crds_keckao.names", tmp_path / "crds_keckao" / "names.py")
    assert spec is not None
    assert spec.loader is not None
    names = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(names)
    assert (names.OBSERVATORY, names.DISTRIBUTION) == ("keckao", "crds-keckao")
