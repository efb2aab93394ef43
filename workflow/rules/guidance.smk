# Samples without guidance, all variants in comparison, and quality against cost.

UNCONDITIONAL = [name for name in UNGUIDED if experiment.diffusion.models[VARIANTS[name].model].p_uncond == 1]

table(
    "unguided",
    "unconditional",
    "Table: quality of the unguided unconditional samplers, and the real-data reference.",
    {"metrics": metrics_of(*UNCONDITIONAL), "floor": rules.reference.output.floor, "published": PUBLISHED},
    published=experiment.published,
    variants=described("label", "steps", only=UNCONDITIONAL),
)
numbers("unguided", SAMPLES_INPUT, **SAMPLES)
table(
    "guidance",
    "summary",
    "Table: every variant at its best scale.",
    {"metrics": metrics_of(*VARIANTS)},
    variants=described("label", "unit", "strengths"),
)
table(
    "guidance",
    "scales",
    "Table: every variant at every scale.",
    {"metrics": metrics_of(*VARIANTS)},
    variants=described("label", "unit", "strengths"),
)
figure(
    "guidance",
    "samples",
    "Figure: samples of all variants from the same noise.",
    {
        "data": rules.data.output.sidecar,
        "metrics": metrics_of(*VARIANTS),
        "samples": first_shards(*VARIANTS),
    },
    labels=LABELS,
    variants=described("label", "unit", "strengths"),
)
figure(
    "guidance",
    "scales",
    "Figure: FID and class accuracy against the guidance scale.",
    {"metrics": metrics_of(*VARIANTS)},
    variants=described("label", "unit", "strengths", "model"),
    origins=ORIGINS,
)
numbers("guidance", SAMPLES_INPUT, **SAMPLES)
table(
    "cost",
    "generators",
    "Table: quality against cost of the variants without guidance, and of other generative models.",
    {"metrics": metrics_of(*UNGUIDED, *GENERATORS), "published": PUBLISHED},
    published=experiment.published,
    variants=described("label", only=[*UNGUIDED, *GENERATORS]),
)
figure(
    "cost",
    "generators",
    "Figure: quality against the time that a sample takes, of all variants and models.",
    {"metrics": metrics_of(*VARIANTS, *GENERATORS)},
    variants=described("label", only=[*VARIANTS, *GENERATORS]),
)
