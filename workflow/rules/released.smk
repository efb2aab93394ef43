rule released:
    """Released weights of a network, in place of its training."""
    output:
        weights=f"{R}/{{kind}}/{{network}}.safetensors",
        sidecar=f"{R}/{{kind}}/{{network}}.safetensors.json",
    log:
        f"{R}/logs/{{kind}}/{{network}}.log",
    wildcard_constraints:
        kind="diffusion|classifiers",
        network=any_of(experiment.weights),
    conda:
        "../../envs/python.yaml"
    resources:
        **on_cpu(),
    params:
        **code("import_weights.py"),
        named=lambda wildcards: named(NETWORKS[wildcards.network].module),
        release=lambda wildcards: experiment.weights[wildcards.network].dump(),
        network=lambda wildcards: NETWORKS[wildcards.network].build,
    message:
        "Released weights for {wildcards.network}"
    script:
        "../scripts/import_weights.py"
