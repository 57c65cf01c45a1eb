"""The indexes for searches in the texts of files and of activities; ``migrate`` makes them."""

from apps.catalog.models import AuditRecord, File
from apps.core.text_indexes import TextIndex

FILES = TextIndex(
    "catalog_file_text",
    File,
    (
        *("name", "uploaded_as", "instrument", "filekind", "aperture", "pedigree", "description"),
        *("change_level", "deliverer"),
    ),
)
RECORDS = TextIndex("catalog_auditrecord_text", AuditRecord, ("filename", "action", "why", "details"))
ALL = (FILES, RECORDS)
