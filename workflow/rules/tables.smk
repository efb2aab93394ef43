# The tables: name -> its topic in workflow/energyguide/reporting/topics, what it is, and the inputs and params of its function there.
TABLE = {
    "robustness": {
        "topic": "robustness",
        "about": "Table: accuracy under PGD, eps-test by eps-train.",
        "input": {"results": by_classifier("robustness"), "published": PUBLISHED},
        "params": {"published": experiment["published"]},
    },
    "unconditional": {
        "topic": "unguided",
        "about": "Table: quality of the unguided unconditional samplers, and the floor.",
        "input": {
            "metrics": metrics_of(*UNCONDITIONAL),
            "floor": rules.reference.output.floor,
            "published": PUBLISHED,
        },
        "params": {
            "published": experiment["published"],
            "variants": described("label", "steps", only=UNCONDITIONAL),
        },
    },
    "summary": {
        "topic": "guidance",
        "about": "Table: every guidance system at its best scale.",
        "input": {"metrics": metrics_of(*VARIANTS)},
        "params": {"variants": described("label", "unit")},
    },
    "scales": {
        "topic": "guidance",
        "about": "Table: every guidance system at every scale.",
        "input": {"metrics": metrics_of(*VARIANTS)},
        "params": {"variants": described("label", "unit")},
    },
    "energy": {
        "topic": "energy_guidance",
        "about": "Table: energies of the training images by class, for every classifier.",
        "input": {"results": by_classifier("energy")},
        "params": {},
    },
    "networks": {
        "topic": "setup",
        "about": "Table: what was trained, on how many images, in what time.",
        "input": {
            "weights": [
                *diffusion_weights(),
                *map(diffusion_file, GENERATORS),
                *map(classifier_weights, [*EPS_TRAIN, *TIME_CLASSIFIERS, "judge"]),
            ]
        },
        "params": {"kinds": KINDS},
    },
    "time_quality": {
        "topic": "time_classifiers",
        "about": "Table: unguided, and guided by a vanilla and by a robust time-dependent classifier.",
        "input": {"metrics": metrics_of(*TIME_COMPARED), "published": PUBLISHED},
        "params": {
            "published": experiment["published"],
            "compared": experiment["time_guidance"],
            "variants": described("label", "unit", only=TIME_COMPARED),
        },
    },
    "time_iterations": {
        "topic": "time_classifiers",
        "about": "Table: FID of the unguided class-conditional model by training iterations.",
        "input": {"metrics": metrics_of(*derive.snapshots(experiment)), "published": PUBLISHED},
        "params": {"published": experiment["published"], "steps": derive.snapshots(experiment)},
    },
    "time_threats": {
        "topic": "time_classifiers",
        "about": "Table: FID by the threat model and the attack steps of a time-dependent classifier's training.",
        "input": {"metrics": metrics_of(*derive.threats(experiment)), "published": PUBLISHED},
        "params": {
            "published": experiment["published"],
            "scale": experiment["time_guidance"]["scale"],
            "threats": derive.threats(experiment),
        },
    },
    "time_scales": {
        "topic": "time_classifiers",
        "about": "Table: FID by guidance scale, for vanilla and robust time-dependent classifiers.",
        "input": {"metrics": metrics_of(*TIME_COMPARED), "published": PUBLISHED},
        "params": {"published": experiment["published"], "compared": experiment["time_guidance"]},
    },
    "time_precision": {
        "topic": "time_classifiers",
        "about": "Table: precision and recall by guidance scale, for vanilla and robust time-dependent classifiers.",
        "input": {"metrics": metrics_of(*TIME_COMPARED), "published": PUBLISHED},
        "params": {"published": experiment["published"], "compared": experiment["time_guidance"]},
    },
    "classifier_free": {
        "topic": "classifier_free",
        "about": "Table: FID and IS of classifier-free guidance by its weight.",
        "input": {"metrics": metrics_of(FREE["unguided"], FREE["variant"]), "published": PUBLISHED},
        "params": {
            "published": experiment["published"],
            "variant": FREE["variant"],
            "unguided": FREE["unguided"],
        },
    },
    "likelihood": {
        "topic": "likelihood",
        "about": "Table: the variational bound on the likelihood of the test images, in bits per dimension.",
        "input": {"results": LIKELIHOODS, "published": PUBLISHED},
        "params": {"published": experiment["published"], "labels": derive.likelihood_labels(experiment)},
    },
    "generators": {
        "topic": "cost",
        "about": "Table: quality against cost of the systems without guidance.",
        "input": {"metrics": metrics_of(*UNGUIDED, *GENERATORS), "published": PUBLISHED},
        "params": {
            "published": experiment["published"],
            "variants": described("label", only=[*UNGUIDED, *GENERATORS]),
        },
    },
}
TABLE["modes"] = {
    "topic": "modes",
    "about": "Table: how many of 25 Gaussians, and of 1000 kinds of stacked digits, denoising diffusion GANs cover.",
    "input": {"points": POINTS, "stacked": rules.stacked.output.sidecar, "published": PUBLISHED},
    "params": {"published": experiment["published"]},
}
TABLE["provenance"] = {
    "topic": "setup",
    "about": "Table: what the paper rests on, with commits and checksums, by the rule that made it.",
    "input": {
        "results": [
            rules.data.output.data,
            *TABLE["networks"]["input"]["weights"],
            *by_classifier("robustness"),
            *by_classifier("corruptions"),
            *by_classifier("energy"),
            *LIKELIHOODS,
            *POINTS,
            rules.stacked.output.arrays,
            rules.reference.output.reference,
            *metrics_of(*SAMPLED),
        ]
    },
    "params": {},
}
if ANSWERS:
    TABLE["preferences"] = {
        "topic": "survey",
        "about": "Table: which samples the answers to the survey prefer.",
        "input": {"answers": ANSWERS, "survey": rules.survey.output.json, "published": PUBLISHED},
        "params": {"published": experiment["published"]},
    }
TABLES = [f"{R}/tables/{name}.{kind}" for name in TABLE for kind in ("csv", "html", "tex")]

for name, table in TABLE.items():

    rule:
        name:
            f"table_{name}"
        input:
            **table["input"],
        output:
            csv=f"{R}/tables/{name}.csv",
            html=reported(f"{R}/tables/{name}.html", f"table_{name}"),
            tex=f"{R}/tables/{name}.tex",
        log:
            f"{R}/logs/tables/{name}.log",
        localrule: True
        conda:
            "../../envs/python.yaml"
        params:
            **table["params"],
            **code_of("table.py", f"topics/{table['topic']}", f"table_{name}"),
            topic=table["topic"],
        message:
            f"Table: {name}"
        script:
            "../scripts/table.py"

    describe(f"table_{name}", table["about"])
