FREE = experiment.classifier_free

table(
    "classifier_free",
    "classifier_free",
    "Table: FID and IS of classifier-free guidance by its weight.",
    {"metrics": metrics_of(FREE.unguided, FREE.variant), "published": PUBLISHED},
    published=experiment.published,
    variant=FREE.variant,
    unguided=FREE.unguided,
)
figure(
    "classifier_free",
    "fid_is",
    "Figure: FID against IS along the scales of every guidance variant.",
    {"metrics": metrics_of(*VARIANTS)},
    variants=described("label", "unit", "model"),
    origins=ORIGINS,
    classifier_free=FREE.variant,
)
figure(
    "classifier_free",
    "free_samples",
    "Figure: samples of classifier-free guidance at several weights, from the same noise.",
    {"data": rules.data.output.sidecar, "samples": first_shards(FREE.unguided, FREE.variant)},
    labels=LABELS,
    **FREE.dump(),
)
numbers("classifier_free", SAMPLES_INPUT, **SAMPLES, compared=FREE.dump())
