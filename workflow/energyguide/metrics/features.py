"""Feature extractors for torch-fidelity: Inception, or a classifier trained by the pipeline."""

from pathlib import Path

import torch
from torch_fidelity.feature_extractor_base import FeatureExtractorBase
from tqdm import tqdm

from energyguide.files.atomic import sha256
from energyguide.nets.memory import Parts

INCEPTION_SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"


class ClassifierFeatures(FeatureExtractorBase):
    """Penultimate activations and logits of a classifier, of uint8 images."""

    def __init__(self, name, features_list, model, **kwargs):
        super().__init__(name, features_list)
        self.model = model.eval().requires_grad_(False)

    @staticmethod
    def get_provided_features_list():
        return "penultimate", "logits"

    @staticmethod
    def get_default_feature_layer_for_metric(metric):
        return {"isc": "logits"}.get(metric, "penultimate")

    @staticmethod
    def can_be_compiled():
        return False

    def forward(self, x):
        penultimate = self.model.features(x.float() / 255)
        outputs = {"penultimate": penultimate, "logits": self.model.fc(penultimate)}
        return tuple(outputs[name] for name in self.features_list)


def inception(weights):
    """Torch-fidelity's Inception, from a checked file; without `weights` it is downloaded into torch's cache, and checked.

    Raises ValueError if the file is not the original: its loader would run what a pickle says.
    """
    from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3, FeatureExtractorInceptionV3

    path = Path(weights) if weights else Path(torch.hub.get_dir()) / "checkpoints" / Path(URL_INCEPTION_V3).name
    if not path.exists():
        if weights:
            raise FileNotFoundError(f"{path} is missing; `metrics.inception` names it, put the file there or leave the key empty")
        fetch(URL_INCEPTION_V3, path)
    if sha256(path) != INCEPTION_SHA256:
        raise ValueError(
            f"{path} is not torch-fidelity's Inception (sha256 should be {INCEPTION_SHA256}); delete it and run again"
        )
    layers = ["2048", "logits_unbiased"]
    return FeatureExtractorInceptionV3("inception-v3-compat", layers, feature_extractor_weights_path=str(path))


def fetch(url, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        torch.hub.download_url_to_file(url, str(path), hash_prefix=INCEPTION_SHA256[:8], progress=False)
    except (OSError, RuntimeError) as error:
        raise FileNotFoundError(f"cannot download {url} ({error}); put the file at {path} yourself and run again") from error


def extract(extractor, images, device, batch=500):
    """Features and logits, float32 on the CPU, of uint8 images (n, channel, height, width)."""
    extractor = extractor.to(device)
    feature = extractor.get_default_feature_layer_for_metric("fid")
    logits = extractor.get_default_feature_layer_for_metric("isc")

    def both(piece):
        outputs = extractor.convert_features_tuple_to_dict(extractor(piece.to(device)))
        return outputs[feature].float().cpu(), outputs[logits].float().cpu()

    pieces, parts = [], Parts("extracting features")
    with torch.no_grad():
        for piece in tqdm(images.split(batch), unit="batch", leave=False, disable=None):
            pieces += parts.map(both, piece)
    return tuple(torch.cat(parts) for parts in zip(*pieces, strict=True))
