from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "apps.jobs"
    label = "jobs"

    def ready(self) -> None:
        """Register the system check of the kinds of jobs."""
        from apps.jobs import checks  # noqa: F401
