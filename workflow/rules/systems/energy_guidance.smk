rule units:
    """The units of guidance over all timesteps of the process, as curves."""
    output:
        json=f"{R}/units.json",
    log:
        f"{R}/logs/units.log",
    conda:
        "../../../envs/python.yaml"
    resources:
        **on_cpu(),
    params:
        **code("guidance_units.py"),
        process=PROCESS,
        sigmoids=SIGMOIDS,
    message:
        "The units of guidance"
    script:
        "../../scripts/guidance_units.py"


ENERGY_GUIDED = [name for name in VARIANTS if VARIANTS[name].guidance in ("energy", "joint")]

table(
    "energy_guidance",
    "energy",
    "Table: energies of the training images by class, for every classifier.",
    {"results": by_classifier("energy")},
    labels=LABELS,
)
figure(
    "energy_guidance",
    "energy_by_class",
    "Figure: E(x) of the training images by class, for every classifier.",
    {"results": by_classifier("energy")},
    labels=LABELS,
)
figure(
    "energy_guidance",
    "schedulers",
    "Figure: the guidance schedulers.",
    {"curves": rules.units.output.json},
    sigmoids=SIGMOIDS,
)
figure(
    "energy_guidance",
    "divergence",
    "Figure: E(x) of training images, and of samples without and with dE.",
    {"energy": energy_statistics(experiment.metrics.classifier), "metrics": metrics_of(*ENERGY_GUIDED)},
    variants=described("label", "unit", "strengths", only=ENERGY_GUIDED),
)
numbers(
    "energy_guidance",
    {**SAMPLES_INPUT, "energies": by_classifier("energy")},
    **SAMPLES,
    labels=LABELS,
    compared=experiment.energy_guidance.model_dump(),
)
