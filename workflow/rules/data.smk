rule data:
    """The dataset: training, held-out and test images as one file."""
    input:
        code=code("prepare_data.py"),
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
        data=experiment["data"],
        seed=experiment["seed"],
        files=image_files(),
    message:
        "The dataset"
    script:
        "../scripts/prepare_data.py"
