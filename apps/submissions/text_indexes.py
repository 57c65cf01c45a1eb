"""The index for searches in the names of submitted files; ``migrate`` makes it."""

from apps.core.text_indexes import TextIndex
from apps.submissions.models import SubmittedFile

SUBMITTED = TextIndex("submissions_submittedfile_text", SubmittedFile, ("name", "official_name"))
ALL = (SUBMITTED,)
