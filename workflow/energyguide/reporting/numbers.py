"""Numbers and comparisons for the text, as LaTeX macros: the prose claims no outcome that is not made here."""

from energyguide.reporting.results import Number, at_scale, best_scale, read_metrics
from energyguide.reporting.tables import escape, plus_minus, read_published
from energyguide.storage import git, read_json


REAL = {"train": "training", "test": "test"}


def listing(items):
    """1, 2 and 3."""
    items = [str(item) for item in items]
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def percent(value, digits=1):
    return rf"{100 * value:.{digits}f}\%"


def compare(a, b, higher, lower, same):
    """One of three phrases, by whether two `Number`s differ by more than their uncertainties together."""
    if abs(a.mean - b.mean) <= (a.std**2 + b.std**2) ** 0.5:
        return same
    return higher if a.mean > b.mean else lower


def name_of(spec, scale=None):
    """How the text calls a variant: its label, lower case but for abbreviations, with its scale."""
    label = escape(spec["label"])
    label = label if label[:2].isupper() else label[0].lower() + label[1:]
    return label if scale is None or "unit" not in spec else rf"{label}, at $s={scale:g}$"


def macros(inputs, params):
    """name -> text, for everything that the paper's sources may use."""
    p = params
    variants = p.variants
    metrics = {name: read_metrics(inputs.metrics, name) for name in variants}
    best = {name: best_scale(m) for name, m in metrics.items()}
    found = {name: at_scale(metrics[name], best[name]) for name in variants}
    floor = read_json(inputs.floor)
    counts = read_json(inputs.data)["counts"]
    return {
        **facts(p, counts, variants, floor),
        **robustness(inputs, p),
        **energies(inputs, p),
        **sampled(p, variants, metrics, best, found, floor),
        **trajectory(inputs, variants, p),
        **published(inputs, p),
    }


def facts(p, counts, variants, floor):
    """What was set, not measured."""
    data, sampling = p.data, p.sampling
    features = floor["protocol"]["features"]
    judged = features.startswith("classifier")
    guided = [v for v in variants.values() if "unit" in v] or list(variants.values())
    unguided = {v["sampler"]: v["steps"] for v in reversed(variants.values()) if "unit" not in v}
    sigmoid = next((v["sigmoid"] for v in variants.values() if "sigmoid" in v), None)
    notice = (
        rf"\emph{{This is the small default edition of the paper: all numbers were measured on {p.title}, "
        rf"{data['size']}$\times${data['size']} pixels, with networks and grids cut down to run in minutes without a GPU. "
        "It shows that the pipeline works, and how; for claims about natural images build a full-size edition.}"
    )
    note = {
        True: "Features are the penultimate activations of a plain classifier trained independently of those that guide; "
        "an FID of such features can be compared within this paper only, and with no published number.",
        False: "Features are those of torch-fidelity's Inception network, so that numbers can be compared with published ones "
        "of the same protocol.",
    }[judged]
    return {
        "expName": escape(p.name),
        "expTitle": escape(p.title),
        "smallNotice": notice if p.small else "",
        "nTrain": f"{counts['train']:,}",
        "nHeldOut": f"{counts['val']:,}",
        "nTest": f"{counts['test']:,}",
        "nClasses": data["classes"],
        "imageShape": rf"${data['channels']}\times{data['size']}\times{data['size']}$",
        "processSteps": p.process["steps"],
        "sampleSteps": listing(sorted({v["steps"] for v in guided})),
        "ddpmSteps": unguided.get("ddpm", "--"),
        "ddimSteps": unguided.get("ddim", "--"),
        "nSamples": f"{sampling['samples']:,}",
        "nSets": sampling["seeds"],
        "featuresName": features,
        "featuresNote": note,
        "referenceName": floor["protocol"]["reference"],
        "attackNorm": {"l2": r"$\ell_2$", "linf": r"$\ell_\infty$"}[p.attack["norm"]],
        "pgdTrainSteps": p.attack["steps"],
        "pgdTestSteps": p.robustness["steps"],
        "epsTrainList": listing(f"{e:g}" for e in p.eps_train),
        "epsTestList": listing(f"{e:g}" for e in p.robustness["eps_test"]),
        "energyClassifier": p.energy["classifier"].removeprefix("eps"),
        "jointLambda": listing(sorted({v["lambda"] for v in variants.values() if "lambda" in v})) or "--",
        "sigmoidParameters": ", ".join(f"${k[0]}_0 = {v:g}$" if k != "k" else f"$k = {v:g}$" for k, v in sigmoid.items()) if sigmoid else "--",
        "pUncond": listing(sorted({m["p_uncond"] for m in p.models.values() if 0 < m["p_uncond"] < 1})),
        "synthesisEps": f"{p.synthesis['eps']:g}",
        "synthesisSteps": p.synthesis["steps"],
        "commit": (git("rev-parse", "--short", "HEAD") or "unknown") + (" with changes" if git("status", "--porcelain") else ""),
        "command": f"snakemake --config experiment={p.name}",
    }


def robustness(inputs, p):
    results = {r["eps_train"]: r["accuracy"] for r in map(read_json, inputs.robustness)}
    plain, robust = results[min(results)], results[float(p.energy["classifier"].removeprefix("eps"))]
    radii = [e for e in plain if float(e) > 0]
    shown = next((e for e in radii if float(e) == 0.5), radii[0] if radii else next(iter(plain)))
    clean = next((e for e in plain if float(e) == 0), shown)
    best = max(results, key=lambda e: results[e][shown])
    gain = results[best][shown] - plain[shown]
    cost = plain[clean] - results[best][clean]
    price = "costs" if cost > 0 else "adds"
    noise = {r["eps_train"]: r["noise"] for r in map(read_json, inputs.corruptions)}
    dark = {r["eps_train"]: r["darkness"] for r in map(read_json, inputs.corruptions)}

    def average(grid):
        return sum(grid.values()) / len(grid)

    ranks = {key: max(grid, key=lambda e: average(grid[e])) for key, grid in (("noise", noise), ("dark", dark))}
    corrupted = (
        rf"Averaged over the grid, the classifier with $\varepsilon$-train {ranks['noise']:g} stands Gaussian noise best "
        rf"({percent(average(noise[ranks['noise']]))}, against {percent(average(noise[min(noise)]))} at $\varepsilon$-train {min(noise):g}), "
        rf"and the one with {ranks['dark']:g} darkness ({percent(average(dark[ranks['dark']]))}, against "
        rf"{percent(average(dark[min(dark)]))})."
    )
    said = (
        rf"At $\varepsilon$-test {float(shown):g} the classifier trained at {best:g} is right on {percent(results[best][shown])} of the test "
        rf"images, that trained at {min(results):g} on {percent(plain[shown])}: a difference of {100 * gain:.1f} points, which {price} "
        f"{100 * abs(cost):.1f} points of clean accuracy."
    )
    return {
        "epsShown": f"{float(shown):g}",
        "plainClean": percent(plain[clean]),
        "plainAttacked": percent(plain[shown]),
        "robustClean": percent(robust[clean]),
        "robustAttacked": percent(robust[shown]),
        "sayRobustness": said,
        "sayCorruptions": corrupted,
    }


def energies(inputs, p):
    statistics = next(r for r in map(read_json, inputs.energies) if r["eps_train"] == float(p.energy["classifier"].removeprefix("eps")))
    classes = {name: s["mean"] for name, s in statistics["E(x)"]["classes"].items()}
    low, high = min(classes, key=classes.get), max(classes, key=classes.get)
    everything = statistics["E(x)"]["all"]
    return {
        "sayEnergies": rf"Under the classifier with $\varepsilon$-train {statistics['eps_train']:g} the mean $E(x)$ is lowest for class "
        rf"{escape(low)} (${classes[low]:.2f}$) and highest for class {escape(high)} (${classes[high]:.2f}$); over all images it is "
        rf"${everything['mean']:.2f}$ with a standard deviation of ${everything['std']:.2f}$."
    }


def sampled(p, variants, metrics, best, found, floor):
    def number(name, key):
        return Number.of(found[name][key])

    def text(name, key, digits=2):
        return plus_minus(found[name][key], digits)

    def accuracy(name):
        return plus_minus(found[name]["accuracy"], 1, 100) + r"\%"

    def select(**wanted):
        """Names of the variants whose block has these values."""
        return [n for n, v in variants.items() if all(v.get(k) == w for k, w in wanted.items())]

    def finest(names):
        return min(names, key=lambda n: number(n, "fjd_train").mean)

    free = {v: [n for n in select(guidance="unguided") if variants[n]["model"] == v] for v in p.models}
    unconditional = [n for m, names in free.items() for n in names if p.models[m]["p_uncond"] == 1]
    base = next(n for n in unconditional if variants[n]["sampler"] == "ddpm")
    ddim = next((n for n in unconditional if variants[n]["sampler"] == "ddim"), base)
    conditional = next((n for m, ns in free.items() for n in ns if p.models[m]["p_uncond"] == 0), base)
    joint_model = next((n for m, ns in free.items() for n in ns if 0 < p.models[m]["p_uncond"] < 1), conditional)
    guided = [n for n in variants if "unit" in variants[n]] or [base]

    said = {
        "fidUnguided": text(base, "fid"),
        "isUnguided": text(base, "is"),
        "precisionUnguided": text(base, "precision"),
        "recallUnguided": text(base, "recall"),
        "fidFloor": plus_minus(floor["fid"]),
        "isFloor": plus_minus(floor["is"]),
        "accUnguided": accuracy(base),
        "accConditional": accuracy(conditional),
        "fidConditional": text(conditional, "fid"),
        "accJointModel": accuracy(joint_model),
        "fidDdim": text(ddim, "fid"),
    }
    verdict = compare(number(ddim, "fid"), number(base, "fid"), "a higher FID than", "a lower FID than", "the same FID, within its spread, as")
    said["sayUnconditional"] = (
        rf"In {variants[ddim]['steps']} steps DDIM reaches {verdict} DDPM in {variants[base]['steps']} ({said['fidDdim']} against "
        rf"{said['fidUnguided']}); real {REAL[floor['images']]} images in sets of the same size stand at {said['fidFloor']}."
    )

    plain = [n for n in select(guidance="classifier") if variants[n]["classifier"] == "eps0"]
    robust = [n for n in select(guidance="classifier") if variants[n]["classifier"] != "eps0"]
    if plain and robust:
        a, b = finest(plain), finest(robust)
        fid = compare(number(b, "fid"), number(a, "fid"), "raises", "lowers", "does not, beyond its spread, change")
        acc = compare(number(b, "accuracy"), number(a, "accuracy"), "higher", "lower", "no different, within its spread")
        said["sayPlainRobust"] = (
            rf"Replacing the plain classifier ($s={best[a]:g}$) by the one that serves best, {name_of(variants[b], best[b])}, {fid} the FID "
            rf"({text(a, 'fid')} to {text(b, 'fid')}), and class accuracy is {acc} ({accuracy(a)} to {accuracy(b)})."
        )
    else:
        said["sayPlainRobust"] = "This edition guides with classifiers of one kind only."

    energy = select(guidance="energy")
    standard = [n for n in energy if variants[n]["unit"] == "standard"]
    sigmoid = [n for n in energy if variants[n]["unit"] == "sigmoid"]
    if standard and sigmoid:
        a, b = standard[0], sigmoid[0]
        fid = compare(number(b, "fid"), number(a, "fid"), "higher", "lower", "the same within its spread")
        said["saySchedulers"] = (
            rf"At their best scales the sigmoid scheduler's FID is {fid} ({text(b, 'fid')} at $s={best[b]:g}$, against {text(a, 'fid')} at "
            rf"$s={best[a]:g}$ with the standard one), with class accuracies of {accuracy(b)} and {accuracy(a)}."
        )
    else:
        said["saySchedulers"] = "This edition guides with one scheduler only."

    pairs = [(a, b) for b in variants if "lambda" in variants[b] for a in energy if variants[a]["unit"] == variants[b]["unit"]]
    if pairs:
        a, b = pairs[0]
        both = [s for s in metrics[a]["scales"] if s in metrics[b]["scales"]]
        closer = [
            s
            for s in both
            if Number.of(metrics[b]["scales"][s]["energy_divergence"]).mean < Number.of(metrics[a]["scales"][s]["energy_divergence"]).mean
        ]
        finer = [s for s in both if Number.of(metrics[b]["scales"][s]["fid"]).mean < Number.of(metrics[a]["scales"][s]["fid"]).mean]
        gap = compare(number(b, "energy_divergence"), number(a, "energy_divergence"), "widens", "narrows", "does not, beyond its spread, change")
        said["sayJoint"] = (
            rf"At the best scales the term $\Delta E$ {gap} the divergence between the energies of samples and of training images "
            rf"({text(a, 'energy_divergence')} to {text(b, 'energy_divergence')} nats), at an FID of {text(b, 'fid')} instead of {text(a, 'fid')} and a "
            rf"class accuracy of {accuracy(b)} instead of {accuracy(a)}. At equal scales it narrows the divergence at {len(closer)} of {len(both)} "
            rf"scales, and lowers the FID at {len(finer)}."
        )
    else:
        said["sayJoint"] = "This edition has no joint energy guidance."

    said["sayScales"] = scale_sentence(variants, metrics, guided, number(base, "accuracy"))
    winner = finest(guided)
    better = compare(number(winner, "accuracy"), number(conditional, "accuracy"), "above", "below", "level with")
    said["sayBest"] = (
        rf"By the Fr\'echet joint distance to the training images, the best guided variant is {name_of(variants[winner], best[winner])}: FID "
        rf"{text(winner, 'fid')}, class accuracy {accuracy(winner)}, which is {better} that of the class-conditional model "
        rf"({said['accConditional']})."
    )
    up = compare(number(winner, "accuracy"), number(base, "accuracy"), "raises", "lowers", "leaves")
    cost = compare(number(winner, "fid"), number(base, "fid"), "at a higher FID", "at a lower FID", "at the same FID within its spread")
    said["saySummary"] = (
        rf"On {escape(p.title)}, guidance of an unconditional model {up} the share of samples recognised as the class asked for, from "
        rf"{said['accUnguided']} to {accuracy(winner)} with the best variant, {name_of(variants[winner], best[winner])}, {cost} "
        rf"({said['fidUnguided']} to {text(winner, 'fid')}; the floor is {said['fidFloor']}). " + said["sayPlainRobust"]
    )
    return said


def scale_sentence(variants, metrics, guided, unguided):
    """How class accuracy moves with the scale, and where FID is least."""
    rising, peaks = [], []
    for name in guided:
        scales = metrics[name]["scales"]
        accuracies = [unguided, *(Number.of(r["accuracy"]) for s, r in scales.items() if float(s) > 0)]
        top = max(range(len(accuracies)), key=lambda i: accuracies[i].mean)
        steps = [b.mean >= a.mean - (a.std**2 + b.std**2) ** 0.5 for a, b in zip(accuracies[:top], accuracies[1 : top + 1], strict=True)]
        if all(steps):
            rising.append(name)
        if top < len(accuracies) - 1:
            peaks.append(name)
    least = [name for name in guided if min(metrics[name]["scales"], key=lambda s: Number.of(metrics[name]["scales"][s]["fid"]).mean) == next(iter(metrics[name]["scales"]))]
    return (
        f"From the unguided sampler upwards, class accuracy rises with the scale, within its spread, up to its peak in {len(rising)} of {len(guided)} guided "
        f"variants; in {len(peaks)} the largest scale tried is past the peak. The FID is least at the smallest scale tried in {len(least)}."
    )


def trajectory(inputs, variants, p):
    """Where the energies of the variants end, by the same classifier."""
    lines = read_json(inputs.trajectories)
    ends = {name: line["E(x_0,y)"][-1] for name, line in lines.items()}
    low, high = min(ends, key=ends.get), max(ends, key=ends.get)
    return {
        "sayTrajectory": rf"Seen by the classifier with $\varepsilon$-train {p.energy['classifier'].removeprefix('eps')}, the mean $E(x, y)$ "
        rf"at the end of the trajectory is lowest for {name_of(variants[low], lines[low]['scale'])} (${ends[low]:.1f}$ nats) and highest for "
        rf"{name_of(variants[high], lines[high]['scale'])} (${ends[high]:.1f}$ nats)."
    }


def published(inputs, p):
    if not p.published:
        return {"sayPublished": "Published numbers for this method are for CIFAR-10; none is printed beside those of this edition."}
    reported = read_published(inputs.published, p.published, "robustness")
    ours = {(f"{float(e):g}", f"{r['eps_train']:g}"): 100 * a for r in map(read_json, inputs.robustness) for e, a in r["accuracy"].items()}
    gaps = [abs(ours[key] - reported[key]) for key in reported if key in ours]
    if not gaps:
        return {"sayPublished": "The grids of this edition share no cell with the published ones."}
    return {
        "sayPublished": f"Reported numbers stand in brackets, or in lines of their own. Over the {len(gaps)} cells that "
        f"Table~\\ref{{tab:robustness}} shares with the published one, the mean absolute difference is {sum(gaps) / len(gaps):.1f} points."
    }


def latex(found):
    """The macros as LaTeX: an unknown one fails the build, a doubled one too."""
    return "".join(rf"\newcommand{{\{name}}}{{{text}}}" + "\n" for name, text in found.items())
