import contextlib
import time


class View:
    def __init__(self, home): self.t=time.monotonic()
    def systems_listen(self, u): print(u)
    def looked(self, seen):
        s=str(seen)
        if s!=getattr(self,'s',None): self.s=s; print(f"   {time.monotonic()-self.t:6.1f}", s)
    @contextlib.contextmanager
    def playing(self,n): yield
    def begins(self, st): print(f"{time.monotonic()-self.t:6.1f}", st.name)
    @contextlib.contextmanager
    def starting(self,n):
        t=time.monotonic(); yield; print(n, time.monotonic()-t)
    def report(self,*a): pass
def _r(self, report, journal):
    for l in report.lines: print(l.currency, l.approved, l.rounding, l.rated, l.posted, l.invoiced, l.uninvoiced, l.held, l.difference)
    print(report.counts); print(len(report.mismatches)); print("\n".join(report.mismatches[:30]))
    import collections
    print(collections.Counter((h.code,h.owner,h.state) for h in report.holds)); print(journal._known)
View.report=_r
