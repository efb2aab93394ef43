rule diffusion:
    """A diffusion model: unconditional, class-conditional or joint, by how often the class is withheld."""
    input:
        code=code("train_diffusion.py"),
        data=rules.data.output.data,
    output:
        weights=f"{R}/diffusion/{{model}}.safetensors",
        sidecar=f"{R}/diffusion/{{model}}.safetensors.json",
    log:
        f"{R}/logs/diffusion/{{model}}.log",
    benchmark:
        f"{R}/benchmarks/diffusion/{{model}}.tsv"
    wildcard_constraints:
        model="|".join(experiment["diffusion"]["models"]),
    conda:
        "../../envs/python.yaml"
    threads: experiment["threads"]
    params:
        p_uncond=lambda wildcards: experiment["diffusion"]["models"][wildcards.model]["p_uncond"],
        network=experiment["diffusion"]["network"],
        training=experiment["diffusion"]["training"],
        augment=experiment["diffusion"]["augment"],
        process=experiment["process"],
        seed=experiment["seed"],
        threads=experiment["threads"],
        resume=f"{R}/.resume",
    message:
        "Training the diffusion model {wildcards.model}"
    script:
        "../scripts/train_diffusion.py"
