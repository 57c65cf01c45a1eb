from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0001_initial"),
    ]

    operations = [
        migrations.RenameField(model_name="job", old_name="rung_at", new_name="announced_at"),
        migrations.AlterField(
            model_name="job",
            name="announced_at",
            field=models.DateTimeField(help_text="When it was last announced to workers.", null=True),
        ),
    ]
