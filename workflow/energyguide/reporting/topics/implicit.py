"""The implicit classifier of the joint model."""

from statistics import fmean

from energyguide.files.atomic import read_json
from energyguide.reporting.phrases import percent
from energyguide.reporting.style import WIDTH, categories, classifier_label, pyplot


def figure_implicit(inputs, params):
    """Accuracy of the implicit classifier by the timestep of its one look, and how its gradient agrees with classifiers'."""
    found = read_json(inputs.implicit)
    accuracy, aligned = found["accuracy"], found["alignment"]
    figure, (left, right) = pyplot().subplots(1, 2, figsize=(WIDTH, 2.6))
    line = {int(t): 100 * value for t, value in accuracy["by_timestep"].items()}
    left.plot(list(line), list(line.values()), "o-", color="black", label="implicit, one timestep")
    left.axhline(100 * accuracy["all"], color="black", linestyle="--", label="implicit, all timesteps")
    for (name, line), colour in zip(aligned.items(), categories(len(aligned)), strict=True):
        left.axhline(100 * accuracy["classifiers"][name], color=colour, linewidth=0.8)
        right.plot(
            list(map(int, line)), list(line.values()), "o-", color=colour, label=classifier_label(params.classifiers[name])
        )
    left.set(xlabel="timestep $t$", ylabel="accuracy (%)")
    right.set(xlabel="timestep $t$", ylabel="cosine similarity")
    right.axhline(0, color="grey", linestyle=":", linewidth=0.8)
    figure.legend(loc="outside lower center", ncols=4)
    return figure


def named(spec):
    """How the text calls a classifier, in "that of ...", by its `kind` and `eps_train`."""
    if spec["kind"] == "classifier":
        return rf"the classifier of images with $\epstrain = {spec['eps_train']:g}$"
    return f"the {'robust' if spec['eps_train'] else 'vanilla'} time-dependent classifier"


def numbers(inputs, params):
    """How well the joint diffusion model classifies, and whose gradient its own resembles most."""
    found = read_json(inputs.implicit)
    accuracy = found["accuracy"]
    mean = {name: fmean(line.values()) for name, line in found["alignment"].items()}
    top, low = max(mean, key=mean.get), min(mean, key=mean.get)
    best, least = named(params.classifiers[top]), named(params.classifiers[low])
    return {
        "implicitImages": f"{found['protocol']['n']:,}",
        "implicitLevels": len(found["protocol"]["timesteps"]),
        "sayImplicit": f"From all timesteps together the implicit classifier is right on {percent(accuracy['all'])} of these "
        f"images; the classifiers it is compared with are on {percent(min(accuracy['classifiers'].values()))} to "
        f"{percent(max(accuracy['classifiers'].values()))}. Averaged over the timesteps, its gradient agrees best with that of "
        f"{best} (cosine similarity {mean[top]:.2f}), and least with that of {least} ({mean[low]:.2f}).",
    }
