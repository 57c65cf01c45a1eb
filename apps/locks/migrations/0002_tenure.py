import uuid

from django.db import migrations, models
from django.db.models import F


def begin_tenures(apps, schema_editor):
    """Keep submissions under way protected: they hold the key of their lock, which becomes its tenure."""
    apps.get_model("locks", "Lock").objects.update(tenure=F("key"))


class Migration(migrations.Migration):
    dependencies = [
        ("locks", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="lock",
            name="tenure",
            field=models.UUIDField(
                default=uuid.uuid4, editable=False, help_text="Kept by submissions: one holder, without a gap."
            ),
        ),
        migrations.RunPython(begin_tenures, migrations.RunPython.noop),
    ]
