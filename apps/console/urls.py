"""The addresses of the operators' pages."""

from django.urls import path

from apps.console import views

app_name = "console"

urlpatterns = [
    path("operate/", views.overview, name="overview"),
    path("operate/people/", views.people, name="people"),
    path("operate/people/<str:username>/", views.person, name="person"),
    path("operate/invite/", views.invite, name="invite"),
    path("operate/locks/", views.locks, name="locks"),
    path("operate/jobs/", views.jobs, name="jobs"),
    path("operate/mails/", views.mails, name="mails"),
    path("operate/submissions/", views.submissions, name="submissions"),
    path("operate/store/", views.store, name="store"),
    path("operate/settings/", views.settings_in_force, name="settings"),
    path("operate/audit/", views.audit_trail, name="audit"),
    path("operate/act/<slug:act>/<str:key>/", views.act, name="act"),
]
