# How many results one job makes: one, named by the wildcard {name}; or as many as `per_job` of the experiment says.


class Pack:
    """Results of a rule, by name: each made by a job of its own; or, if the pack has a number, all by one job."""

    def __init__(self, kind, names, number=None):
        self.names, self.together = names, number is not None
        self.job = f"{kind}_{number}" if self.together else kind

    def files(self, pattern):
        """The files that a job makes; the pattern has the name of a result at {name}."""
        return expand(pattern, name=self.names, allow_missing=True) if self.together else [pattern]

    def log(self, *shard):
        return str(Path(R, "logs", self.job, *([] if self.together else ["{name}"]), *shard)) + ".log"

    @property
    def title(self):
        """What a message calls a job's results."""
        return ", ".join(self.names) if self.together else "{wildcards.name}"

    def of(self, wildcards):
        """The names of a job's results."""
        return self.names if self.together else [wildcards.name]

    def each(self, function):
        """A function of the wildcards: what `function` says of each result of a job, by its name."""
        return lambda wildcards: {name: function(name) for name in self.of(wildcards)}

    def all(self, function):
        """A function of the wildcards: what `function` says of all results of a job together, given their names."""
        return lambda wildcards: function(*self.of(wildcards))

    def total(self, function):
        """A function of the wildcards: the sum of what `function` says of each result of a job."""
        return lambda wildcards: sum(map(function, self.of(wildcards)))


def packs(kind, names, system=lambda name: None):
    """The packs of a rule's results. A pack belongs to one system, so that to leave one out makes no other again."""
    names, size = list(names), experiment.per_job.get(kind, 1)
    parts = [list(part) for _, part in groupby(sorted(names, key=lambda name: str(system(name))), key=system)]
    chunks = [part[i : i + size] for part in parts for i in range(0, len(part), size)]
    alone = [name for chunk in chunks if len(chunk) == 1 for name in chunk]
    JOBS[kind] = len(chunks)
    together = [chunk for chunk in chunks if len(chunk) > 1]
    return [Pack(kind, alone)] * bool(alone) + [
        Pack(kind, chunk, number) for number, chunk in enumerate(together)
    ]
