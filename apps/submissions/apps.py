from django.apps import AppConfig


class SubmissionsConfig(AppConfig):
    name = "apps.submissions"
    label = "submissions"

    def ready(self) -> None:
        """Register the part that checks files."""
        from apps.submissions import parts  # noqa: F401
