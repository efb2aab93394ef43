"""The guidance units over all steps of a process, as curves."""

import torch

from energyguide.diffusion.hooks import State
from energyguide.diffusion.schedule import linear_schedule
from energyguide.diffusion.units import UNITS


def curves(process, sigmoids):
    """ "standard" and "sigma" over the timesteps, lists of floats, and under "sigmoid" one list for each of some parameters."""
    schedule = linear_schedule(**process)
    columns = zip(*(v.tolist() for v in (schedule.timesteps, schedule.abar, schedule.sigma("small"))), strict=True)
    states = [State(i, t, torch.tensor([t]), abar, sigma, None, None) for i, (t, abar, sigma) in enumerate(columns)]

    def curve(unit, spec=None):
        return [float(UNITS[unit](state, spec)) for state in states]

    sigmoid = [curve("sigmoid", {"sigmoid": parameters}) for parameters in sigmoids]
    return {"standard": curve("standard"), "sigma": curve("sigma"), "sigmoid": sigmoid}
