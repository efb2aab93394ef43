# The figures: name -> its topic in workflow/energyguide/reporting/topics, what it is, and the inputs and params of its function there.
FIGURE = {
    "corruptions": {
        "topic": "robustness",
        "about": "Figure: accuracy under Gaussian noise and under darkness.",
        "input": {"results": by_classifier("corruptions")},
        "params": {},
    },
    "energy_by_class": {
        "topic": "energy_guidance",
        "about": "Figure: E(x) of the training images by class, for every classifier.",
        "input": {"results": by_classifier("energy")},
        "params": {},
    },
    "schedulers": {
        "topic": "energy_guidance",
        "about": "Figure: the guidance schedulers.",
        "input": {"curves": rules.units.output.json},
        "params": {"sigmoids": SIGMOIDS},
    },
    "gradients": {
        "topic": "robustness",
        "about": "Figure: input gradients of plain and robust classifiers.",
        "input": {"arrays": rules.gradients.output.arrays, "data": rules.data.output.sidecar},
        "params": {
            "classifiers": derive.described_classifiers(experiment, experiment["gradients"]["classifiers"])
        },
    },
    "synthesis": {
        "topic": "robustness",
        "about": "Figure: images from single classifiers.",
        "input": {"arrays": rules.synthesis.output.arrays, "data": rules.data.output.sidecar},
        "params": {
            "classifiers": derive.described_classifiers(experiment, experiment["synthesis"]["classifiers"])
        },
    },
    "samples": {
        "topic": "guidance",
        "about": "Figure: samples of all variants from the same noise.",
        "input": {
            "data": rules.data.output.sidecar,
            "metrics": metrics_of(*VARIANTS),
            "samples": first_shards(*VARIANTS),
        },
        "params": {"variants": described("label", "unit")},
    },
    "trajectory": {
        "topic": "trajectories",
        "about": "Figure: energies and shifts along the sampling trajectory.",
        "input": {"trajectories": rules.trajectories.output.json},
        "params": {"variants": described("label", "unit", "model")},
    },
    "divergence": {
        "topic": "energy_guidance",
        "about": "Figure: E(x) of training images, and of samples without and with dE.",
        "input": {
            "energy": energy_statistics(experiment["energy"]["classifier"]),
            "metrics": metrics_of(*ENERGY_GUIDED),
        },
        "params": {"variants": described("label", only=ENERGY_GUIDED)},
    },
    "strips": {
        "topic": "trajectories",
        "about": "Figure: frames of the forward and of the reverse process.",
        "input": {"arrays": rules.trajectories.output.arrays, "data": rules.data.output.sidecar},
        "params": {
            "variant": experiment["trajectories"]["variant"],
            "shown": [0, experiment["data"]["classes"] // 2],
        },
    },
    "scales": {
        "topic": "guidance",
        "about": "Figure: FID and class accuracy against the guidance scale.",
        "input": {"metrics": metrics_of(*VARIANTS)},
        "params": {"variants": described("label", "unit", "model"), "origins": ORIGINS},
    },
    "losses": {
        "topic": "setup",
        "about": "Figure: training loss of the diffusion models.",
        "input": {"weights": diffusion_weights()},
        "params": {},
    },
    "time_pairs": {
        "topic": "time_classifiers",
        "about": "Figure: pairs from the same noise, guided by a vanilla and by a robust time-dependent classifier.",
        "input": {"data": rules.data.output.sidecar, "samples": first_shards(*TIME_COMPARED)},
        "params": {
            "variants": described("label", "unit", only=TIME_COMPARED),
            "scale": experiment["time_guidance"]["scale"],
        },
    },
    "time_gradients": {
        "topic": "time_classifiers",
        "about": "Figure: gradients of vanilla and robust time-dependent classifiers over the timesteps.",
        "input": {"arrays": rules.time_gradients.output.arrays, "data": rules.data.output.sidecar},
        "params": {
            "variants": described("label", only=TIME_GUIDED),
            "images": experiment["time_gradients"]["images"],
        },
    },
    "time_attacks": {
        "topic": "time_classifiers",
        "about": "Figure: where vanilla and robust time-dependent classifiers lead clean images of another class.",
        "input": {"arrays": rules.time_gradients.output.arrays, "data": rules.data.output.sidecar},
        "params": {"variants": described("label", only=TIME_GUIDED)},
    },
    "time_predictions": {
        "topic": "time_classifiers",
        "about": "Figure: the image predicted along the steps, by the time-dependent classifier that guides.",
        "input": {"arrays": rules.trajectories.output.arrays, "data": rules.data.output.sidecar},
        "params": {
            "variants": described("label", only=TIME_COMPARED),
            "shown": [0, experiment["data"]["classes"] // 2],
        },
    },
    "fid_is": {
        "topic": "classifier_free",
        "about": "Figure: FID against IS along the scales of every guidance system.",
        "input": {"metrics": metrics_of(*VARIANTS)},
        "params": {
            "variants": described("label", "unit", "model"),
            "origins": ORIGINS,
            "classifier_free": FREE["variant"],
        },
    },
    "free_samples": {
        "topic": "classifier_free",
        "about": "Figure: samples of classifier-free guidance at several weights, from the same noise.",
        "input": {
            "data": rules.data.output.sidecar,
            "samples": first_shards(FREE["unguided"], FREE["variant"]),
        },
        "params": FREE,
    },
    "densities": {
        "topic": "densities",
        "about": "Figure: guided densities of three Gaussians, in closed form and by the sampler.",
        "input": {"arrays": rules.densities.output.arrays},
        "params": {"scales": experiment["densities"]["scales"]},
    },
    "likelihood": {
        "topic": "likelihood",
        "about": "Figure: noise schedules of one variational bound, and the bound by its number of steps.",
        "input": {"results": LIKELIHOODS},
        "params": {"labels": derive.likelihood_labels(experiment)},
    },
    "generators": {
        "topic": "cost",
        "about": "Figure: quality against the time that a sample takes, of all systems.",
        "input": {"metrics": metrics_of(*VARIANTS, *GENERATORS)},
        "params": {"variants": described("label", only=[*VARIANTS, *GENERATORS])},
    },
    "modes": {
        "topic": "modes",
        "about": "Figure: modes that denoising diffusion GANs cover, of 25 Gaussians and of stacked digits.",
        "input": {"points": POINTS, "stacked": rules.stacked.output.arrays},
        "params": {},
    },
    "implicit": {
        "topic": "implicit",
        "about": "Figure: the implicit classifier's accuracy, and how its gradient agrees with those of classifiers.",
        "input": {"implicit": rules.implicit.output.json},
        "params": {
            "classifiers": derive.described_classifiers(experiment, experiment["implicit"]["classifiers"])
        },
    },
}
FIGURES = [f"{R}/figures/{name}.{kind}" for name in FIGURE for kind in ("pdf", "png")]

for name, figure in FIGURE.items():

    rule:
        name:
            f"figure_{name}"
        input:
            **figure["input"],
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
            **code_of("figure.py", f"topics/{figure['topic']}", f"figure_{name}"),
            topic=figure["topic"],
        message:
            f"Figure: {name}"
        script:
            "../scripts/figure.py"

    describe(f"figure_{name}", figure["about"])
