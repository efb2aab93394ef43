"""Samples in one, four and sixteen shards, in groups of four: the same pixels, and what a shard costs beyond its work."""

import numpy as np
from driver import Driver, config
from lab import moment
from project import duplicate

from energyguide.files.arrays import read_sidecar

FOLDER = "results/tiny/samples/ddpm/0"


def seconds(job):
    return moment(job["EndTime"]) - moment(job["StartTime"])


def test_shards_and_groups_do_not_change_a_pixel(lab, built, tmp_path, capsys):
    """While the four shards of one group are drawn the job is put back into the queue: a shard that is done stays so."""
    samples, report = {}, []
    for shards in (1, 4, 16):
        tree = duplicate(built, tmp_path / str(shards))
        files = [tree / FOLDER / f"{k}.npz" for k in range(shards)]
        for file in (tree / FOLDER).iterdir():
            file.unlink()
        options = config(tree, sampling={"shards": shards, "samples": 160, "batch": 20})
        driver = Driver(tree, *(str(file.relative_to(tree)) for file in files), *options)
        if shards == 4:
            lab.wait(lambda: any(map(done, files)), "the first shard of the group", 180)  # noqa: B023
            first = next(filter(done, files))
            before = read_sidecar(first)["seconds_per_image"]
            lab.run("scontrol", "requeue", *(job["JobId"] for job in lab.jobs(tree)))
        driver.succeed()
        samples[shards] = np.concatenate([np.load(file)["images"] for file in files])
        jobs = lab.jobs(tree)
        assert len(jobs) == -(-shards // 4) and all("gres:gpu:1" in job["TresPerJob"] for job in jobs)
        if shards == 4:
            assert read_sidecar(first)["seconds_per_image"] == before
        else:
            work = sum(read_sidecar(file)["seconds_per_image"] * len(np.load(file)["images"]) for file in files)
            report.append(
                f"{shards} shards in {len(jobs)} jobs: {(sum(map(seconds, jobs)) - work) / shards:.1f} s a shard beyond its work"
            )
    assert np.array_equal(samples[1], samples[4]) and np.array_equal(samples[1], samples[16])
    with capsys.disabled():
        print("", *report, sep="\n")


def done(file):
    return file.with_name(f"{file.name}.json").exists()
