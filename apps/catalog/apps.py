from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "apps.catalog"
    label = "catalog"

    def ready(self) -> None:
        """Register the check of the server that the data belong to."""
        from apps.catalog.identity import parts  # noqa: F401
