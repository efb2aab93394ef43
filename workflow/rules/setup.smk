# Data, networks and protocol; and where the numbers come from.

OTHERS = [name for name in CLASSIFIERS if name not in (*IMAGE_CLASSIFIERS, "judge")]
GENERATIVE = [name for name in NETWORKS if name not in CLASSIFIERS]
WEIGHTS = weights_of(*GENERATIVE, *IMAGE_CLASSIFIERS, *OTHERS, "judge")

table(
    "setup",
    "networks",
    "Table: what was trained, on how many images, in what time.",
    {"weights": WEIGHTS},
    kinds={name: network.kind for name, network in NETWORKS.items()},
)
table(
    "setup",
    "provenance",
    "Table: what the paper rests on, with commits and checksums, by the rule that made it.",
    {"results": [rules.data.output.data, *WEIGHTS, *RESULTS]},
)
figure(
    "setup",
    "losses",
    "Figure: training loss of the diffusion models.",
    {"weights": weights_of(*experiment.diffusion.models)},
)
numbers(
    "setup",
    {"data": rules.data.output.sidecar, "floor": rules.reference.output.floor},
    **{key: getattr(experiment, key) for key in ("name", "title", "small")},
    data=experiment.data.pixels(),
    weights={name: release.dump("sha256") for name, release in experiment.weights.items()},
    process=PROCESS,
    attack=experiment.classifiers.attack.dump(),
    eps_train=experiment.classifiers.eps_train,
    energy_radius=experiment.classifiers.radii[experiment.metrics.classifier],
    sampling=experiment.sampling.dump("sets", "samples", "calibration", "strengths"),
    models=SAMPLES["models"],
    variants=SAMPLES["variants"],
)
