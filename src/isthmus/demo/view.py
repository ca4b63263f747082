import contextlib, time
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
