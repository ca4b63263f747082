"""`isthmus demo`: a professional-services firm's quarter over simulated systems, and the proof that
every cent ties out. What it makes stays in its home folder, for the other commands to look at.
"""

from pathlib import Path


async def run_demo(home: Path, *, erp: str = "netsuite", fresh: bool = False) -> int:
    """Play, prove, report; 0 when every cent ties out, 1 when not. Raises `errors.DemoError`."""
    # Imported late: the simulators' process is in this package and needs none of it.
    from isthmus.demo.run import play_and_prove

    return await play_and_prove(home, erp=erp, fresh=fresh)
