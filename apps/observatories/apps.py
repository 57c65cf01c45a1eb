from django.apps import AppConfig


class ObservatoriesConfig(AppConfig):
    name = "apps.observatories"
    label = "observatories"

    def ready(self) -> None:
        """Have this process follow the definition, or the overlay, while it runs."""
        from apps.observatories.definition_reload import look
        from apps.rules.observatories.newest_definition import follow

        follow(look)
