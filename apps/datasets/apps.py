from django.apps import AppConfig


class DatasetsConfig(AppConfig):
    name = "apps.datasets"
    label = "datasets"

    def ready(self) -> None:
        """Register the part that describes the archive."""
        from apps.datasets import parts  # noqa: F401
