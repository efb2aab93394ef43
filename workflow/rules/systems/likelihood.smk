LIKELIHOOD_OF = experiment.likelihood.measured(experiment)
LIKELIHOODS = [f"{R}/likelihood/{model}.json" for model in LIKELIHOOD_OF]
LIKELIHOOD_LABELS = {model: SAMPLED[ORIGINS.get(model, model)].label for model in LIKELIHOOD_OF}


rule likelihood:
    """The variational bound of a diffusion model on the test images, and how it depends on steps and schedule."""
    input:
        data=rules.data.output.data,
        model=lambda wildcards: weights(wildcards.model),
    output:
        json=f"{R}/likelihood/{{model}}.json",
    log:
        f"{R}/logs/likelihood/{{model}}.log",
    wildcard_constraints:
        model=any_of(LIKELIHOOD_OF),
    conda:
        "../../../envs/python.yaml"
    threads: experiment.threads
    resources:
        **on_gpu(30),
    params:
        **code("measure_likelihood.py"),
        **experiment.likelihood.dump("steps", "draws", "shapes"),
        named=lambda wildcards: named(*denoisers_of(wildcards.model)),
        kind=lambda wildcards: NETWORKS[wildcards.model].kind,
        process=PROCESS,
        acceleration=ACCELERATION,
        seed=experiment.seed,
        threads=experiment.threads,
    message:
        "The likelihood of the test images under {wildcards.model}"
    script:
        "../../scripts/measure_likelihood.py"


RESULTS += LIKELIHOODS
JOBS["likelihood"] = len(LIKELIHOODS)

table(
    "likelihood",
    "likelihood",
    "Table: the variational bound on the likelihood of the test images, in bits per dimension.",
    {"results": LIKELIHOODS, "published": PUBLISHED},
    published=experiment.published,
    labels=LIKELIHOOD_LABELS,
)
figure(
    "likelihood",
    "likelihood",
    "Figure: noise schedules of one variational bound, and the bound by its number of steps.",
    {"results": LIKELIHOODS},
    labels=LIKELIHOOD_LABELS,
)
numbers("likelihood", {"likelihoods": LIKELIHOODS}, labels=LIKELIHOOD_LABELS)
