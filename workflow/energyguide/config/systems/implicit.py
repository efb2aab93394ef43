"""The classifier that a joint diffusion model implies."""

from energyguide.config.parts import Count, System, Text, about, listed


class Implicit(System):
    """What the implicit classifier is compared with, and on how many images."""

    model: Text = about("The joint model.")
    classifiers: listed(str) = about("The classifiers of images whose gradients it is compared with.")
    time_classifiers: listed(str, 0) = about("The same of time-dependent classifiers, if the experiment has them.", default=[])
    images: Count = about("Test images, at most.")
    levels: Count = about("Timesteps, evenly spread.")

    def compared(self, experiment):
        """All classifiers that it is compared with."""
        return [*self.classifiers, *(self.time_classifiers if experiment.time_classifiers else [])]

    def timesteps(self, experiment):
        """Those in the middle of as many equal parts of the process."""
        return [int((i + 0.5) * experiment.process.steps / self.levels) for i in range(self.levels)]

    def check(self, need, experiment):
        model = experiment.diffusion.models.get(self.model)
        need(model and 0 < model.p_uncond < 1, "model", "must name a joint model, with `p_uncond` between 0 and 1")
        steps = experiment.process.steps
        need(self.levels <= steps, "levels", f"the process has only {steps} timesteps")
        experiment.trained(need, "classifiers", self.classifiers, "classifier")
        if experiment.time_classifiers:
            experiment.trained(need, "time_classifiers", self.time_classifiers, "time_classifier")
            robust = [name for name in self.time_classifiers if experiment.time_classifiers.attacks[name]["eps"]]
            need(len(robust) <= 1, "time_classifiers", "may hold one robust time-dependent classifier")
