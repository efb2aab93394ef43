"""What befalls jobs on a cluster, in the middle of a training and of a sampling: both end in the bits of an undisturbed run."""

import contextlib
import os
import signal
import time

import pytest
from driver import LONG, TARGETS, TRAINING, Driver, config
from project import checksums, duplicate, processes, workers

from energyguide.files.arrays import read_sidecar


def running(lab, tree):
    return [job for job in lab.jobs(tree) if job["JobState"] == "RUNNING"]


def attempts(tree):
    """What each of the two jobs noted of its attempts: "starts" or "resumes"."""
    logs = tree.glob("results/tiny/.resume/*/*/attempts.log")
    return [[line.split()[-1] for line in log.read_text().splitlines()] for log in logs]


def begun(tree, times):
    """Whether each of the two jobs went on at least so often."""
    log = attempts(tree)
    return len(log) == len(TARGETS) and all(kinds[: times + 1] == ["starts"] + ["resumes"] * times for kinds in log)


@pytest.fixture
def struck(lab, undisturbed, tmp_path):
    """Starts both jobs and holds each up (SIGSTOP) as soon as it has saved a state; returns the driver."""
    tree = duplicate(undisturbed, tmp_path)
    for target in TARGETS:
        (tree / target).unlink()

    def start(*arguments, **site):
        options = [*arguments, *config(tree, site={"save_every": 1, **site}, **LONG)]
        driver = Driver(tree, *TARGETS, *options)
        driver.tree, driver.options = tree, options
        hold(lab, driver)
        return driver

    yield start
    for pid in processes(tree):
        os.kill(pid, signal.SIGKILL)


def hold(lab, driver, times=0):
    """Holds both jobs up as soon as each has a state, and has gone on so often."""
    driver.held = {}

    def held():
        for script, job in (("train_classifier", "classifier"), ("sample", "sample")):
            for state in driver.tree.glob(f"results/tiny/.resume/{job}-*/*/state.pt"):
                if job not in driver.held and len((state.parent / "attempts.log").read_text().splitlines()) > times:
                    for pid in workers(driver.tree, script):
                        os.kill(pid, signal.SIGSTOP)
                        driver.held[job] = pid
        return len(driver.held) == len(TARGETS)

    lab.wait(held, "both jobs to save a state", 180)


def release(driver):
    for pid in driver.held.values():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


@pytest.fixture
def identical(undisturbed):
    """Asserts that a tree has the results of the undisturbed run."""
    expected = checksums(undisturbed / "results")

    def check(tree):
        made = checksums(tree / "results")
        assert all(made[target.removeprefix("results/")] == expected[target.removeprefix("results/")] for target in TARGETS)

    return check


def scancel(lab, tree):
    lab.run("scancel", *(job["JobId"] for job in running(lab, tree)))


def kill(lab, tree):
    for pid in workers(tree):
        os.kill(pid, signal.SIGKILL)


def requeue(lab, tree):
    for job in running(lab, tree):
        lab.run("scontrol", "requeue", job["JobId"])


def preempt(lab, tree):
    """A job of higher priority takes all GPU nodes."""
    lab.run("sbatch", "-p", "urgent", f"-N{lab.gpu_nodes}", "--exclusive", "-D/tmp", "-o/dev/null", "--wrap", "sleep 1")


def lose_the_node(lab, tree):
    """The machines that the jobs run on die, all processes at once."""
    nodes = {job["NodeList"] for job in running(lab, tree)}
    for node in nodes:
        lab.stop(node, signal.SIGKILL)
        for pid in processes(tree, node):
            os.kill(pid, signal.SIGKILL)
    return nodes


def test_jobs_that_are_struck_again_and_again_go_on_and_end_in_the_same_bits(lab, struck, identical):
    driver = struck()
    for times, strike in enumerate((scancel, kill, requeue, preempt)):
        if times:
            hold(lab, driver, times)
        strike(lab, driver.tree)  # with SIGTERM Slurm sends SIGCONT, so that nobody is held any more
        lab.wait(lambda: begun(driver.tree, times + 1), f"both to resume after {strike.__name__}", 180)  # noqa: B023
    driver.succeed()
    identical(driver.tree)


def test_jobs_go_on_when_their_node_is_lost(lab, struck, identical):
    driver = struck()
    lost = lose_the_node(lab, driver.tree)
    lab.wait(lambda: begun(driver.tree, 1), "both to resume", 180)
    driver.succeed()
    identical(driver.tree)
    for node in lost:
        lab.start_node(node)
    lab.wait(lambda: set(lab.node_states()) <= {"idle", "mix", "alloc"}, "all nodes to be up", 180)


def test_what_takes_longer_than_its_slice_goes_on_in_the_next(lab, struck, identical):
    """Both are held until Slurm tells them that their time is up. They go back into the queue under the same numbers."""
    driver = struck("--group-components", "samples=1", runtime=2, grace=60)
    before = {job["JobId"] for job in running(lab, driver.tree)}
    lab.wait(lambda: begun(driver.tree, 1), "both to resume", 300)
    driver.succeed()
    identical(driver.tree)
    assert {job["JobId"] for job in lab.jobs(driver.tree)} == before


def test_an_outage_of_the_controller_is_sat_out(lab, struck, identical):
    """A minute, in which jobs end and nobody can be asked; this cluster keeps no accounts either."""
    driver = struck()
    lab.stop("slurmctld")
    release(driver)
    time.sleep(60)
    assert driver.process.poll() is None
    lab.start_controller()
    driver.succeed()
    identical(driver.tree)


def test_a_killed_driver_loses_and_doubles_nothing(lab, struck, identical):
    """Snakemake does not know of the jobs that it left running, and sends them again: those wait, and leave."""
    driver = struck()
    first = {job["JobId"] for job in running(lab, driver.tree)}
    driver.process.kill()
    driver.wait()
    again = Driver(driver.tree, *TARGETS, *driver.options)
    assert again.wait() and "--unlock" in again.said.read_text()
    Driver(driver.tree, "--unlock", *driver.options).succeed()
    again = Driver(driver.tree, *TARGETS, *driver.options)
    lab.wait(lambda: len(running(lab, driver.tree)) == 2 * len(first), "the jobs to be sent again", 180)
    twin = Driver(driver.tree, *TARGETS, *driver.options)
    assert twin.wait() and "--unlock" in twin.said.read_text()  # two drivers at once: the second is refused
    release(driver)
    again.succeed()
    identical(driver.tree)
    assert read_sidecar(driver.tree / TRAINING)["history"]["attempts"] == 1
    jobs = lab.jobs(driver.tree)
    assert len(jobs) == 2 * len(first) and all(job["JobState"] == "COMPLETED" for job in jobs)
