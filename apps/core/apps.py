from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "apps.core"
    label = "core"

    def ready(self) -> None:
        """Register the parts that every installation has."""
        from apps.core import parts  # noqa: F401
