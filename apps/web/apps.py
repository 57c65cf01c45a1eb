from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "apps.web"
    label = "web"

    def ready(self) -> None:
        """Register the system check of the machine, and the readiness check of the static files."""
        from apps.web import checks, parts  # noqa: F401
