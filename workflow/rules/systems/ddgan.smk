from energyguide.config.systems.ddgan import levels

GANS = experiment.ddgan


for pack in packs("ddgan", sorted(trained("ddgan"))):

    rule:
        name:
            pack.job
        input:
            data=rules.data.output.data,
        output:
            weights=pack.files(f"{R}/diffusion/{{name}}.safetensors"),
            sidecar=pack.files(f"{R}/diffusion/{{name}}.safetensors.json"),
        log:
            pack.log(),
        wildcard_constraints:
            name=any_of(pack.names),
        conda:
            "../../../envs/python.yaml"
        threads: experiment.threads
        resources:
            **on_gpu(pack.total(lambda name: training_minutes(GANS, attack_steps=1, network=GANS.generator))),
        params:
            **code("train_ddgan.py"),
            **GANS.dump("r1", "training", "augment"),
            named=pack.all(architectures),
            each=pack.each(
                lambda name: {
                    "kind": GANS.models[name].kind,
                    "steps": GANS.models[name].steps,
                    "levels": levels(GANS.models[name].steps),
                    "network": NETWORKS[name].build,
                }
            ),
            discriminator={**experiment.data.dump("channels", "size"), **GANS.discriminator.dump()},
            process=PROCESS,
            acceleration=ACCELERATION,
            seed=experiment.seed,
            threads=experiment.threads,
            resume=f"{R}/.resume",
        message:
            f"Training denoising diffusion GANs: {pack.title}"
        script:
            "../../scripts/train_ddgan.py"

    describe(pack.job, "A denoising diffusion GAN: unconditional, from noise to image in few steps.")


numbers(
    "ddgan",
    {"metrics": metrics_of(*GANS.models)},
    models={name: model.dump() for name, model in GANS.models.items()},
)
