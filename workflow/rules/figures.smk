rule figure_corruptions:
    """Figure: accuracy under Gaussian noise and under darkness."""
    input:
        code=code("figure.py"),
        results=by_classifier("corruptions"),
    output:
        pdf=f"{R}/figures/corruptions.pdf",
        png=f"{R}/figures/corruptions.png",
    log:
        f"{R}/logs/figures/corruptions.log",
    conda:
        "../../envs/python.yaml"
    message:
        "Figure: corruptions"
    script:
        "../scripts/figure.py"


rule figure_energy_by_class:
    """Figure: E(x) of the training images by class, for every classifier."""
    input:
        code=code("figure.py"),
        results=by_classifier("energy"),
    output:
        pdf=f"{R}/figures/energy_by_class.pdf",
        png=f"{R}/figures/energy_by_class.png",
    log:
        f"{R}/logs/figures/energy_by_class.log",
    conda:
        "../../envs/python.yaml"
    message:
        "Figure: energy by class"
    script:
        "../scripts/figure.py"


rule figure_schedulers:
    """Figure: the guidance schedulers."""
    input:
        code=code("figure.py"),
    output:
        pdf=f"{R}/figures/schedulers.pdf",
        png=f"{R}/figures/schedulers.png",
    log:
        f"{R}/logs/figures/schedulers.log",
    conda:
        "../../envs/python.yaml"
    params:
        process=experiment["process"],
        sigmoids=SIGMOIDS,
    message:
        "Figure: schedulers"
    script:
        "../scripts/figure.py"


rule figure_gradients:
    """Figure: input gradients of plain and robust classifiers."""
    input:
        code=code("figure.py"),
        arrays=rules.gradients.output.arrays,
        data=rules.data.output.sidecar,
    output:
        pdf=f"{R}/figures/gradients.pdf",
        png=f"{R}/figures/gradients.png",
    log:
        f"{R}/logs/figures/gradients.log",
    conda:
        "../../envs/python.yaml"
    params:
        classifiers=experiment["gradients"]["classifiers"],
    message:
        "Figure: gradients"
    script:
        "../scripts/figure.py"


rule figure_synthesis:
    """Figure: images from single classifiers."""
    input:
        code=code("figure.py"),
        arrays=rules.synthesis.output.arrays,
        data=rules.data.output.sidecar,
    output:
        pdf=f"{R}/figures/synthesis.pdf",
        png=f"{R}/figures/synthesis.png",
    log:
        f"{R}/logs/figures/synthesis.log",
    conda:
        "../../envs/python.yaml"
    params:
        classifiers=experiment["synthesis"]["classifiers"],
    message:
        "Figure: synthesis"
    script:
        "../scripts/figure.py"


rule figure_samples:
    """Figure: samples of all variants from the same noise."""
    input:
        code=code("figure.py"),
        data=rules.data.output.sidecar,
        metrics=metrics_of(*VARIANTS),
        samples=[shards(variant, scales)[0] for variant in VARIANTS for scales in pieces(variant)],
    output:
        pdf=f"{R}/figures/samples.pdf",
        png=f"{R}/figures/samples.png",
    log:
        f"{R}/logs/figures/samples.log",
    conda:
        "../../envs/python.yaml"
    params:
        variants=described("label", "unit"),
    message:
        "Figure: samples"
    script:
        "../scripts/figure.py"


rule figure_trajectory:
    """Figure: energies and shifts along the sampling trajectory."""
    input:
        code=code("figure.py"),
        trajectories=rules.trajectories.output.json,
    output:
        pdf=f"{R}/figures/trajectory.pdf",
        png=f"{R}/figures/trajectory.png",
    log:
        f"{R}/logs/figures/trajectory.log",
    conda:
        "../../envs/python.yaml"
    params:
        variants=described("label"),
    message:
        "Figure: trajectory"
    script:
        "../scripts/figure.py"


rule figure_divergence:
    """Figure: E(x) of training images and of energy-guided samples, before and after dE."""
    input:
        code=code("figure.py"),
        energy=energy_statistics(experiment["energy"]["classifier"]),
        metrics=metrics_of(*ENERGY_GUIDED),
    output:
        pdf=f"{R}/figures/divergence.pdf",
        png=f"{R}/figures/divergence.png",
    log:
        f"{R}/logs/figures/divergence.log",
    conda:
        "../../envs/python.yaml"
    params:
        variants=described("label", only=ENERGY_GUIDED),
    message:
        "Figure: divergence"
    script:
        "../scripts/figure.py"


rule figure_strips:
    """Figure: frames of the forward and of the reverse process."""
    input:
        code=code("figure.py"),
        arrays=rules.trajectories.output.arrays,
        data=rules.data.output.sidecar,
    output:
        pdf=f"{R}/figures/strips.pdf",
        png=f"{R}/figures/strips.png",
    log:
        f"{R}/logs/figures/strips.log",
    conda:
        "../../envs/python.yaml"
    params:
        variant=experiment["trajectories"]["variant"],
        shown=[0, experiment["data"]["classes"] // 2],
    message:
        "Figure: strips"
    script:
        "../scripts/figure.py"


rule figure_scales:
    """Figure: FID and class accuracy against the guidance scale."""
    input:
        code=code("figure.py"),
        metrics=metrics_of(*VARIANTS),
    output:
        pdf=f"{R}/figures/scales.pdf",
        png=f"{R}/figures/scales.png",
    log:
        f"{R}/logs/figures/scales.log",
    conda:
        "../../envs/python.yaml"
    params:
        variants=described("label", "unit"),
        baseline=baseline(experiment),
    message:
        "Figure: scales"
    script:
        "../scripts/figure.py"


rule figure_losses:
    """Figure: training loss of the diffusion models."""
    input:
        code=code("figure.py"),
        weights=diffusion_weights(),
    output:
        pdf=f"{R}/figures/losses.pdf",
        png=f"{R}/figures/losses.png",
    log:
        f"{R}/logs/figures/losses.log",
    conda:
        "../../envs/python.yaml"
    message:
        "Figure: losses"
    script:
        "../scripts/figure.py"


FIGURES = [
    path
    for name in (
        "corruptions",
        "energy_by_class",
        "schedulers",
        "gradients",
        "synthesis",
        "samples",
        "trajectory",
        "divergence",
        "strips",
        "scales",
        "losses",
    )
    for path in (f"{R}/figures/{name}.pdf", f"{R}/figures/{name}.png")
]
