import django.utils.timezone
from django.db import migrations, models
from django.db.models import F


def registered_when_delivered(apps, schema_editor):
    """Take the delivery for the registration of the present rows, so that no digest calls them new."""
    apps.get_model("catalog", "File").objects.update(registered_at=F("delivered_at"))


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0016_provisional'),
    ]

    operations = [
        migrations.AddField(
            model_name='file',
            name='registered_at',
            field=models.DateTimeField(default=django.utils.timezone.now, help_text='When this catalog got the row; an import has older deliveries.'),
        ),
        migrations.RunPython(registered_when_delivered, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name='file',
            index=models.Index(fields=['registered_at', 'id'], name='file_by_registration'),
        ),
    ]
