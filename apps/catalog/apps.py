from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "apps.catalog"
    label = "catalog"

    def ready(self) -> None:
        """Register the part that tells whose the data are."""
        from apps.catalog.identity import parts  # noqa: F401
