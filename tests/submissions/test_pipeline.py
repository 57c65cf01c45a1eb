from tests.factories.sites import make_ready, said, process, deliver, make_content
import time
def test_x(site):
  for kw in (dict(), dict(FILTER="F770W"), dict(FILTER="F1000W")):
    t=time.time(); s=process(deliver({"flat.fits":make_content(**kw)})); print(s.status, s.reason, time.time()-t)
    from apps.submissions.operations import cancel
    from tests.factories.sites import find_user
    s.status=="ready" and cancel(s,user=find_user())
  for f in s.files.all(): print(f.name, f.official_name, f.errors, f.warnings, f.log[:3] )
  print([l for l in said(s).split("\n") if ">>" not in l])
def test_y(site):
    t=time.time(); s=process(deliver({"gain.fits":make_content("gain"), "flat.fits":make_content()})); print(s.status, s.reason, time.time()-t)
    s=process(deliver({"f.fits":make_content(instrument="nircam")}, instrument="nircam")); print(s.status, s.reason, time.time()-t)
