from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "apps.web"
    label = "web"

    def ready(self) -> None:
        """Register the system check of the machine, and the part that pages are drawn with."""
        from apps.web import checks, parts  # noqa: F401
