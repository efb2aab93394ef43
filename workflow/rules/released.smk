rule released:
    """Released weights of a network, in place of its training."""
    output:
        weights=f"{R}/{{kind}}/{{network}}.safetensors",
        sidecar=f"{R}/{{kind}}/{{network}}.safetensors.json",
    log:
        f"{R}/logs/{{kind}}/{{network}}.log",
    wildcard_constraints:
        kind="diffusion|classifiers",
        network=any_of(experiment["weights"]),
    conda:
        "../../envs/python.yaml"
    resources:
        **on_cpu(),
    params:
        **code("import_weights.py"),
        named=lambda wildcards: named(derive.module(experiment, wildcards.network)),
        release=lambda wildcards: experiment["weights"][wildcards.network],
        network=lambda wildcards: derive.network(experiment, wildcards.network),
    message:
        "Released weights for {wildcards.network}"
    script:
        "../scripts/import_weights.py"
