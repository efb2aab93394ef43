# The figures: name -> what it is, the inputs and the params of its function in workflow/energyguide/reporting/figures.py.
FIGURE = {
    "corruptions": {
        "about": "Figure: accuracy under Gaussian noise and under darkness.",
        "input": {"results": by_classifier("corruptions")},
        "params": {},
    },
    "energy_by_class": {
        "about": "Figure: E(x) of the training images by class, for every classifier.",
        "input": {"results": by_classifier("energy")},
        "params": {},
    },
    "schedulers": {
        "about": "Figure: the guidance schedulers.",
        "input": {},
        "params": {"process": experiment["process"], "sigmoids": SIGMOIDS},
    },
    "gradients": {
        "about": "Figure: input gradients of plain and robust classifiers.",
        "input": {"arrays": rules.gradients.output.arrays, "data": rules.data.output.sidecar},
        "params": {"classifiers": experiment["gradients"]["classifiers"]},
    },
    "synthesis": {
        "about": "Figure: images from single classifiers.",
        "input": {"arrays": rules.synthesis.output.arrays, "data": rules.data.output.sidecar},
        "params": {"classifiers": experiment["synthesis"]["classifiers"]},
    },
    "samples": {
        "about": "Figure: samples of all variants from the same noise.",
        "input": {
            "data": rules.data.output.sidecar,
            "metrics": metrics_of(*VARIANTS),
            "samples": first_shards(*VARIANTS),
        },
        "params": {"variants": described("label", "unit")},
    },
    "trajectory": {
        "about": "Figure: energies and shifts along the sampling trajectory.",
        "input": {"trajectories": rules.trajectories.output.json},
        "params": {"variants": described("label", "unit", "model")},
    },
    "divergence": {
        "about": "Figure: E(x) of training images, and of samples without and with dE.",
        "input": {
            "energy": energy_statistics(experiment["energy"]["classifier"]),
            "metrics": metrics_of(*ENERGY_GUIDED),
        },
        "params": {"variants": described("label", only=ENERGY_GUIDED)},
    },
    "strips": {
        "about": "Figure: frames of the forward and of the reverse process.",
        "input": {"arrays": rules.trajectories.output.arrays, "data": rules.data.output.sidecar},
        "params": {
            "variant": experiment["trajectories"]["variant"],
            "shown": [0, experiment["data"]["classes"] // 2],
        },
    },
    "scales": {
        "about": "Figure: FID and class accuracy against the guidance scale.",
        "input": {"metrics": metrics_of(*VARIANTS)},
        "params": {"variants": described("label", "unit", "model"), "origins": ORIGINS},
    },
    "losses": {
        "about": "Figure: training loss of the diffusion models.",
        "input": {"weights": diffusion_weights()},
        "params": {},
    },
    "time_pairs": {
        "about": "Figure: pairs from the same noise, guided by a vanilla and by a robust time-dependent classifier.",
        "input": {"data": rules.data.output.sidecar, "samples": first_shards(*TIME_COMPARED)},
        "params": {
            "variants": described("label", "unit", only=TIME_COMPARED),
            "scale": experiment["time_guidance"]["scale"],
        },
    },
    "time_gradients": {
        "about": "Figure: gradients of vanilla and robust time-dependent classifiers over the timesteps.",
        "input": {"arrays": rules.time_gradients.output.arrays, "data": rules.data.output.sidecar},
        "params": {
            "variants": described("label", only=TIME_GUIDED),
            "images": experiment["time_gradients"]["images"],
        },
    },
    "time_attacks": {
        "about": "Figure: where vanilla and robust time-dependent classifiers lead clean images of another class.",
        "input": {"arrays": rules.time_gradients.output.arrays, "data": rules.data.output.sidecar},
        "params": {"variants": described("label", only=TIME_GUIDED)},
    },
    "time_predictions": {
        "about": "Figure: the image predicted along the steps, by the time-dependent classifier that guides.",
        "input": {"arrays": rules.trajectories.output.arrays, "data": rules.data.output.sidecar},
        "params": {
            "variants": described("label", only=TIME_COMPARED),
            "shown": [0, experiment["data"]["classes"] // 2],
        },
    },
    "fid_is": {
        "about": "Figure: FID against IS along the scales of every guidance system.",
        "input": {"metrics": metrics_of(*VARIANTS)},
        "params": {
            "variants": described("label", "unit", "model"),
            "origins": ORIGINS,
            "classifier_free": FREE["variant"],
        },
    },
    "free_samples": {
        "about": "Figure: samples of classifier-free guidance at several weights, from the same noise.",
        "input": {
            "data": rules.data.output.sidecar,
            "samples": first_shards(FREE["unguided"], FREE["variant"]),
        },
        "params": FREE,
    },
    "densities": {
        "about": "Figure: guided densities of three Gaussians, in closed form and by the sampler.",
        "input": {"arrays": rules.densities.output.arrays},
        "params": {"scales": experiment["densities"]["scales"]},
    },
    "likelihood": {
        "about": "Figure: noise schedules of one variational bound, and the bound by its number of steps.",
        "input": {"results": LIKELIHOODS},
        "params": {"labels": derive.likelihood_labels(experiment)},
    },
    "generators": {
        "about": "Figure: quality against the time that a sample takes, of all systems.",
        "input": {"metrics": metrics_of(*VARIANTS, *GENERATORS)},
        "params": {"variants": described("label", only=[*VARIANTS, *GENERATORS])},
    },
    "modes": {
        "about": "Figure: modes that denoising diffusion GANs cover, of 25 Gaussians and of stacked digits.",
        "input": {"points": POINTS, "stacked": rules.stacked.output.arrays},
        "params": {},
    },
    "implicit": {
        "about": "Figure: the implicit classifier's accuracy, and how its gradient agrees with those of classifiers.",
        "input": {"implicit": rules.implicit.output.json},
        "params": {},
    },
}
FIGURES = [f"{R}/figures/{name}.{kind}" for name in FIGURE for kind in ("pdf", "png")]

for name, figure in FIGURE.items():

    rule:
        name:
            f"figure_{name}"
        input:
            **figure["input"],
            code=code("figure.py"),
        output:
            pdf=f"{R}/figures/{name}.pdf",
            png=reported(f"{R}/figures/{name}.png", f"figure_{name}"),
        log:
            f"{R}/logs/figures/{name}.log",
        localrule: True
        conda:
            "../../envs/python.yaml"
        params:
            **figure["params"],
        message:
            f"Figure: {name}"
        script:
            "../scripts/figure.py"

    workflow.get_rule(f"figure_{name}").docstring = figure["about"]
