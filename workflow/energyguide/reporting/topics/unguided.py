"""Samples without guidance, and the floor."""

from energyguide.files.atomic import read_json
from energyguide.metrics.scales import at_scale, read_metrics
from energyguide.reporting.layout import FID, MEASURES, Published, Table, escape, measured, plus_minus, protocol_of
from energyguide.reporting.phrases import said
from energyguide.reporting.samples import Samples


def table_unconditional(inputs, params):
    """Quality of the unguided unconditional samplers, and the floor (thesis, Table 4.2)."""
    published = Published(inputs.published, params.published, "unconditional")
    keys = ["is", "fid", "precision", "recall"]
    records, body = [], []
    for name, spec in params.variants.items():
        metrics = read_metrics(inputs.metrics, name)
        result, used = at_scale(metrics, 0), protocol_of(metrics)
        cells, fields = measured(result, keys)
        together = result["fid_all_train"]
        records.append({"sampler": name, "steps": spec["steps"], **fields, "fid_all_train": together[0], **used})
        body.append([escape(spec["label"]), str(spec["steps"]), *cells, plus_minus(together)])
        body += published.line(name, [*keys, "fid_all_train"], [""])
    floor = read_json(inputs.floor)
    cells, fields = measured(floor, keys)
    records.append({"sampler": "real images", "steps": "", **fields, "fid_all_train": "", **protocol_of(floor)})
    body += [None, [f"Real images ({floor['images']} split)", "--", *cells, "--"]]
    headline = f"FID ({used['samples'] * used['sets']:,}/train)"
    return Table(
        records, [["Sampler", "Steps", *(MEASURES[key][0] for key in keys), headline]], body, "lr" + "c" * (len(keys) + 1)
    )


REAL = {"train": "training", "test": "test"}


def numbers_unguided(samples):
    """The samplers without guidance, and the floor."""
    ddpm = samples.baseline
    ddim = samples.unguided(1, "ddim")
    conditional = samples.unguided(0) or ddpm
    joint_model = samples.unguided("between") or conditional
    found = {
        "fidUnguided": samples.text(ddpm, FID),
        "isUnguided": samples.text(ddpm, "is"),
        "precisionUnguided": samples.text(ddpm, "precision"),
        "recallUnguided": samples.text(ddpm, "recall"),
        "accUnguided": samples.text(ddpm, "accuracy"),
        "fidFloor": samples.floor_text(FID),
        "isFloor": samples.floor_text("is"),
        "accConditional": samples.text(conditional, "accuracy"),
        "fidConditional": samples.text(conditional, FID),
        "accJointModel": samples.text(joint_model, "accuracy"),
        "fidDdim": samples.text(ddim, FID) if ddim else "--",
    }
    real = samples.floor["protocol"]
    sets = f"{real['sets']} sets" if real["sets"] > 1 else "one set"
    floor = f"{REAL[samples.floor['images']]} images, in {sets} of {real['samples']:,}, have {found['fidFloor']}"
    if not ddim:
        return found | {"sayUnconditional": rf"DDPM has an FID$_\infty$ of {found['fidUnguided']}; real {floor}."}
    told = samples.verdicts(fid=(ddim, ddpm, FID))
    verdict = said(told["fid"], "higher than", "lower than", "not distinguishable from")
    steps = {name: samples.variants[name]["steps"] for name in (ddpm, ddim)}
    return found | {
        "sayUnconditional": rf"In {steps[ddim]} steps DDIM has an FID$_\infty$ {verdict} that of DDPM in {steps[ddpm]} "
        f"({found['fidDdim']} against {found['fidUnguided']}); real {floor}.",
    }


def numbers(inputs, params):
    return numbers_unguided(Samples(inputs, params))
