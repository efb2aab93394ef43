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
    conda:
        "../../envs/python.yaml"
    params:
        published=experiment["published"],
    message:
        "Table: robustness"
    script:
        "../scripts/table.py"


rule table_unconditional:
    """Table: quality of the unguided unconditional samplers, and the floor."""
    input:
        code=code("table.py"),
        metrics=metrics_of(*UNCONDITIONAL),
        floor=rules.floor.output.json,
        published=PUBLISHED,
    output:
        csv=f"{R}/tables/unconditional.csv",
        tex=f"{R}/tables/unconditional.tex",
    log:
        f"{R}/logs/tables/unconditional.log",
    conda:
        "../../envs/python.yaml"
    params:
        published=experiment["published"],
        variants=described("label", "steps", only=UNCONDITIONAL),
    message:
        "Table: unconditional"
    script:
        "../scripts/table.py"


rule table_guidance:
    """Table: every guidance variant at its best scale."""
    input:
        code=code("table.py"),
        metrics=metrics_of(*VARIANTS),
    output:
        csv=f"{R}/tables/guidance.csv",
        tex=f"{R}/tables/guidance.tex",
    log:
        f"{R}/logs/tables/guidance.log",
    conda:
        "../../envs/python.yaml"
    params:
        variants=described("label", "unit"),
    message:
        "Table: guidance"
    script:
        "../scripts/table.py"


rule table_scales:
    """Table: every guidance variant at every scale."""
    input:
        code=code("table.py"),
        metrics=metrics_of(*VARIANTS),
    output:
        csv=f"{R}/tables/scales.csv",
        tex=f"{R}/tables/scales.tex",
    log:
        f"{R}/logs/tables/scales.log",
    conda:
        "../../envs/python.yaml"
    params:
        variants=described("label", "unit"),
    message:
        "Table: scales"
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
    conda:
        "../../envs/python.yaml"
    message:
        "Table: energy"
    script:
        "../scripts/table.py"


rule table_networks:
    """Table: what was trained, on how many images, in what time."""
    input:
        code=code("table.py"),
        weights=[*diffusion_weights(), *map(classifier_weights, [*EPS_TRAIN, "judge"])],
    output:
        csv=f"{R}/tables/networks.csv",
        tex=f"{R}/tables/networks.tex",
    log:
        f"{R}/logs/tables/networks.log",
    conda:
        "../../envs/python.yaml"
    message:
        "Table: networks"
    script:
        "../scripts/table.py"


TABLES = [
    path
    for name in ("robustness", "unconditional", "guidance", "scales", "energy", "networks")
    for path in (f"{R}/tables/{name}.csv", f"{R}/tables/{name}.tex")
]
