ANSWERS = sorted(map(str, Path(experiment.survey.answers, experiment.name).glob("*.csv")))
PREFERRED = [experiment.time_classifiers.compared.robust, experiment.time_classifiers.compared.vanilla]


rule survey:
    """The page of the preference survey: pairs of samples, guided by a robust and by a vanilla classifier."""
    input:
        template="workflow/energyguide/reporting/topics/survey.html",
        data=rules.data.output.sidecar,
        samples=first_shards(*PREFERRED),
    output:
        html=f"{R}/survey.html",
        json=f"{R}/survey.json",
    log:
        f"{R}/logs/survey.log",
    localrule: True
    conda:
        "../../../envs/python.yaml"
    params:
        **code("survey.py"),
        systems=PREFERRED,
        scale=experiment.time_classifiers.compared.scale,
        pairs=experiment.survey.pairs,
        title=experiment.title,
        labels=LABELS,
        seed=experiment.seed,
    message:
        "The page of the preference survey"
    script:
        "../../scripts/survey.py"


if ANSWERS:
    table(
        "survey",
        "preferences",
        "Table: which samples the answers to the survey prefer.",
        {"answers": ANSWERS, "survey": rules.survey.output.json, "published": PUBLISHED},
        published=experiment.published,
    )
numbers(
    "survey",
    {"survey": rules.survey.output.json, "answers": ANSWERS, "published": PUBLISHED},
    published=experiment.published,
)
