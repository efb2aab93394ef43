from job import job, resume_state

with job(snakemake):
    import numpy as np
    import torch
    from sklearn.svm import SVC

    from energyguide.config.derive import leaps
    from energyguide.data.sources import load
    from energyguide.device import device
    from energyguide.modes import coverage, spelled, stacked
    from energyguide.nets.ddgan import Adversaries, Discriminator, Generator, generator_weights
    from energyguide.samplers import generate, to_uint8
    from energyguide.schedule import schedule_of
    from energyguide.seeding import fold
    from energyguide.storage import save_arrays
    from energyguide.training.adversarial import AdversarialObjective
    from energyguide.training.loop import train

    p, where, store = snakemake.params, device(), resume_state(snakemake)
    seed = fold(p.seed, "stacked")
    torch.manual_seed(seed)
    digits = load({"source": "digits", "held_out": 0.125}, 0)
    images, labels = (np.concatenate([part["train"], part["val"]]) for part in (digits.images, digits.labels))
    recognise = SVC(gamma=0.001).fit(images.reshape(len(images), -1) / 16, labels)

    def read(some):
        """The numbers that images (n, 3, height, width) spell, to a classifier that looks at one channel at a time."""
        return spelled(recognise.predict(some.reshape(3 * len(some), -1) / 16).reshape(-1, 3))

    accuracy = recognise.score(digits.images["test"].reshape(len(digits.labels["test"]), -1) / 16, digits.labels["test"])
    shown, numbers = stacked(images, labels, p.images, seed)
    share = np.bincount(labels) / len(labels)
    expected = np.einsum("i,j,k->ijk", share, share, share).ravel()

    size = shown.shape[-1]
    generator = Generator(3, size, p.latent, **p.generator)
    model = Adversaries(generator, Discriminator(3, size, **p.discriminator))
    schedule = schedule_of(p.process, leaps(p.steps))
    objective = AdversarialObjective(model, schedule, "posterior", p.r1, where, acceleration=p.acceleration)
    tensors = torch.from_numpy(shown).to(where).float() / 255, torch.from_numpy(numbers).to(where)
    weights, history = train(objective, p.training, *tensors, seed, store, "the GAN of stacked digits")
    generator.load_state_dict(generator_weights(weights))
    numbers = torch.arange(p.samples, device=where).split(400)
    parts = [generate(generator.eval(), p.latent, schedule, some, (3, size, size), seed) for some in numbers]
    drawn = to_uint8(torch.cat(parts)).cpu().numpy()
    real, _ = stacked(images, labels, p.samples, fold(seed, "real"))
    found = {"drawn": coverage(read(drawn), expected), "real": coverage(read(real), expected)}
    info = {"samples": p.samples, "accuracy": accuracy, "steps": p.steps, "seconds": history["seconds"]}
    save_arrays(snakemake.output.arrays, {"drawn": drawn[:100], "real": real[:100]}, **info, **found)
    store.finish()
