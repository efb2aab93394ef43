"""Numbers and comparisons for the text, as LaTeX macros: the prose claims no outcome that is not made here.

Each function of a topic returns name -> text. The names that begin with `say` are whole sentences, true for whatever was
measured.
"""

from energyguide.reporting.samples import Samples
from energyguide.reporting.topics import (
    classifier_free,
    ddgan,
    densities,
    energy_guidance,
    guidance,
    implicit,
    likelihood,
    modes,
    robustness,
    setup,
    survey,
    time_classifiers,
    trajectories,
    unguided,
    vdm,
)


def latex(inputs, params):
    """All macros as LaTeX definitions: an unknown one fails the build, and so does a doubled one."""
    samples = Samples(inputs, params)
    found = {
        **setup.numbers_data(inputs, params),
        **setup.numbers_settings(params),
        **setup.numbers_protocol(samples.floor, params),
        **robustness.numbers_robustness(inputs, params),
        **robustness.numbers_corruptions(inputs),
        **energy_guidance.numbers_energies(inputs, params),
        **unguided.numbers_unguided(samples),
        **guidance.numbers_plain_against_robust(samples),
        **energy_guidance.numbers_schedulers(samples),
        **energy_guidance.numbers_joint(samples),
        **time_classifiers.numbers_settings(params),
        **time_classifiers.numbers_time_dependent(samples, params),
        **time_classifiers.numbers_iterations(inputs, params),
        **time_classifiers.numbers_threats(inputs, params),
        **classifier_free.numbers_classifier_free(samples, params),
        **classifier_free.numbers_together(samples),
        **implicit.numbers_implicit(inputs, params),
        **guidance.numbers_edges(samples),
        **densities.numbers_densities(inputs),
        **guidance.numbers_overall(samples, params),
        **survey.numbers_survey(inputs),
        **likelihood.numbers_likelihood(inputs, params),
        **vdm.numbers_cost(inputs, samples, params),
        **ddgan.numbers_adversarial(inputs, params),
        **modes.numbers_modes(inputs),
        **guidance.numbers_scales(samples),
        **guidance.numbers_best(samples),
        **trajectories.numbers_trajectory(inputs, samples),
        **robustness.numbers_published(inputs, params),
    }
    found["saySummary"] = f"{found.pop('summary')} {found['sayPlainRobust']}"
    return "".join(rf"\newcommand{{\{name}}}{{{text}}}" + "\n" for name, text in found.items())
