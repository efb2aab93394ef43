"""Numbers and comparisons for the text, as LaTeX macros: the prose claims no outcome that is not made here.

Each function returns name -> text. The names that begin with `say` are whole sentences, true for whatever was measured.
"""

from statistics import fmean

from energyguide.config.derive import classifier_name
from energyguide.reporting import generators, systems
from energyguide.reporting.layout import Published, escape
from energyguide.reporting.phrases import NORMS, compare, listing, percent
from energyguide.reporting.results import Number, finite
from energyguide.reporting.samples import Samples, energy_radius
from energyguide.storage import read_json

REAL = {"train": "training", "test": "test"}
POINTS = {"x_t": r"$\mathbf{x}_t$", "x0": r"the predicted $\hat{\mathbf{x}}_0$"}
SPACINGS = {"uniform": "evenly spaced", "quadratic": "quadratically spaced", "trailing": "evenly spaced, trailing"}
VARIANCES = {"small": r"$\tilde{\beta}_t$", "large": r"$\beta_t$"}


def latex(inputs, params):
    """All macros as LaTeX definitions: an unknown one fails the build, and so does a doubled one."""
    samples = Samples(inputs, params)
    found = {
        **data(inputs, params),
        **settings(params),
        **protocol(samples.floor, params),
        **robustness(inputs, params),
        **corruptions(inputs),
        **energies(inputs, params),
        **unguided(samples),
        **plain_against_robust(samples),
        **schedulers(samples),
        **joint(samples),
        **systems.settings(params),
        **systems.time_dependent(samples, params),
        **systems.iterations(inputs, params),
        **systems.threats(inputs, params),
        **systems.classifier_free(samples, params),
        **systems.together(samples),
        **systems.implicit(inputs),
        **systems.edges(samples),
        **systems.densities(inputs),
        **systems.overall(samples, params),
        **systems.survey(inputs),
        **generators.likelihood(inputs, params),
        **generators.cost(inputs, samples, params),
        **generators.adversarial(inputs, params),
        **generators.modes(inputs),
        **scales(samples),
        **best(samples),
        **trajectory(inputs, samples),
        **published(inputs, params),
    }
    found["saySummary"] = f"{found.pop('summary')} {found['sayPlainRobust']}"
    return "".join(rf"\newcommand{{\{name}}}{{{text}}}" + "\n" for name, text in found.items())


def data(inputs, params):
    counts, spec = read_json(inputs.data)["counts"], params.data
    return {
        "expTitle": escape(params.title),
        "nTrain": f"{counts['train']:,}",
        "nHeldOut": f"{counts['val']:,}",
        "nTest": f"{counts['test']:,}",
        "nClasses": spec["classes"],
        "imageShape": rf"${spec['channels']}\times{spec['size']}\times{spec['size']}$",
        "smallNotice": small_notice(params) if params.small else "",
        "sayReleased": released(params.weights),
    }


def released(weights):
    if not weights:
        return "All of them were trained for it."
    files = listing(rf"{escape(name)} (\texttt{{{spec['sha256'][:12]}}})" for name, spec in weights.items())
    return (
        f"Weights that others released stand, as they were found, for {files}, each with the beginning of its file's SHA-256; "
        "the other networks were trained for it."
    )


def small_notice(params):
    size = params.data["size"]
    return (
        rf"\emph{{This is a small edition: all numbers were measured on {escape(params.title)} of ${size}\times{size}$ "
        "pixels, with networks and grids cut down to run in minutes without a GPU. It shows that the pipeline works, and "
        "how; claims about full-size networks need a full-size edition.}"
    )


def settings(params):
    variants = params.variants.values()
    sigmoid = next((spec["sigmoid"] for spec in variants if "sigmoid" in spec), None)
    return {
        "processSteps": params.process["steps"],
        "guidedSampler": guided_samplers(variants),
        "gradientPoint": listing(sorted({POINTS[spec["at"]] for spec in variants if "unit" in spec})),
        "attackNorm": NORMS[params.attack["norm"]],
        "pgdTrainSteps": params.attack["steps"],
        "pgdTrainStop": ", until an image is misclassified" if params.attack.get("stop_when_fooled") else "",
        "pgdTestSteps": params.robustness["steps"],
        "epsTrainList": listing(f"{eps:g}" for eps in params.eps_train),
        "energyClassifier": f"{energy_radius(params):g}",
        "jointLambda": listing(sorted({spec["lambda"] for spec in variants if "lambda" in spec})),
        "sigmoidParameters": "$y_0 = {y0:g}$, $k = {k:g}$, $t_0 = {t0:g}$".format(**sigmoid) if sigmoid else "--",
        "pUncond": listing(sorted({m["p_uncond"] for m in params.models.values() if 0 < m["p_uncond"] < 1})),
        "synthesisEps": f"{params.synthesis['eps']:g}",
        "synthesisSteps": params.synthesis["steps"],
        "stripVariant": escape(params.variants[params.trajectories["variant"]]["label"]),
        "command": f"snakemake --config experiment={params.name}",
        "traced": f"snakemake provenance --config experiment={params.name} of=",
    }


def guided_samplers(variants):
    """How guided variants are sampled: DDPM with 50 evenly spaced steps and the variance ..."""
    said = []
    for spec in variants:
        noise = rf"the variance {VARIANCES[spec['variance']]}" if spec["sampler"] == "ddpm" else rf"$\eta = {spec['eta']:g}$"
        phrase = f"{spec['sampler'].upper()} with {spec['steps']} {SPACINGS[spec['spacing']]} steps and {noise}"
        if "unit" in spec and phrase not in said:
            said.append(phrase)
    return " or ".join(said)


def protocol(floor, params):
    used = floor["protocol"]
    own = (
        "Features are the penultimate activations of a plain classifier trained independently of those that guide; an FID of "
        "such features can be compared within this paper only, and with no published number."
    )
    inception = (
        "Features are those of torch-fidelity's Inception network, so that numbers can be compared with published ones of the "
        "same protocol."
    )
    return {
        "nSamples": f"{params.sampling['samples']:,}",
        "nSets": params.sampling["seeds"],
        "floorSets": used["sets"],
        "isSplits": "each set as a whole" if used["is_splits"] == 1 else f"{used['is_splits']} parts of each set",
        "featuresName": used["features"],
        "featuresNote": own if used["features"].startswith("classifier") else inception,
        "referenceName": used["reference"],
    }


def robustness(inputs, params):
    """Clean and attacked accuracy of the plain classifier and of the one whose energies are used."""
    results = {r["eps_train"]: r["accuracy"] for r in map(read_json, inputs.robustness)}
    plain, robust = results[min(results)], results[energy_radius(params)]
    clean, *radii = sorted(plain, key=float)
    shown = next((eps for eps in radii if float(eps) == 0.5), (radii or [clean])[0])
    top = max(results, key=lambda eps: results[eps][shown])
    gain, cost = results[top][shown] - plain[shown], plain[clean] - results[top][clean]
    return {
        "epsShown": f"{float(shown):g}",
        "plainClean": percent(plain[clean]),
        "plainAttacked": percent(plain[shown]),
        "robustClean": percent(robust[clean]),
        "robustAttacked": percent(robust[shown]),
        "sayRobustness": rf"At $\varepsilon$-test {float(shown):g} the classifier trained at {top:g} is right on "
        rf"{percent(results[top][shown])} of the test images, that trained at {min(results):g} on {percent(plain[shown])}: a "
        rf"difference of {100 * gain:.1f} points, which {'costs' if cost >= 0 else 'comes with a gain of'} "
        rf"{100 * abs(cost):.1f} points of clean accuracy.",
    }


def corruptions(inputs):
    """Which classifier stands noise, and which darkness, best on average."""
    results = [read_json(path) for path in inputs.corruptions]
    said = []
    for key, name in (("noise", "Gaussian noise"), ("darkness", "darkness")):
        means = {r["eps_train"]: fmean(r[key].values()) for r in results}
        top, plain = max(means, key=means.get), min(means)
        said.append(
            rf"{name} best ({percent(means[top])} at $\varepsilon$-train {top:g}, against {percent(means[plain])} at {plain:g})"
        )
    return {"sayCorruptions": f"Averaged over each grid, these classifiers stand {said[0]}, and {said[1]}."}


def energies(inputs, params):
    """Where the classes lie in E(x)."""
    eps = energy_radius(params)
    statistics = next(r for r in map(read_json, inputs.energies) if r["eps_train"] == eps)["E(x)"]
    means = {name: s["mean"] for name, s in statistics["classes"].items()}
    low, high, every = min(means, key=means.get), max(means, key=means.get), statistics["all"]
    return {
        "sayEnergies": rf"Under the classifier with $\varepsilon$-train {eps:g} the mean $E(\mathbf{{x}})$ is lowest for class "
        rf"{escape(low)} (${means[low]:.2f}$) and highest for class {escape(high)} (${means[high]:.2f}$); over all images it is "
        rf"${every['mean']:.2f}$, with a standard deviation of ${every['std']:.2f}$."
    }


def unguided(samples):
    """The samplers without guidance, and the floor."""
    ddpm = samples.baseline
    ddim = samples.unguided(1, "ddim")
    conditional = samples.unguided(0) or ddpm
    joint_model = samples.unguided("between") or conditional
    found = {
        "fidUnguided": samples.text(ddpm, "fid"),
        "isUnguided": samples.text(ddpm, "is"),
        "precisionUnguided": samples.text(ddpm, "precision"),
        "recallUnguided": samples.text(ddpm, "recall"),
        "accUnguided": samples.text(ddpm, "accuracy"),
        "fidFloor": samples.floor_text("fid"),
        "isFloor": samples.floor_text("is"),
        "accConditional": samples.text(conditional, "accuracy"),
        "fidConditional": samples.text(conditional, "fid"),
        "accJointModel": samples.text(joint_model, "accuracy"),
        "fidDdim": samples.text(ddim, "fid") if ddim else "--",
    }
    real = samples.floor["protocol"]
    sets = f"{real['sets']} sets" if real["sets"] > 1 else "one set"
    floor = f"{REAL[samples.floor['images']]} images, in {sets} of {real['samples']:,}, stand at {found['fidFloor']}"
    if not ddim:
        return found | {"sayUnconditional": f"DDPM has an FID of {found['fidUnguided']}; real {floor}."}
    verdict = samples.compare(
        ddim,
        ddpm,
        "fid",
        "a higher FID than",
        "a lower FID than",
        "the same FID, within its spread, as",
    )
    steps = {name: samples.variants[name]["steps"] for name in (ddpm, ddim)}
    return found | {
        "sayUnconditional": f"In {steps[ddim]} steps DDIM reaches {verdict} DDPM in {steps[ddpm]} ({found['fidDdim']} against "
        f"{found['fidUnguided']}); real {floor}."
    }


def plain_against_robust(samples):
    guided = [name for name in samples.select(guidance="classifier") if samples.variants[name]["classifier"].startswith("eps")]
    plain = [name for name in guided if samples.variants[name]["classifier"] == classifier_name(0)]
    robust = [name for name in guided if name not in plain]
    if not plain or not robust:
        return {"sayPlainRobust": "Classifiers of one kind only guide in this edition."}
    a, b = samples.finest(plain), samples.finest(robust)
    if samples.diverged(a, b):
        return {"sayPlainRobust": samples.diverged(*guided)}
    fid = samples.compare(b, a, "fid", "raises", "lowers", "does not, beyond its spread, change")
    accuracy = samples.compare(b, a, "accuracy", "higher", "lower", "the same, within its spread")
    return {
        "sayPlainRobust": rf"Replacing the plain classifier (at $s={samples.scale[a]:g}$) by the robust one that serves best "
        rf"({samples.called(b)}) {fid} the FID ({samples.text(a, 'fid')} to {samples.text(b, 'fid')}), and class accuracy is "
        rf"{accuracy} ({samples.text(a, 'accuracy')} to {samples.text(b, 'accuracy')})."
    }


def schedulers(samples):
    standard = samples.select(guidance="energy", unit="standard")
    sigmoid = samples.select(guidance="energy", unit="sigmoid")
    if not standard or not sigmoid:
        return {"saySchedulers": "Only one scheduler is used in this edition."}
    a, b = standard[0], sigmoid[0]
    if lost := samples.diverged(a, b):
        return {"saySchedulers": lost}
    fid = samples.compare(b, a, "fid", "higher", "lower", "the same within its spread")
    return {
        "saySchedulers": rf"At their best scales the sigmoid scheduler's FID is {fid} ({samples.text(b, 'fid')} at "
        rf"$s={samples.scale[b]:g}$, against {samples.text(a, 'fid')} at $s={samples.scale[a]:g}$ with the standard one), with "
        rf"class accuracies of {samples.text(b, 'accuracy')} and {samples.text(a, 'accuracy')}."
    }


def joint(samples):
    """What the term dE changes, against energy guidance in the same unit."""
    pairs = [
        (a, b)
        for b, spec in samples.variants.items()
        if "lambda" in spec
        for a in samples.select(guidance="energy", unit=spec["unit"], classifier=spec["classifier"])
    ]
    if not pairs:
        return {"sayJoint": "Joint-energy guidance has no counterpart to be compared with in this edition."}
    a, b = pairs[0]
    if lost := samples.diverged(a, b):
        return {"sayJoint": lost}
    before, after = samples.line(a), samples.line(b)
    shared = [scale for scale in before if scale in after]
    less = {
        key: sum(fmean(after[scale][key]) < fmean(before[scale][key]) for scale in shared) for key in ("energy_divergence", "fid")
    }
    gap = samples.compare(
        b,
        a,
        "energy_divergence",
        "widens",
        "narrows",
        "does not, beyond its spread, change",
    )
    return {
        "sayJoint": rf"At the best scales the term $\Delta E$ {gap} the divergence between the energies of samples and of "
        rf"training images ({samples.text(a, 'energy_divergence')} to {samples.text(b, 'energy_divergence')} nats); the FID is "
        rf"{samples.text(b, 'fid')} instead of {samples.text(a, 'fid')}, and the class accuracy {samples.text(b, 'accuracy')} "
        rf"instead of {samples.text(a, 'accuracy')}. At equal scales the divergence is smaller with it at "
        rf"{less['energy_divergence']} of {len(shared)} scales, and the FID at {less['fid']}."
    }


def scales(samples):
    """How class accuracy moves with the scale, and where FID is least."""
    start = samples.number(samples.baseline, "accuracy")
    rising = past = smallest = 0
    grids = [[r for s, r in samples.line(name).items() if float(s) > 0] for name in samples.by_classifier]
    grids = list(filter(None, grids))
    for results in grids:
        line = [start, *(Number.of(r["accuracy"]) for r in results)]
        peak = max(range(len(line)), key=lambda i: line[i].mean)
        rising += all(compare(b, a, True, False, True) for a, b in zip(line[:peak], line[1 : peak + 1], strict=True))
        past += peak < len(line) - 1
        smallest += min(results, key=lambda r: fmean(r["fid"])) is results[0]
    return {
        "sayScales": "From the unguided sampler upwards, class accuracy rises with the scale, within its spread, up to its peak "
        f"in {rising} of the {len(grids)} variants guided by a classifier; in {past} the largest scale tried is "
        f"past the peak. The FID is least at the smallest scale tried in {smallest}."
    }


def best(samples):
    """The variant guided by a classifier of the least Frechet joint distance, and what it gains."""
    ddpm = samples.baseline
    conditional = samples.unguided(0) or ddpm
    top = samples.finest(samples.by_classifier)
    if samples.diverged(top):
        lost = samples.diverged(*samples.by_classifier)
        return {"sayBest": lost, "summary": lost}
    accuracy, fid = samples.text(top, "accuracy"), samples.text(top, "fid")
    level = samples.compare(top, conditional, "accuracy", "above", "below", "within its spread of")
    moves = samples.compare(top, ddpm, "accuracy", "raises", "lowers", "does not change")
    cost = samples.compare(
        top,
        ddpm,
        "fid",
        "at a higher FID",
        "at a lower FID",
        "at the same FID, within its spread",
    )
    return {
        "sayBest": r"By the Fr\'echet joint distance to the training images, the best variant guided by a classifier is "
        rf"{samples.called(top)}: FID {fid}, class accuracy {accuracy}, {level} that of the class-conditional model "
        rf"({samples.text(conditional, 'accuracy')}).",
        "summary": rf"On {escape(samples.title)}, guidance of an unconditional model by a classifier {moves} the share of "
        rf"samples recognised as the class asked for: from {samples.text(ddpm, 'accuracy')} to {accuracy} with the best variant "
        rf"({samples.called(top)}), {cost} ({samples.text(ddpm, 'fid')} to {fid}; the floor is {samples.floor_text('fid')}).",
    }


def trajectory(inputs, samples):
    """Where the energies of the variants end, by one classifier."""
    ends = {name: line["end"]["E(x,y)"] for name, line in finite(read_json(inputs.trajectories)).items()}
    low, high = min(ends, key=ends.get), max(ends, key=ends.get)
    return {
        "sayTrajectory": rf"Under the classifier with $\varepsilon$-train {samples.energy_classifier:g}, the mean "
        rf"$E(\mathbf{{x}},y)$ of the samples is lowest for {samples.called(low, scale=False)} (${ends[low]:.1f}$ nats), and "
        rf"highest for {samples.called(high, scale=False)} (${ends[high]:.1f}$ nats)."
    }


def published(inputs, params):
    """Where ours stand against the reported numbers."""
    if not params.published:
        return {"sayPublished": "Published numbers are for other data, and none is printed beside those of this edition."}
    reported = Published(inputs.published, params.published, "robustness").values
    results = [read_json(path) for path in inputs.robustness]
    ours = {(f"{float(eps):g}", f"{r['eps_train']:g}"): 100 * a for r in results for eps, a in r["accuracy"].items()}
    gaps = [abs(ours[key] - reported[key]) for key in reported if key in ours]
    if not gaps:
        return {"sayPublished": "The grids of this edition share no cell with the published ones."}
    return {
        "sayPublished": "Reported numbers stand in brackets, or in lines or columns of their own. Over the "
        rf"{len(gaps)} cells that Table~\ref{{tab:robustness}} shares with the published one, the mean absolute difference is "
        rf"{fmean(gaps):.1f} points."
    }
