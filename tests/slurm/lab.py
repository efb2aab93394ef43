"""A Slurm of our own on this machine: a controller, a node without GPUs and nodes with pretended ones, until it is stopped.

Needs root, and Debian's or Ubuntu's packages `slurm-wlm` and `munge`. All files lie in one folder but for two links in
/etc/slurm, where Slurm's tools look for them inside of jobs.
"""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ETC = Path("/etc/slurm")
CONF = """
ClusterName=lab
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=10
CredType=cred/munge
MpiDefault=none
SwitchType=switch/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,bf_interval=5
GresTypes=gpu
ReturnToService=2
SlurmctldPort=16817
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
SlurmdTimeout=20
KillWait=30
MinJobAge=36000
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
DefMemPerCPU=500
{nodes}
PartitionName=cpu Nodes=cpu1 Default=YES MaxTime=1-0 State=UP
PartitionName=gpu Nodes=gpu[1-{gpu_nodes}] PriorityTier=1 GraceTime=60 MaxTime=1-0 State=UP
PartitionName=urgent Nodes=gpu[1-{gpu_nodes}] PriorityTier=10 PreemptMode=OFF MaxTime=1-0 State=UP
"""


def why_not():
    """Why there can be no lab here, and what to do; None where there can."""
    missing = [tool for tool in ("sbatch", "slurmctld", "slurmd", "munged") if not shutil.which(tool)]
    if missing:
        return f"no {', '.join(missing)}; apt-get install slurm-wlm munge"
    if os.geteuid():
        return "starting Slurm needs root"
    if (ETC / "slurm.conf").exists():
        return f"{ETC}/slurm.conf is there already: this machine belongs to a cluster"
    try:
        with tempfile.TemporaryDirectory() as folder:
            device(Path(folder, "nvidia0"))
    except OSError:
        return "no device can be made here, to pretend that it is a GPU"
    return None


def device(path):
    """A device in the place of a GPU: Slurm asks for one, and any will do."""
    os.mknod(path, 0o020666, os.makedev(1, 3))


class Lab:
    """A running Slurm, as a context manager.

    Attributes:
        gpus: GPUs that it pretends to have.
    """

    def __init__(self, folder, gpu_nodes=2, gpus_per_node=2, cpus=4):
        self.folder, self.gpu_nodes, self.cpus, self.per_node = Path(folder), gpu_nodes, cpus, gpus_per_node
        self.nodes = ["cpu1", *(f"gpu{i + 1}" for i in range(gpu_nodes))]
        self.gpus = gpu_nodes * gpus_per_node

    def __enter__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        os.chmod(self.folder, 0o755)
        self.configure()
        ETC.mkdir(exist_ok=True)
        for name in ("slurm.conf", "gres.conf"):
            (ETC / name).symlink_to(self.folder / name)
        try:
            self.start_munge()
            self.start_controller()
            for node in self.nodes:
                self.start_node(node)
            self.wait(lambda: set(self.node_states()) == {"idle"}, "all nodes to be idle")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        subprocess.run(["scancel", "--user=root"], capture_output=True)
        self.wait(lambda: not self.run("squeue", "-h", "-t", "R,CG"), "jobs to end", seconds=60, strict=False)
        for name in [*self.nodes, "slurmctld", "munged"]:
            self.stop(name)
        for name in ("slurm.conf", "gres.conf"):
            (ETC / name).unlink(missing_ok=True)

    def configure(self):
        host, devices, lines = socket.gethostname().split(".")[0], 0, []
        gres = ["AutoDetect=off"]
        for number, node in enumerate(self.nodes):
            (self.folder / node).mkdir(exist_ok=True)
            gpus = ""
            if node.startswith("gpu"):
                gpus = f"Gres=gpu:h200:{self.per_node} "
                gres.append(
                    f"NodeName={node} Name=gpu Type=h200 File={self.folder}/nvidia[{devices}-{devices + self.per_node - 1}]"
                )
                for _ in range(self.per_node):
                    device(self.folder / f"nvidia{devices}")
                    devices += 1
            lines.append(
                f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={17001 + number} CPUs={self.cpus} "
                f"RealMemory=40000 {gpus}State=UNKNOWN"
            )
        text = CONF.format(host=host, folder=self.folder, nodes="\n".join(lines), gpu_nodes=self.gpu_nodes)
        (self.folder / "slurm.conf").write_text(text)
        (self.folder / "gres.conf").write_text("\n".join([*gres, ""]))
        (self.folder / "state").mkdir(exist_ok=True)

    def start_munge(self):
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        options = {"key-file": key, "socket": self.folder / "munge.socket", "pid-file": self.folder / "munged.pid"}
        options |= {"log-file": self.folder / "munged.log", "seed-file": self.folder / "munged.seed"}
        self.run("munged", "--force", *(f"--{name}={value}" for name, value in options.items()))

    def start_controller(self):
        self.run("slurmctld")

    def start_node(self, node):
        self.run("slurmd", "-N", node)

    def stop(self, name, number=15):
        """Stop a daemon: "slurmctld", "munged" or a node."""
        try:
            pid = int((self.folder / f"{name}.pid").read_text())
            os.kill(pid, number)
        except (OSError, ValueError):
            return
        self.wait(lambda: not alive(pid), f"{name} to stop", strict=False)

    def run(self, *command):
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def node_states(self):
        return self.run("sinfo", "-h", "-N", "-o", "%t").split()

    def jobs(self, folder=None):
        """What Slurm's controller recorded of every job, or of those sent from a folder: a list of dictionaries of its fields."""
        records = [dict(re.findall(r"(\w+)=(\S*)", line)) for line in self.run("scontrol", "-o", "show", "jobs").split("\n")]
        return [record for record in records if "JobId" in record and folder in (None, Path(record["WorkDir"]))]

    @staticmethod
    def wait(condition, what, seconds=60, strict=True):
        for _ in range(int(seconds * 5)):
            try:
                if condition():
                    return
            except subprocess.CalledProcessError:
                pass
            time.sleep(0.2)
        if strict:
            raise TimeoutError(f"waited {seconds} s for {what}")


def moment(text):
    """A time of day as Slurm writes it, in seconds."""
    return time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%S"))


def alive(pid):
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
