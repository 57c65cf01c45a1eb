"""Mails are sent by jobs: those that wait or failed get one, and the columns of their own queue go."""

from django.db import migrations, models
from django.utils import timezone


def queue_jobs(apps, schema_editor):
    """Give each mail that is not sent a job that stands where the mail stood."""
    Mail, Job = apps.get_model("mails", "Mail"), apps.get_model("jobs", "Job")
    now = timezone.now()
    for mail in Mail.objects.exclude(status="sent").order_by("pk").iterator():
        is_over = mail.status == "failed"
        Job.objects.create(
            kind="mail",
            subject_id=mail.pk,
            status="failed" if is_over else "queued",
            attempts=mail.attempts,
            queued_at=mail.made_at,
            # A worker that was sending it has ended with the server of the version before.
            not_before=mail.not_before if mail.status == "waiting" else now,
            finished_at=now if is_over else None,
        )


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0001_initial"),
        ("mails", "0001_initial"),
    ]

    operations = [
        migrations.RunPython(queue_jobs, migrations.RunPython.noop),
        migrations.RemoveConstraint(model_name="mail", name="mail_being_sent_is_claimed"),
        migrations.RemoveConstraint(model_name="mail", name="sent_mail_has_sent_at"),
        migrations.RemoveIndex(model_name="mail", name="mails_mail_status_5c2a4e_idx"),
        migrations.RemoveField(model_name="mail", name="attempts"),
        migrations.RemoveField(model_name="mail", name="claimed_at"),
        migrations.RemoveField(model_name="mail", name="not_before"),
        migrations.RemoveField(model_name="mail", name="status"),
        migrations.AlterField(
            model_name="mail",
            name="sent_at",
            field=models.DateTimeField(
                help_text="When the last recipient was served; empty before.", null=True
            ),
        ),
    ]
