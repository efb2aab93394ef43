"""The macros on what stands beside the thesis: time-dependent classifiers, classifier-free guidance, both kinds together."""

from statistics import fmean

from energyguide.config.derive import eps_train_of
from energyguide.reporting.layout import radius_text
from energyguide.reporting.phrases import NORMS, compare, listing, percent
from energyguide.reporting.results import Number, at_scale, finite, read_metrics
from energyguide.reporting.survey import read_answers, tally
from energyguide.storage import read_json, read_sidecar

WORDS = ("higher", "lower", "the same within its spread")


def threat(attack):
    """A threat model in words."""
    return f"{NORMS[attack['norm']]} of radius {radius_text(attack['norm'], attack['eps'])}"


OPTIMIZERS = {"adamw": r"AdamW \citep{loshchilov2019decoupled}", "sgd": "gradient descent with momentum"}
ANNEALED = {
    "constant": "constant",
    "linear": "annealed linearly",
    "cosine": "annealed along a cosine",
    "milestones": "cut in steps",
}


def training(spec):
    """How a network is trained, in words."""
    kept = "an average of the weights" if spec["ema_images"] else "the last weights"
    return (
        f"{OPTIMIZERS[spec['optimizer']]} over {spec['steps']:,} steps, with a learning rate that is "
        f"{ANNEALED[spec['lr_schedule']]}; {kept} are kept"
    )


def settings(params):
    attacks = list(params.threats.values())
    models = list(dict.fromkeys(map(threat, attacks)))
    robust = params.threats[params.time_guidance["robust"]]
    return {
        "timeThreats": listing(models),
        "timeAttackSteps": listing(sorted({attack["steps"] for attack in attacks})),
        "timeRobust": f"{threat(robust)}, {robust['steps']} steps",
        "timeTraining": training(params.time_classifiers["training"]),
        "timeScale": f"{params.time_guidance['scale']:g}",
        "maximiseEps": f"{params.time_gradients['eps']:g}",
        "maximiseSteps": params.time_gradients["steps"],
        "freeShown": listing(f"{w:g}" for w in params.classifier_free["shown"]),
        "densitySamples": f"{params.densities['samples']:,}",
        "densitySteps": params.densities["steps"],
    }


def time_dependent(samples, params):
    """Vanilla against robust, at their best scales and over the grid that they share."""
    plain, vanilla, robust = (params.time_guidance[kind] for kind in ("unguided", "vanilla", "robust"))
    if lost := samples.diverged(vanilla, robust):
        return {"sayTimeQuality": lost, "sayTimeScales": ""}
    said = {key: samples.compare(robust, vanilla, key, *WORDS) for key in ("fid", "precision", "recall")}
    against = samples.compare(robust, plain, "fid", *WORDS)
    grids = [samples.line(name) for name in (vanilla, robust)]
    shared = [scale for scale in grids[0] if scale in grids[1]]
    fewer = sum(fmean(grids[1][s]["fid"]) < fmean(grids[0][s]["fid"]) for s in shared)
    trade = []
    for name, grid in zip((vanilla, robust), grids, strict=True):
        start, end = samples.metrics[plain]["scales"]["0"], list(grid.values())[-1]
        moved = [compare(Number.of(end[key]), Number.of(start[key]), "up", "down", "level") for key in ("precision", "recall")]
        numbers = [f"{fmean(part[key]):.2f}" for key in ("precision", "recall") for part in (start, end)]
        kind = "vanilla" if name == vanilla else "robust"
        trade.append(
            f"with the {kind} classifier precision goes {moved[0]} ({numbers[0]} to {numbers[1]}) and recall {moved[1]} "
            f"({numbers[2]} to {numbers[3]})"
        )
    return {
        "sayTimeQuality": f"At their best scales, the FID with the robust classifier is {said['fid']} ("
        f"{samples.text(robust, 'fid')} at $s={samples.scale[robust]:g}$, against {samples.text(vanilla, 'fid')} at "
        f"$s={samples.scale[vanilla]:g}$ with the vanilla one), its precision is {said['precision']} and its recall "
        f"{said['recall']}; against the unguided model ({samples.text(plain, 'fid')}) its FID is {against}.",
        "sayTimeScales": f"At equal scales the robust classifier has the lower mean FID at {fewer} of {len(shared)}. From no "
        f"guidance to the largest scale tried, {' and '.join(trade)}.",
    }


def iterations(inputs, params):
    """Where in the training of the class-conditional model its FID is least."""
    fid = {step: Number.of(at_scale(read_metrics(inputs.metrics, name), 0)["fid"]) for name, step in params.snapshots.items()}
    best, last = min(fid, key=lambda step: fid[step].mean), list(fid)[-1]
    if best == last:
        return {"sayTimeIterations": f"The FID of the unguided model is least at the end of its training ({fid[last].mean:.2f})."}
    verdict = compare(fid[last], fid[best], "above that", "below that", "within the spread of that")
    return {
        "sayTimeIterations": f"The FID of the unguided model is least after {best:,} iterations ({fid[best].mean:.2f}); at the "
        f"end of the training, after {last:,}, it is {verdict} ({fid[last].mean:.2f})."
    }


def threats(inputs, params):
    """Which threat model gives the least FID, and how much it matters."""
    results = {name: at_scale(read_metrics(inputs.metrics, name), params.time_guidance["scale"]) for name in params.threats}
    fid = {name: Number.of(result["fid"]) for name, result in finite(results).items()}
    if not fid:
        return {"sayTimeThreats": "There is nothing to compare: samples ceased to be finite under every threat model."}
    low, high = min(fid, key=lambda name: fid[name].mean), max(fid, key=lambda name: fid[name].mean)
    best = params.threats[low]
    matters = compare(fid[high], fid[low], "more than", "more than", "no more than")
    unguided = Number.of(at_scale(read_metrics(inputs.metrics, params.time_guidance["unguided"]), 0)["fid"])
    verdict = compare(fid[low], unguided, "above that", "below that", "within the spread of that")
    return {
        "sayTimeThreats": f"The least FID belongs to {threat(best)} with {best['steps']} steps ({fid[low].mean:.2f}), the "
        f"largest is {fid[high].mean:.2f}: a difference of {matters} the spread of the two. The least is {verdict} of the same "
        f"model unguided ({unguided.mean:.2f})."
    }


def classifier_free(samples, params):
    """What the extrapolation of the joint model changes, and how FID and IS move with its weight."""
    name, plain = params.classifier_free["variant"], params.classifier_free["unguided"]
    if lost := samples.diverged(name):
        return {"sayClassifierFree": lost, "sayFreeScales": ""}
    fid = samples.compare(name, plain, "fid", *WORDS)
    line = {"0": samples.metrics[plain]["scales"]["0"], **samples.line(name)}
    least = min(line, key=lambda w: fmean(line[w]["fid"]))
    most = max(line, key=lambda w: fmean(line[w]["is"]))
    return {
        "sayClassifierFree": rf"Classifier-free guidance of the joint model, at its best scale ($w={samples.scale[name]:g}$), "
        rf"has a class accuracy of {samples.text(name, 'accuracy')}, where the same model without it has "
        rf"{samples.text(plain, 'accuracy')}; its FID is {fid} ({samples.text(name, 'fid')} against "
        rf"{samples.text(plain, 'fid')}), its precision {samples.text(name, 'precision')} against "
        rf"{samples.text(plain, 'precision')}, and its recall {samples.text(name, 'recall')} against "
        rf"{samples.text(plain, 'recall')}.",
        "sayFreeScales": f"The FID is least at $w = {least}$ ({fmean(line[least]['fid']):.2f}), the IS highest at $w = {most}$ "
        f"({fmean(line[most]['is']):.2f}).",
    }


def together(samples):
    """Classifier-free and energy guidance at once, against each alone."""
    names = samples.select(guidance="free_and_energy")
    if not names:
        return {"sayTogether": "The two kinds of guidance are not combined in this edition.", "freeWeight": "--"}
    both = names[0]
    spec = samples.variants[both]
    if lost := samples.diverged(both):
        return {"sayTogether": lost, "freeWeight": f"{spec['w']:g}"}
    alone = samples.select(guidance="classifier_free", model=spec["model"])
    alone += samples.select(guidance="energy", unit=spec["unit"], classifier=spec["classifier"])
    said = []
    for name in filter(samples.line, alone):
        fid, accuracy = (samples.compare(both, name, key, *WORDS) for key in ("fid", "accuracy"))
        said.append(
            f"its FID is {fid} and its class accuracy {accuracy} compared with {samples.called(name)} "
            f"({samples.text(name, 'fid')}, {samples.text(name, 'accuracy')})"
        )
    return {
        "freeWeight": f"{spec['w']:g}",
        "sayTogether": f"With both, at $s={samples.scale[both]:g}$, the FID is {samples.text(both, 'fid')} and the class "
        f"accuracy {samples.text(both, 'accuracy')}{': ' if said else ''}{'; '.join(said)}.",
    }


def named(classifier):
    """How the text calls a classifier, in "that of ..."."""
    if classifier.startswith("eps"):
        return rf"the classifier of images with $\epstrain = {eps_train_of(classifier):g}$"
    return f"the {'vanilla' if classifier == 'time-vanilla' else 'robust'} time-dependent classifier"


def implicit(inputs):
    """How well the joint diffusion model classifies, and whose gradient its own resembles most."""
    found = read_json(inputs.implicit)
    accuracy = found["accuracy"]
    mean = {name: fmean(line.values()) for name, line in found["alignment"].items()}
    top, low = max(mean, key=mean.get), min(mean, key=mean.get)
    return {
        "implicitImages": f"{found['protocol']['n']:,}",
        "implicitLevels": len(found["protocol"]["timesteps"]),
        "sayImplicit": f"From all timesteps together the implicit classifier is right on {percent(accuracy['all'])} of these "
        f"images; the classifiers it is compared with are on {percent(min(accuracy['classifiers'].values()))} to "
        f"{percent(max(accuracy['classifiers'].values()))}. Averaged over the timesteps, its gradient agrees best with that of "
        f"{named(top)} (cosine similarity {mean[top]:.2f}), and least with that of {named(low)} ({mean[low]:.2f}).",
    }


def edges(samples):
    """Whose best scale is at an end of its grid, so that a better one may lie beyond."""
    grids = {name: sorted(map(float, samples.metrics[name]["scales"])) for name in filter(samples.line, samples.guided)}
    said = []
    for end, index in (("smallest", 0), ("largest", -1)):
        names = [name for name, grid in grids.items() if len(grid) > 1 and samples.scale[name] == grid[index]]
        if names:
            said.append(f"the {end} tried for {listing(samples.called(name, scale=False) for name in names)}")
    if not said:
        return {"sayEdges": "No best scale lies at an end of its grid."}
    return {"sayEdges": f"The best scale is {', and '.join(said)}, so that a better one may lie beyond the grid."}


def densities(inputs):
    """How far the sampler's densities are from the closed forms."""
    distances = read_sidecar(inputs.densities)["distances"]
    said = listing(f"{value:.2f} at $w = {w}$" for w, value in distances.items())
    return {"sayDensities": f"The total variation between the rows is {said}."}


def overall(samples, params):
    """The guided system of the least Frechet joint distance, of all; and the unguided model that is given the class."""
    top = samples.finest(samples.guided)
    given = params.time_guidance["unguided"]
    if samples.diverged(top):
        return {"nSystems": len(samples.variants), "sayOverall": samples.diverged(*samples.guided)}
    fjd = samples.compare(top, given, "fjd_train", *WORDS)
    return {
        "nSystems": len(samples.variants),
        "sayOverall": rf"Of all guided systems the least Fr\'echet joint distance belongs to {samples.called(top)}: FID "
        rf"{samples.text(top, 'fid')}, class accuracy {samples.text(top, 'accuracy')}. Compared with the unguided "
        rf"class-conditional model (FID {samples.text(given, 'fid')}) that distance is {fjd}.",
    }


def survey(inputs):
    """What raters preferred, or that there are none."""
    if not inputs.answers:
        return {
            "nAnswers": 0,
            "saySurvey": "The pipeline makes the page on which people compare the two; no answers were collected for this "
            "edition, and so there is no table of preferences.",
        }
    page = read_json(inputs.survey)
    found = tally(read_answers(inputs.answers, page), page)
    test, shares = found["sign_test"], found["answer_shares"]
    chance = "p < 0.001" if test["p"] < 0.001 else f"p = {test['p']:.2g}"
    return {
        "nAnswers": found["answers"],
        "saySurvey": f"Raters: {found['raters']}, answers: {found['answers']}, on {found['pairs']} pairs, "
        f"{percent(shares['first'])} for the robust classifier, {percent(shares['second'])} for the vanilla one, "
        f"{percent(shares['same'])} for neither. More raters preferred the robust one on {test['first']} pairs, the vanilla one "
        f"on {test['second']} (two-sided sign test over pairs, ${chance}$).",
    }
