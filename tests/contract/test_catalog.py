"""Checklist of the wire protocol: catalogue, archive check, SQLite, bad files."""

import json

from tests.contract.client import Client
from tests.shared_data import data_root


def test_catalogue_text(hst: Client) -> None:
    assert hst.crds("sync", "--files", "hst_0729.pmap").status == 0
    done = hst.crds("list", "--cat", "hst_0729.pmap")
    assert done.status == 0, done.text
    assert "Catalog Info:" in done.text


def test_archive_check_finds_the_good_and_the_missing(hst: Client) -> None:
    done = hst.crds("check_archive", "--files", "hst_0729.pmap", "nope.pmap", "--dump-good-files")
    assert "hst_0729.pmap" in done.text
    assert "nope.pmap" in done.text
    assert "Traceback" not in done.text
    assert "1 errors" in done.text, done.text


def test_sql_lists_both_tables(hst: Client) -> None:
    done = hst.crds("sql", "-u", "--list-tables")
    assert done.status == 0, done.text
    assert set(done.output.split()) >= {"crds_hst_catalog", "crds_hst_context_history"}


def test_sql_lists_columns(hst: Client) -> None:
    done = hst.crds("sql", "-u", "--list-columns", "crds_hst_catalog")
    assert done.status == 0, done.text
    assert {"name", "sha1sum", "uploaded_as", "history"} <= set(done.output.replace(",", " ").split())


def test_sql_answers_a_question(hst: Client) -> None:
    assert hst.crds("sync", "--fetch-sqlite-db").status == 0
    done = hst.crds("sql", "select count(*) from crds_hst_catalog where type='mapping'")
    assert done.status == 0, done.text
    known = len(list((data_root() / "mappings" / "hst").iterdir()))
    assert known - 20 <= int(done.output.split()[-1].strip("(),")) <= known  # A few lie in no catalogue.


def test_bad_files_are_published(hst: Client) -> None:
    assert hst.crds("sync", "--contexts", "hst-latest").status == 0
    bad = (hst.cache / "config" / "hst" / "bad_files.txt").read_text().split()
    assert bad == sorted((data_root() / "config" / "hst" / "bad_files.txt").read_text().split())
    assert bad


def test_api_methods_answer(demo: Client) -> None:
    program = """
import json
from crds.client import api
print(json.dumps({
    "parkeys": api.get_required_parkeys("jwst_0005.pmap"),
    "info": api.get_file_info("jwst", "jwst_0005.pmap"),
    "twice": api.get_file_info("jwst_0005.pmap", "jwst_0005.pmap"),
    "mappings": api.list_mappings("jwst", "*_000?.pmap"),
    "references": api.list_references("jwst", "*dark*"),
    "url": api.get_url("jwst_0005.pmap", "jwst_0005.pmap"),
    "versions": api.get_system_versions("1.20.0", "null"),
    "history": api.get_context_history("jwst"),
}))
"""
    done = demo.python(program)
    assert done.status == 0, done.text
    answers = json.loads(done.output)
    assert answers["parkeys"]["miri"][0] == "META.INSTRUMENT.NAME"
    assert answers["info"] == answers["twice"]
    assert answers["info"]["type"] == "mapping"
    assert answers["mappings"] == [f"jwst_000{number}.pmap" for number in range(1, 6)]
    assert answers["references"]
    assert answers["url"].endswith("/unchecked_get/mappings/jwst/jwst_0005.pmap")
    assert "versions" in answers["versions"]
    assert answers["history"] == sorted(answers["history"])
    assert all(start.endswith("+00:00") for start, _context, _reason in answers["history"])


def test_the_info_of_a_mapping_is_as_the_client_expects_it(demo: Client) -> None:
    done = demo.python(
        "import json\nfrom crds.client import api\n"
        "print(json.dumps(api.get_file_info('jwst', api.get_default_context('jwst', 'latest'))))"
    )
    info = json.loads(done.output)
    assert info["useafter_date"] == "2050-01-01 00:00:00+00:00"
    assert info["delivery_date"].endswith("+00:00")
    assert (info["pedigree"], info["reference_file_type"], info["replaced_by_filename"]) == ("", "", "")


def test_verified_files_have_states_that_the_client_knows(demo: Client) -> None:
    assert demo.crds("sync", "--contexts", "jwst-latest").status == 0
    done = demo.crds("sync", "--contexts", "jwst-latest", "--check-sha1sum")
    assert done.status == 0, done.text
    assert "unusual CRDS file state" not in done.text
