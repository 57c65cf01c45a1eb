"""Links, associations, explanations and downloads."""

import io
import xml.etree.ElementTree as ElementTree
from email import message_from_bytes
from email.message import Message
from typing import Any
from urllib.parse import urlsplit

import pytest
from astropy.io.votable import parse
from django.test import Client

from apps.bestrefs.models import BestReference
from apps.bestrefs.queries import best_references_by_ids
from apps.catalog.models import File
from apps.contexts.models import ContextChange
from tests.factories import sites
from tests.factories.datasets import make_dataset
from tests.vo.conftest import DATASETS, HEADER, OTHER, body_of

pytestmark = pytest.mark.usefixtures("site")
ESO = "http://archive.eso.org/rdf/datalink/eso#"
FIRST = DATASETS[0]
WHOLE = f"{FIRST}:{FIRST}"
FLAT = "jwst_miri_flat_0001.fits"


def table(path: str, **parameters: Any) -> list[dict[str, Any]]:
    """Return the rows of a document of links, and check its form."""
    answer = Client().post(path, parameters)
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"] == "application/x-votable+xml;content=datalink"
    document = parse(io.BytesIO(answer.content), verify="exception")
    results, this = document.resources
    assert (results.type, this.utype) == ("results", "adhoc:this")
    assert {info.name: info.value for info in results.infos}["standardID"].endswith("links-1.1")
    found = results.tables[0].to_table()
    rows = [{name: str(row[name]) for name in found.colnames} for row in found]
    for row in rows:
        assert sum(bool(row[name]) for name in ("access_url", "service_def", "error_message")) == 1
    return rows


def links(*ids: str, **parameters: Any) -> list[dict[str, Any]]:
    return table("/datalink/links", ID=list(ids), **parameters)


def associated(*ids: str, **parameters: Any) -> list[dict[str, Any]]:
    return table("/calselector/v1/associations", dp_id=list(ids), responseformat="votable", **parameters)


def fetch(address: str) -> Any:
    parts = urlsplit(address)
    return Client().get(f"{parts.path}?{parts.query}" if parts.query else parts.path)


def test_the_rows_of_a_dataset_stand_in_the_agreed_order() -> None:
    rows = links(FIRST)
    assert [row["semantics"] for row in rows] == [
        "#this", f"{ESO}calSelector_raw2raw", f"{ESO}calSelector_raw2master",
        "#calibration", "#calibration", "#documentation",
    ]  # fmt: skip
    assert {row["ID"] for row in rows} == {FIRST}
    calibrations = [row for row in rows if row["semantics"] == "#calibration"]
    assert [row["eso_category"] for row in calibrations] == ["FLAT", "GAIN"]
    assert [row["local_semantics"] for row in calibrations] == ["flat", "gain"]
    assert "context=jwst_0001.pmap" in rows[2]["access_url"]


def test_every_link_of_a_dataset_works_and_has_the_length_it_says() -> None:
    for row in links(WHOLE):
        answer = fetch(row["access_url"])
        assert answer.status_code == 200, row
        content = body_of(answer)
        assert answer["Content-Type"].startswith(row["content_type"]) or row["semantics"] == "#calibration"
        if row["semantics"] in ("#this", "#calibration"):
            assert len(content) == int(row["content_length"])
        assert b"<html" not in content


@pytest.mark.parametrize(
    "form",
    [
        FIRST,
        WHOLE,
        FIRST.lower(),
        f"ivo://crds.invalid/jwst/ID?{WHOLE}",
        f"ivo://CRDS.invalid/JWST/ID?{FIRST}",
    ],
)
def test_every_form_of_an_id_is_repeated_byte_for_byte(form: str) -> None:
    rows = links(form)
    assert len(rows) == 6
    assert {row["ID"] for row in rows} == {form}


@pytest.mark.parametrize(
    ("sent", "word"),
    [
        ("JW99999001001_02101_00001.MIRIMAGE", "NotFoundFault"),
        ("jwst_miri_flat_9999.fits", "NotFoundFault"),
        ("ivo://other.org/jwst/ID?a", "NotFoundFault"),
        ("a b c", "UsageFault"),
        ("../../etc/passwd", "UsageFault"),
        ("<script>", "UsageFault"),
        ("a:b:c", "UsageFault"),
        ("x" * 1000, "UsageFault"),
        ("ü", "UsageFault"),
    ],
)
def test_a_wrong_id_is_a_row_beside_the_others(sent: str, word: str) -> None:
    rows = links(FIRST, sent, FLAT)
    assert len(rows) == 6 + 1 + 2
    (wrong,) = [row for row in rows if row["error_message"]]
    assert rows.index(wrong) == 6
    assert wrong["error_message"].startswith(f"{word}: ")
    assert wrong["semantics"] == "#this"


def test_a_file_has_its_bytes_and_its_page() -> None:
    this, page = links(FLAT)
    assert int(this["content_length"]) == len(body_of(fetch(this["access_url"])))
    assert (page["semantics"], page["content_type"]) == ("#documentation", "text/html")
    assert fetch(page["access_url"]).status_code == 200


def test_without_an_id_the_table_is_empty() -> None:
    assert links() == []


def test_more_than_two_hundred_ids_overflow_between_two_ids() -> None:
    ids = [f"JW{number:011}_02101_00001.MIRIMAGE" for number in range(5000)]
    answer = Client().post("/datalink/links", {"ID": ids})
    assert answer.status_code == 200
    assert answer.content.count(b"<TR>") == 200
    assert answer.content.index(b"</TABLE>") < answer.content.index(b'value="OVERFLOW"')


@pytest.mark.parametrize("form", ["application/x-votable+xml;content=datalink", "text/xml", "VOTable"])
def test_forms_of_links(form: str) -> None:
    assert links(FIRST, RESPONSEFORMAT=form)


@pytest.mark.parametrize(
    ("path", "parameters", "word"),
    [
        ("/datalink/links", {"ID": FIRST, "RESPONSEFORMAT": "json"}, "RESPONSEFORMAT"),
        ("/datalink/links", {"ID": FIRST, "CONTEXT": "jwst_9999.pmap"}, "jwst_9999.pmap"),
        ("/datalink/links", {"ID": FIRST, "CONTEXT": "nonsense"}, "nonsense"),
        ("/calselector/v1/associations", {}, "dp_id"),
        ("/calselector/v1/associations", {"dp_id": FIRST, "mode": "Raw2Nothing"}, "mode"),
        ("/calselector/v1/associations", {"dp_id": FIRST, "responseformat": "pdf"}, "responseformat"),
        ("/calselector/v1/associations", {"dp_id": FIRST, "context": "hst_0001.pmap"}, "hst_0001.pmap"),
    ],
)
def test_wrong_parameters_are_named(path: str, parameters: dict[str, str], word: str) -> None:
    answer = Client().get(path, parameters)
    assert answer.status_code in (400, 404)
    assert b'name="QUERY_STATUS" value="ERROR"' in answer.content
    assert word in answer.content.decode()


def test_all_faces_give_the_same_references() -> None:
    told = best_references_by_ids("jwst-latest", [FIRST, OTHER])
    for half in (FIRST, OTHER):
        expected = {
            kind: name for kind, name in told[half][1].items() if not str(name).startswith("NOT FOUND")
        }
        kept = BestReference.objects.filter(dataset__product=half, status="found")
        assert dict(kept.values_list("filekind", "reference")) == expected
        for rows in (links(half), associated(half)):
            found = [row for row in rows if row["semantics"] == "#calibration"]
            assert {row["local_semantics"]: row["eso_origfile"] for row in found} == expected
        (tree,) = trees(half)
        found_files = {
            one.attrib["category"].lower(): file.attrib["name"]
            for one in tree.findall("associatedFiles/association")
            for file in one.findall("mainFiles/file")
        }
        assert found_files == expected


def trees(*ids: str, **parameters: str) -> list[ElementTree.Element]:
    answer = Client().get("/calselector/v1/associations", {"dp_id": list(ids)} | parameters)
    assert answer.status_code == 200, answer.content
    if len(ids) == 1:
        assert answer["Content-Type"] == "application/xml;content=calselector"
        return [ElementTree.fromstring(answer.content)]
    return [ElementTree.fromstring(part.get_payload(decode=True)) for part in parts_of(answer)]  # type: ignore[arg-type]


def parts_of(answer: Any) -> list[Message]:
    head = f"Content-Type: {answer['Content-Type']}\r\n\r\n".encode()
    return list(message_from_bytes(head + answer.content).get_payload())  # type: ignore[arg-type]


def test_the_tree_has_the_agreed_form() -> None:
    (tree,) = trees(FIRST)
    assert tree.attrib == {
        "category": "MIRI_MIR_IMAGE", "certified": "true", "complete": "true", "mode": "Raw2Master",
        "type": "main", "context": "jwst_0001.pmap",
    }  # fmt: skip
    for node in tree.iter("association"):
        assert [child.tag for child in node] == ["mainFiles", "messages", "associatedFiles"]
    flat = tree.find("associatedFiles/association[@category='FLAT']")
    assert flat is not None
    assert flat.attrib["mapping"] == "jwst_miri_flat_0001.rmap"
    assert flat.attrib["useafter"] == "2021-08-01T00:00:00"
    assert flat.attrib["match"] == "calib_plan"


def test_a_type_without_a_match_is_told_in_the_tree_the_flags_and_nowhere_else() -> None:
    (tree,) = trees(OTHER)
    assert (tree.attrib["complete"], tree.attrib["certified"]) == ("false", "true")
    (one,) = tree.findall("associatedFiles/association")
    assert (one.attrib["complete"], one.attrib["match"]) == ("false", "N/A")
    assert one.findall("mainFiles/file") == []
    assert one.findtext("messages/message")
    first, *rest = associated(OTHER)
    assert 'complete="false"' in first["description"]
    assert 'messages="flat: ' in first["description"]
    assert [row["semantics"] for row in rest] == [f"{ESO}calSelector_raw2master"]


def test_raw_mode_answers_as_master_mode_and_says_so() -> None:
    (tree,) = trees(FIRST, mode="raw2RAW")
    assert tree.attrib["mode"] == "Raw2Master"
    assert "no raw calibration frames" in (tree.findtext("messages/message") or "")
    assert 'mode="Raw2Master"' in associated(FIRST, mode="Raw2Raw")[0]["description"]


def test_the_name_of_a_saved_tree_is_plain() -> None:
    answer = Client().get("/calselector/v1/associations", {"dp_id": FIRST})
    name = answer["Content-Disposition"]
    assert name == f'attachment; filename="{FIRST}_raw2master.xml"'


def test_several_trees_come_in_one_message_in_the_order_asked() -> None:
    unknown = "JW99999001001_02101_00001.MIRIMAGE"
    ids = (DATASETS[1], unknown, FIRST)
    answer = Client().get("/calselector/v1/associations", {"dp_id": list(ids)})
    assert answer["Content-Type"].startswith("multipart/form-data; boundary=")
    assert [part.get_filename() for part in parts_of(answer)] == [f"{id}_raw2master.xml" for id in ids]
    assert [tree.attrib["complete"] for tree in trees(*ids)] == ["true", "false", "true"]


def test_one_unknown_dataset_is_404() -> None:
    answer = Client().get("/calselector/v1/associations", {"dp_id": "JW99999001001_02101_00001.MIRIMAGE"})
    assert (answer.status_code, answer["Content-Type"].split(";")[0]) == (404, "text/plain")
    assert answer.content.startswith(b"NotFoundFault: ")


def test_a_context_that_was_never_latest_is_not_certified() -> None:
    ContextChange.objects.filter(pointer="latest").delete()
    (tree,) = trees(FIRST, context="jwst-edit")
    assert (tree.attrib["certified"], tree.attrib["complete"]) == ("false", "true")


def test_a_bad_reference_is_not_certified() -> None:
    File.objects.filter(name=FLAT).update(rejected=True)
    (tree,) = trees(FIRST)
    assert tree.attrib["certified"] == "false"
    assert f"{FLAT} is marked bad" in (tree.findtext("messages/message") or "")


def test_other_exposures_of_a_product_are_siblings() -> None:
    for exposure in ("JW1_A.MIRIMAGE", "JW1_B.MIRIMAGE"):
        make_dataset(f"JW1_P.MIRIMAGE:{exposure}", instrument="miri", header=HEADER)
    rows = links("JW1_P.MIRIMAGE:JW1_A.MIRIMAGE")
    (sibling,) = [row for row in rows if row["semantics"] == f"{ESO}sibling_raw"]
    assert sibling["access_url"].endswith("/dataportal/file/JW1_P.MIRIMAGE:JW1_B.MIRIMAGE")
    assert fetch(sibling["access_url"]).status_code == 200
    both = links("JW1_P.MIRIMAGE")
    assert sum(row["semantics"] == "#this" for row in both) == 2


def test_the_explanation_is_text() -> None:
    answer = Client().get("/calselector/v1/explain", {"dp_id": OTHER})
    assert answer["Content-Type"].startswith("text/plain")
    assert b"FLAT: NOT FOUND" in answer.content
    missing = Client().get("/calselector/v1/explain", {"dp_id": "JW99999001001_02101_00001.MIRIMAGE"})
    assert (missing.status_code, missing["Content-Type"].split(";")[0]) == (404, "text/plain")
    assert Client().get("/calselector/v1/explain").status_code == 400


def test_files_are_downloaded_with_ranges_and_head() -> None:
    path = f"/dataportal/file/{FLAT}"
    whole = body_of(Client().get(path))
    assert whole == sites.make_content("flat", instrument="miri", useafter="2021-08-01")
    part = Client().get(path, headers={"Range": "bytes=10-19"})
    assert (part.status_code, body_of(part)) == (206, whole[10:20])
    head = Client().head(path)
    assert (head["Content-Length"], head.content) == (str(len(whole)), b"")
    assert Client().get(path, headers={"Range": f"bytes={len(whole)}-"}).status_code == 416
    data = f"/dataportal/file/{WHOLE}"
    assert Client().head(data)["Content-Length"] == str(len(Client().get(data).content))


@pytest.mark.parametrize(
    "id", ["nothing.fits", "JW99999001001_02101_00001.MIRIMAGE", "../settings.py", "a b"]
)
def test_what_is_not_there_is_404_as_text(id: str) -> None:
    answer = Client().get(f"/dataportal/file/{id}")
    assert (answer.status_code, answer["Content-Type"].split(";")[0]) == (404, "text/plain")
    assert answer.content.startswith(b"NotFoundFault: ")


def test_the_page_of_terms_is_there() -> None:
    assert b"raw2master" in Client().get("/rdf/datalink/crds").content
