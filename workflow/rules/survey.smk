ANSWERS = sorted(map(str, Path(experiment["survey"]["answers"], experiment["name"]).glob("*.csv")))
PREFERRED = [experiment["time_guidance"][kind] for kind in ("robust", "vanilla")]


rule survey:
    """The page of the preference study: pairs of samples, guided by a robust and by a vanilla classifier."""
    input:
        template="workflow/energyguide/reporting/topics/survey.html",
        data=rules.data.output.sidecar,
        samples=first_shards(*PREFERRED),
    output:
        html=f"{R}/survey.html",
        json=f"{R}/survey.json",
    log:
        f"{R}/logs/survey.log",
    conda:
        "../../envs/python.yaml"
    params:
        **code("survey.py"),
        systems=PREFERRED,
        scale=experiment["time_guidance"]["scale"],
        pairs=experiment["survey"]["pairs"],
        title=experiment["title"],
        seed=experiment["seed"],
    message:
        "The page of the preference study"
    script:
        "../scripts/survey.py"
