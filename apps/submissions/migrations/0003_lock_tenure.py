from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("locks", "0002_tenure"),
        ("submissions", "0002_submissions"),
    ]

    operations = [
        migrations.RenameField(model_name="submission", old_name="lock_key", new_name="lock_tenure"),
        migrations.AlterField(
            model_name="submission",
            name="lock_tenure",
            field=models.UUIDField(help_text="Tenure of the lock when it started.", null=True),
        ),
    ]
