"""Files of the future."""

import os
import time

from energyguide.run.clocks import end_the_future


def test_files_of_the_future_become_of_now_and_others_stay(tmp_path):
    before = time.time()
    for name, moment in (("past", 1e9), ("future", before + 3600), ("below/future", before + 7200)):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
        os.utime(path, (moment, moment))
    (tmp_path / "dangling").symlink_to("nowhere")
    end_the_future(tmp_path)
    times = {name: (tmp_path / name).stat().st_mtime for name in ("past", "future", "below/future")}
    assert times["past"] == 1e9 and before <= times["future"] == times["below/future"] <= time.time()
