"""Rows that several tables of guidance share."""

from energyguide.metrics.scales import at_scale, read_metrics
from energyguide.reporting.layout import MEASURES, escape, measured, protocol_of, unrounded


def variant_row(name, spec, metrics, point, keys):
    """One line of the tables of guidance, at a scale or a strength of the variant's: cells, the first three who and where."""
    result = at_scale(metrics, point)
    cells, _ = measured(result, keys)
    _, fields = measured(result, MEASURES)
    unit, strength = spec.get("unit"), f"{point:g}" if "strengths" in spec else ""
    scale = f"{result['scale']:.3g}" if unit else "--"
    diffusion, classifier = metrics["evaluations"]
    record = {
        "variant": name,
        "strength": strength,
        "scale": result["scale"],
        "unit": unit or "",
        **fields,
        "evaluations_diffusion": diffusion,
        "evaluations_classifier": classifier,
        **{key: unrounded(result, key) for key in ("seconds_per_image", "fid_all_train")},
        **protocol_of(metrics),
    }
    return [escape(spec["label"]), strength or "--", scale, *cells], record


def written(value, form):
    """A field of `unrounded` as a cell."""
    return value if value == "diverged" else format(value, form)


def by_scale(inputs, unguided, guided):
    """The measurements of a guided variant by scale, as text; those of the same model without guidance stand at 0."""
    without = at_scale(read_metrics(inputs.metrics, unguided), 0)
    return {"0": without, **read_metrics(inputs.metrics, guided)["scales"]}
