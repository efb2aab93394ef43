PUBLISHED = "paper/published.csv"


def by_classifier(folder):
    """The measurements of all classifiers in a folder, in the order of eps-train."""
    return [f"{R}/{folder}/{name}.json" for name in EPS_TRAIN]


def described(*keys, only=VARIANTS):
    """What tables and figures say about variants: these keys of their blocks."""
    return {name: {key: VARIANTS[name][key] for key in keys if key in VARIANTS[name]} for name in only}


UNCONDITIONAL = [
    name
    for name, spec in VARIANTS.items()
    if "unit" not in spec and experiment["diffusion"]["models"][spec["model"]]["p_uncond"] == 1
]


rule table_robustness:
    """Table: accuracy under PGD, eps-test by eps-train."""
    input:
        code=code("table.py"),
        results=by_classifier("robustness"),
        published=PUBLISHED,
    output:
        csv=f"{R}/tables/robustness.csv",
        tex=f"{R}/tables/robustness.tex",
    log:
        f"{R}/logs/tables/robustness.log",
    params:
        published=experiment["published"],
    script:
        "../scripts/table.py"


rule table_unconditional:
    """Table: quality of the unguided unconditional samplers, and the floor."""
    input:
        code=code("table.py"),
        metrics=[path for name in UNCONDITIONAL for path in metrics_of(name)],
        floor=rules.floor.output.json,
        published=PUBLISHED,
    output:
        csv=f"{R}/tables/unconditional.csv",
        tex=f"{R}/tables/unconditional.tex",
    log:
        f"{R}/logs/tables/unconditional.log",
    params:
        published=experiment["published"],
        variants=described("label", "steps", only=UNCONDITIONAL),
    script:
        "../scripts/table.py"


rule table_guidance:
    """Table: every guidance variant at its best scale."""
    input:
        code=code("table.py"),
        metrics=all_metrics(),
    output:
        csv=f"{R}/tables/guidance.csv",
        tex=f"{R}/tables/guidance.tex",
    log:
        f"{R}/logs/tables/guidance.log",
    params:
        variants=described("label", "unit"),
    script:
        "../scripts/table.py"


rule table_scales:
    """Table: every guidance variant at every scale."""
    input:
        code=code("table.py"),
        metrics=all_metrics(),
    output:
        csv=f"{R}/tables/scales.csv",
        tex=f"{R}/tables/scales.tex",
    log:
        f"{R}/logs/tables/scales.log",
    params:
        variants=described("label", "unit"),
    script:
        "../scripts/table.py"


rule table_energy:
    """Table: energies of the training images by class, for every classifier."""
    input:
        code=code("table.py"),
        results=by_classifier("energy"),
    output:
        csv=f"{R}/tables/energy.csv",
        tex=f"{R}/tables/energy.tex",
    log:
        f"{R}/logs/tables/energy.log",
    script:
        "../scripts/table.py"


rule table_networks:
    """Table: what was trained, on how many images, in what time."""
    input:
        code=code("table.py"),
        weights=[f"{R}/diffusion/{model}.safetensors" for model in experiment["diffusion"]["models"]]
        + [classifier_weights(name) for name in [*EPS_TRAIN, "judge"]],
    output:
        csv=f"{R}/tables/networks.csv",
        tex=f"{R}/tables/networks.tex",
    log:
        f"{R}/logs/tables/networks.log",
    script:
        "../scripts/table.py"


TABLES = [
    path
    for name in ("robustness", "unconditional", "guidance", "scales", "energy", "networks")
    for path in (f"{R}/tables/{name}.csv", f"{R}/tables/{name}.tex")
]
