from django.apps import AppConfig


class BestrefsConfig(AppConfig):
    name = "apps.bestrefs"
    label = "bestrefs"
