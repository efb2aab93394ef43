from energyguide.config.systems.ddgan import levels

MODES = experiment.modes
POINTS = [f"{R}/points/{steps}.npz" for steps in MODES.points.steps]


rule points:
    """A denoising diffusion GAN of 25 Gaussians in the plane: its points, and how many of the Gaussians they cover."""
    output:
        arrays=f"{R}/points/{{steps}}.npz",
        sidecar=f"{R}/points/{{steps}}.npz.json",
    log:
        f"{R}/logs/points/{{steps}}.log",
    wildcard_constraints:
        steps=any_of(map(str, MODES.points.steps)),
    conda:
        "../../../envs/python.yaml"
    threads: experiment.threads
    resources:
        **on_gpu(),
    params:
        **code("cover_points.py"),
        **MODES.points.dump(without=("steps",)),
        steps=lambda wildcards: int(wildcards.steps),
        levels=lambda wildcards: levels(int(wildcards.steps)),
        process=PROCESS,
        seed=experiment.seed,
        threads=experiment.threads,
        resume=f"{R}/.resume",
    message:
        "25 Gaussians by a GAN of {wildcards.steps} steps"
    script:
        "../../scripts/cover_points.py"


rule stacked:
    """A denoising diffusion GAN of stacked digits: some of its images, and how many of the 1000 kinds it covers."""
    output:
        arrays=f"{R}/stacked.npz",
        sidecar=f"{R}/stacked.npz.json",
    log:
        f"{R}/logs/stacked.log",
    conda:
        "../../../envs/python.yaml"
    threads: experiment.threads
    resources:
        **on_gpu(10),
    params:
        **code("cover_stacked.py"),
        **MODES.stacked.dump(),
        named=named("data/sources/digits"),
        levels=levels(MODES.stacked.steps),
        process=PROCESS,
        acceleration=ACCELERATION,
        seed=experiment.seed,
        threads=experiment.threads,
        resume=f"{R}/.resume",
    message:
        "Stacked digits by a GAN"
    script:
        "../../scripts/cover_stacked.py"


RESULTS += [*POINTS, rules.stacked.output.arrays]

table(
    "modes",
    "modes",
    "Table: how many of 25 Gaussians, and of 1000 kinds of stacked digits, denoising diffusion GANs cover.",
    {"points": POINTS, "stacked": rules.stacked.output.sidecar, "published": PUBLISHED},
    published=experiment.published,
)
figure(
    "modes",
    "modes",
    "Figure: modes that denoising diffusion GANs cover, of 25 Gaussians and of stacked digits.",
    {"points": POINTS, "stacked": rules.stacked.output.arrays},
)
numbers("modes", {"points": POINTS, "stacked": rules.stacked.output.sidecar})
