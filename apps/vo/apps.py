from django.apps import AppConfig
from django.db.models.signals import post_migrate


class VoConfig(AppConfig):
    name = "apps.vo"
    label = "vo"

    def ready(self) -> None:
        """Prepare the reader of published tables after each migration of the database."""
        from apps.vo.database.rights import grant_rights

        post_migrate.connect(grant_rights, sender=self)
