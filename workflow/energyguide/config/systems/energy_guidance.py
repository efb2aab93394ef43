"""Energy guidance: descent of E(x, y), and of the joint energy."""

from energyguide.config.parts import System, Text, about


class EnergyGuidance(System):
    """The variants that the text on energy guidance compares."""

    standard: Text | None = about("The variant of energy guidance with the standard scheduler; null if there is none.")
    sigmoid: Text = about("The same with the sigmoid scheduler.")
    joint: Text = about("Guidance by the joint energy, in all else as `sigmoid`.")

    def check(self, need, experiment):
        for key, guidance, unit in (
            ("standard", "energy", "standard"),
            ("sigmoid", "energy", "sigmoid"),
            ("joint", "joint", "sigmoid"),
        ):
            if not (name := getattr(self, key)):
                continue
            variant = experiment.variant(need, key, name)
            need(variant.guidance == guidance, key, f"must name a variant guided by `{guidance}`")
            need(variant.unit == unit, key, f"must name a variant with unit `{unit}`")
