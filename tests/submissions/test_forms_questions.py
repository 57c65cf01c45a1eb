"""The questions as data, and the form that the client builds from their description."""

import json
from typing import Any

import pytest
import yaml
from django.test import Client

from apps.rules.observatories import get_observatory
from apps.submissions.forms.questions import as_yaml, questions
from tests.warm_python import warm_client

ON_THE_WIRE = (
    "deliverer other_email instrument file_type history_updated pedigree_updated keywords_checked "
    "descrip_updated useafter_updated useafter_matches compliance_verified ingest_files etc_delivery "
    "jwst_etc calpipe_version replacement_files old_reference_files replacing_badfiles jira_issue "
    "table_rows_changed modes_affected change_level correctness_testing additional_considerations description"
)
ON_THE_PAGE = (
    "deliverer other_email instrument file_type history_updated descrip_updated useafter_updated "
    "useafter_matches pedigree_updated keywords_checked compliance_verified ingest_files etc_delivery "
    "jwst_etc calpipe_version replacement_files old_reference_files replacing_badfiles jira_issue "
    "table_rows_changed modes_affected correctness_testing additional_considerations change_level description"
)
REQUIRED = (
    "calpipe_version change_level compliance_verified correctness_testing deliverer description file_type "
    "instrument modes_affected replacing_badfiles useafter_matches"
)
FLAGS = (
    "descrip_updated etc_delivery history_updated ingest_files jwst_etc keywords_checked pedigree_updated "
    "replacement_files useafter_updated"
)
CHOICES = {
    "useafter_matches": ["N/A", "No", "Yes"],
    "compliance_verified": ["N/A", "No", "Yes"],
    "replacing_badfiles": ["N/A", "No", "Yes"],
    "change_level": ["TRIVIAL", "MODERATE", "SEVERE"],
}
INSTRUMENTS = {
    "hst": ["acs", "cos", "nicmos", "stis", "synphot", "wfc3", "wfpc2"],
    "jwst": ["fgs", "miri", "nircam", "niriss", "nirspec", "system"],
    "roman": ["wfi"],
}
ALL = pytest.mark.parametrize("observatory", list(INSTRUMENTS))


def described(observatory: str) -> dict[str, dict[str, Any]]:
    return {item["key"]: item for item in yaml.safe_load(as_yaml(get_observatory(observatory)))}


@ALL
def test_both_orders_have_all_questions(observatory: str) -> None:
    assert " ".join(described(observatory)) == ON_THE_WIRE
    on_the_page = (question.key for question in questions(get_observatory(observatory)))
    assert " ".join(on_the_page) == ON_THE_PAGE


@ALL
def test_types_choices_and_beginnings_are_those_that_clients_know(observatory: str) -> None:
    found = described(observatory)
    required = sorted(key for key, item in found.items() if item["required"])
    assert " ".join(required) == REQUIRED
    flags = {key: item for key, item in found.items() if item["type"] == "BooleanField"}
    assert " ".join(sorted(flags)) == FLAGS
    assert all(item["choices"] == [False, True] and item["initial"] is False for item in flags.values())
    choices = {key: item["choices"] for key, item in found.items() if item["type"] == "TypedChoiceField"}
    assert choices == CHOICES | {"instrument": INSTRUMENTS[observatory]}
    beginnings = {key: found[key]["initial"] for key in choices}
    assert beginnings == {
        "instrument": INSTRUMENTS[observatory][0],
        "useafter_matches": "N/A",
        "compliance_verified": "N/A",
        "replacing_badfiles": "N/A",
        "change_level": "SEVERE",
    }
    texts = [item for item in found.values() if item["type"] == "CharField"]
    assert not any("initial" in item for item in texts)
    assert all(item["label"] for item in found.values())


@pytest.mark.parametrize(
    ("observatory", "keywords", "formats"),
    [
        ("hst", "COMMENT has been", "(fits, certify)"),
        ("jwst", "REFTYPE and AUTHOR have been", "(fits, json, asdf, certify)"),
        ("roman", "REFTYPE and AUTHOR have been", "(fits, json, asdf, certify)"),
    ],
)
def test_wording_follows_the_observatory(observatory: str, keywords: str, formats: str) -> None:
    found = described(observatory)
    assert found["keywords_checked"]["label"].startswith(keywords)
    assert formats in found["compliance_verified"]["label"]


def test_anybody_may_read_the_description(client: Client) -> None:
    for path in ("/submission_form/redcat_description.yml", "/submission_form/redcat_description.yml/"):
        response = client.get(path)
        assert response.status_code == 200
        assert list(yaml.safe_load(response.content)[0]) == ["key", "label", "type", "required", "help_text"]
    assert client.post("/submission_form/redcat_description.yml").status_code == 405


# The client reads from the addresses in its own table, so the test replaces `urlopen`.
BUILD = """
import io, json, sys, urllib.request
from crds.submit import rc_submit

built = {}
for observatory, text in json.load(sys.stdin).items():
    urllib.request.urlopen = lambda url, text=text: io.BytesIO(text.encode())
    submission = rc_submit.Submission(observatory, "ops")
    built[observatory] = dict(submission)
    submission["useafter_matches"] = True
    submission["compliance_verified"] = "yes"
    submission["history_updated"] = True
    built[observatory + " changed"] = dict(submission)
    submission.help()
print(json.dumps(built))
"""


def test_the_client_builds_its_form_of_each_description() -> None:
    texts = {observatory: as_yaml(get_observatory(observatory)) for observatory in INSTRUMENTS}
    done = warm_client().run(["-c", BUILD], text=json.dumps(texts))
    assert done.returncode == 0, done.stderr
    built = json.loads(done.stdout.splitlines()[-1])
    for observatory, instruments in INSTRUMENTS.items():
        assert " ".join(built[observatory]) == ON_THE_WIRE
        assert built[observatory]["instrument"] == instruments[0]
        assert built[observatory]["deliverer"] == ""
        changed = built[f"{observatory} changed"]
        assert (changed["useafter_matches"], changed["compliance_verified"]) == ("Yes", "Yes")
        assert changed["history_updated"] is True
