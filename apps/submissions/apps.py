from django.apps import AppConfig


class SubmissionsConfig(AppConfig):
    name = "apps.submissions"
    label = "submissions"

    def ready(self) -> None:
        """Register the part of the server that checks files, and the names that submissions reserve."""
        from apps.submissions import parts, reserved_names  # noqa: F401
