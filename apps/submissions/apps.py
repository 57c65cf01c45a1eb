from django.apps import AppConfig


class SubmissionsConfig(AppConfig):
    name = "apps.submissions"
    label = "submissions"

    def ready(self) -> None:
        """Register the part of the server that checks files."""
        from apps.submissions import parts  # noqa: F401
