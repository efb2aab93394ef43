rule densities:
    """Guided densities of three Gaussians, in closed form and by the sampler."""
    output:
        arrays=f"{R}/densities.npz",
        sidecar=f"{R}/densities.npz.json",
    log:
        f"{R}/logs/densities.log",
    conda:
        "../../../envs/python.yaml"
    threads: experiment.threads
    resources:
        **on_cpu(),
    params:
        **code("guided_densities.py"),
        **experiment.densities.dump(),
        process=PROCESS,
        seed=experiment.seed,
        threads=experiment.threads,
    message:
        "Guided densities of three Gaussians"
    script:
        "../../scripts/guided_densities.py"


figure(
    "densities",
    "densities",
    "Figure: guided densities of three Gaussians, in closed form and by the sampler.",
    {"arrays": rules.densities.output.arrays},
    scales=experiment.densities.scales,
)
numbers(
    "densities", {"densities": rules.densities.output.arrays}, **experiment.densities.dump("samples", "steps")
)
