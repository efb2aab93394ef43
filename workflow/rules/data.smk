rule data:
    """The dataset: training, held-out and test images as one file."""
    output:
        data=f"{R}/data/dataset.npz",
        sidecar=f"{R}/data/dataset.npz.json",
    log:
        f"{R}/logs/data.log",
    conda:
        "../../envs/python.yaml"
    resources:
        **on_cpu(),
    params:
        **code("prepare_data.py"),
        named=named(f"data/sources/{experiment.data.source}"),
        data=experiment.data.pixels(),
        seed=experiment.seed,
        files=fingerprint(experiment.data.path or "") if experiment.data.source == "imagefolder" else None,
    message:
        "The dataset"
    script:
        "../scripts/prepare_data.py"


JOBS["data"] = 1
