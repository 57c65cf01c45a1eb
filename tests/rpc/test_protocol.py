"""The methods of the protocol."""

import pytest

from tests.factories.rpc import call

pytestmark = pytest.mark.django_db


def test_every_method_of_the_protocol_is_there() -> None:
    protocol = {
        "get_server_info": [],
        "get_default_context": ["observatory", "state"],
        "get_build_context": ["observatory", "cal_ver"],
        "get_context_by_date": ["date", "observatory"],
        "get_mapping_names": ["pipeline_context"],
        "get_reference_names": ["pipeline_context"],
        "list_mappings": ["observatory", "glob_pattern"],
        "list_references": ["observatory", "glob_pattern"],
        "get_file_info": ["pipeline_context", "filename"],
        "get_file_info_map": ["observatory", "files", "fields"],
        "get_url": ["pipeline_context", "filename"],
        "get_mapping_url": ["pipeline_context", "mapping"],
        "get_reference_url": ["pipeline_context", "reference"],
        "get_best_references": ["pipeline_context", "header", "reftypes"],
        "get_best_references_by_ids": ["context", "dataset_ids", "reftypes", "include_headers"],
        "get_best_references_by_header_map": ["context", "header_map", "reftypes"],
        "get_aui_best_references": ["date", "dataset_ids"],
        "get_required_parkeys": ["context"],
        "get_dataset_ids": ["context", "instrument", "datasets_since"],
        "get_dataset_headers_by_id": ["context", "dataset_ids", "datasets_since"],
        "get_dataset_headers_by_instrument": ["context", "instrument", "datasets_since"],
        "get_affected_datasets": ["observatory", "old_context", "new_context"],
        "get_context_history": ["observatory"],
        "push_remote_context": ["observatory", "kind", "key", "context"],
        "get_remote_context": ["observatory", "pipeline_name"],
        "jpoll_pull_messages": ["key", "since_id"],
        "jpoll_abort": ["key"],
        "get_system_versions": ["master_version", "context"],
        "get_sqlite_db": ["observatory"],
    }
    described = {each["name"]: each["params"] for each in call("system.describe")}
    assert {name: described.get(name) for name in protocol} == protocol
