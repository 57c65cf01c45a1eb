from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "apps.web"
    label = "web"

    def ready(self) -> None:
        """Register the system check of the machine."""
        from apps.web import checks  # noqa: F401
