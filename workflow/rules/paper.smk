SOURCES = [str(path) for path in sorted(Path("paper").rglob("*")) if path.suffix in (".tex", ".bib")]


rule numbers:
    """Numbers and comparisons for the text, as LaTeX macros."""
    input:
        data=rules.data.output.sidecar,
        metrics=metrics_of(*SAMPLED),
        likelihoods=LIKELIHOODS,
        points=POINTS,
        stacked=rules.stacked.output.sidecar,
        floor=rules.reference.output.floor,
        robustness=by_classifier("robustness"),
        corruptions=by_classifier("corruptions"),
        energies=by_classifier("energy"),
        trajectories=rules.trajectories.output.json,
        implicit=rules.implicit.output.json,
        densities=rules.densities.output.arrays,
        survey=rules.survey.output.json,
        answers=ANSWERS,
        published=PUBLISHED,
    output:
        tex=f"{R}/numbers.tex",
    log:
        f"{R}/logs/numbers.log",
    conda:
        "../../envs/python.yaml"
    params:
        **code_of("numbers.py", "numbers", "latex"),
        **{
            key: experiment[key]
            for key in (
                "name",
                "title",
                "small",
                "published",
                "data",
                "process",
                "robustness",
                "energy",
                "synthesis",
                "sampling",
                "trajectories",
                "time_classifiers",
                "time_guidance",
                "time_gradients",
                "classifier_free",
                "densities",
                "weights",
            )
        },
        classifiers=derive.described_classifiers(experiment),
        variants=VARIANTS,
        baseline=BASELINE,
        models=experiment["diffusion"]["models"],
        eps_train=experiment["classifiers"]["eps_train"],
        attack=experiment["classifiers"]["attack"],
        snapshots=derive.snapshots(experiment),
        threats=derive.threats(experiment),
        generators=derive.generators(experiment),
        adversarial=experiment["adversarial"]["models"],
        likelihood_labels=derive.likelihood_labels(experiment),
    message:
        "Numbers for the text"
    script:
        "../scripts/numbers.py"


rule pdf:
    """The paper as PDF, from its sources, tables, figures and numbers."""
    input:
        SOURCES,
        TABLES,
        FIGURES,
        rules.numbers.output.tex,
        main="paper/main.tex",
    output:
        pdf=reported(f"{R}/paper.pdf", "pdf"),
    log:
        f"{R}/logs/paper.log",
    conda:
        "../../envs/python.yaml"
    params:
        **code("paper.py"),
        sources=lambda wildcards, input: os.path.dirname(input.main),
    message:
        "Typesetting the paper"
    script:
        "../scripts/paper.py"
