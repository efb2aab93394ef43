# Everything that the subjects have registered becomes rules here, and the paper.

SOURCES = [str(path) for path in sorted(Path("paper").rglob("*")) if path.suffix in (".tex", ".bib")]
TABLES = [f"{R}/tables/{name}.{kind}" for name in TABLE for kind in ("csv", "html", "tex")]
FIGURES = [f"{R}/figures/{name}.{kind}" for name in FIGURE for kind in ("pdf", "png")]
MACROS = [f"{R}/numbers/{topic}.tex" for topic in NUMBERS]

for name, (topic, about, files, values) in TABLE.items():

    rule:
        name:
            f"table_{name}"
        input:
            **files,
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
            **values,
            **code_of("table.py", f"topics/{topic}", f"table_{name}"),
            topic=topic,
        message:
            f"Table: {name}"
        script:
            "../scripts/table.py"

    describe(f"table_{name}", about)


for name, (topic, about, files, values) in FIGURE.items():

    rule:
        name:
            f"figure_{name}"
        input:
            **files,
        output:
            pdf=f"{R}/figures/{name}.pdf",
            png=reported(f"{R}/figures/{name}.png", f"figure_{name}"),
        log:
            f"{R}/logs/figures/{name}.log",
        localrule: True
        conda:
            "../../envs/python.yaml"
        params:
            **values,
            **code_of("figure.py", f"topics/{topic}", f"figure_{name}"),
            topic=topic,
        message:
            f"Figure: {name}"
        script:
            "../scripts/figure.py"

    describe(f"figure_{name}", about)


for topic, (files, values) in NUMBERS.items():

    rule:
        name:
            f"numbers_{topic}"
        input:
            **files,
        output:
            tex=f"{R}/numbers/{topic}.tex",
        log:
            f"{R}/logs/numbers/{topic}.log",
        localrule: True
        conda:
            "../../envs/python.yaml"
        params:
            **values,
            **code_of("numbers.py", f"topics/{topic}", "numbers"),
            topic=topic,
        message:
            f"Numbers for the text: {topic}"
        script:
            "../scripts/numbers.py"

    describe(f"numbers_{topic}", f"Numbers and sentences of the text on {topic}, as LaTeX macros.")


rule pdf:
    """The paper as PDF, from its sources, tables, figures and numbers."""
    input:
        SOURCES,
        TABLES,
        FIGURES,
        macros=MACROS,
        main="paper/main.tex",
    output:
        pdf=reported(f"{R}/paper.pdf", "pdf"),
    log:
        f"{R}/logs/paper.log",
    localrule: True
    conda:
        "../../envs/python.yaml"
    params:
        **code("paper.py"),
        sources=lambda wildcards, input: os.path.dirname(input.main),
        systems=list(experiment.systems),
    message:
        "Typesetting the paper"
    script:
        "../scripts/paper.py"
