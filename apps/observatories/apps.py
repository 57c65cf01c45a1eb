from django.apps import AppConfig


class ObservatoriesConfig(AppConfig):
    name = "apps.observatories"
    label = "observatories"
