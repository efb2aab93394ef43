import pytest
import torch
from diffusers.models.embeddings import get_timestep_embedding
from torchvision.models import resnet as peer
from torchvision.models.vgg import make_layers

from energyguide.files.arrays import write_sidecar
from energyguide.nets import weights as files
from energyguide.nets.resnet import CifarResNet
from energyguide.nets.unet import UNet, timestep_embedding
from energyguide.nets.vgg import Vgg

SMALL = {"channels": 2, "size": 8, "width": 8, "multipliers": (1, 2), "blocks": 1, "attention": (4,), "dropout": 0.0}


def size(model):
    return sum(p.numel() for p in model.parameters())


def awake(**more):
    """A small UNet whose zero layers got weights too."""
    torch.manual_seed(0)
    model = UNet(**SMALL | more)
    for parameter in model.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.2)
    return model


def inputs(n=5):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(n, 2, 8, 8, generator=generator), torch.arange(n) * 199


def test_default_unet_is_that_of_ddpm():
    with torch.device("meta"):
        model, given = UNet(3, 32), UNet(3, 32, classes=10)
    assert size(model) == 35_746_307
    assert size(given) == 35_746_307 + 11 * 512


def test_timestep_embedding_is_that_of_ddpm():
    t = torch.tensor([0, 1, 500, 999])
    theirs = get_timestep_embedding(t, 32, flip_sin_to_cos=False, downscale_freq_shift=1)
    torch.testing.assert_close(timestep_embedding(t, 32), theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("classes", [0, 3])
def test_unet_starts_at_zero(classes):
    x, t = inputs()
    out = UNet(**SMALL, classes=classes)(x, t)
    assert out.shape == x.shape and not out.any()


def test_no_class_is_the_null_class_and_classes_differ():
    model, (x, t) = awake(classes=3), inputs()
    nothing = model(x, t)
    torch.testing.assert_close(model(x, t, torch.full((5,), 3)), nothing)
    outs = [nothing, *(model(x, t, torch.full((5,), k)) for k in range(3))]
    assert all((a - b).abs().mean() > 1e-3 for i, a in enumerate(outs) for b in outs[:i])


def test_unet_sees_time_and_treats_each_sample_on_its_own():
    model, (x, t) = awake(), inputs()
    out = model(x, t)
    torch.testing.assert_close(model(x[3:4], t[3:4]), out[3:4], rtol=1e-4, atol=1e-5)
    assert (model(x, t.flip(0)) - out).abs().flatten(1).mean(1)[[0, 1, 3, 4]].min() > 1e-3


@pytest.mark.parametrize("attention", [(), (8,), (8, 4)])
def test_attention_sits_where_it_is_asked(attention):
    """Each block of attention adds a norm, a qkv and an output layer; the middle always has one."""
    sizes = {8: (1 + 2, 8), 4: (1 + 2, 16)}
    extra = sum(n * (2 * c + 3 * c * c + 3 * c + c * c + c) for n, c in (sizes[a] for a in attention))
    assert size(UNet(**SMALL | {"attention": attention})) - size(UNet(**SMALL | {"attention": ()})) == extra


def test_resnet_shapes_and_parts():
    model = CifarResNet(3, 7, "basic", (1, 2, 1), width=4).eval()
    x = torch.rand(5, 3, 16, 16)
    features = model.features(x)
    assert features.shape == (5, 16) and model(x).shape == (5, 7)
    torch.testing.assert_close(model.fc(features), model(x))
    sizes = []
    for layer in (model.layer1, model.layer2, model.layer3):
        layer.register_forward_hook(lambda module, arguments, out: sizes.append(out.shape[-1]))
    model(x)
    assert sizes == [16, 8, 4]


@pytest.mark.parametrize("block, layers", [(peer.BasicBlock, (1, 2, 1, 1)), (peer.Bottleneck, (2, 1, 1, 1))])
def test_resnet_is_torchvisions_but_for_its_stem(block, layers):
    """The same names and, with its weights, the same outputs and gradients, in training and after it."""
    theirs = peer.ResNet(block, list(layers), num_classes=7)
    theirs.conv1, theirs.maxpool = torch.nn.Conv2d(3, 64, 3, padding=1, bias=False), torch.nn.Identity()
    ours = CifarResNet(3, 7, block.__name__.lower().removesuffix("block"), layers)
    missing, unexpected = ours.load_state_dict(theirs.state_dict(), strict=False)
    assert missing == ["mean", "std"] and not unexpected
    x = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    for training in (True, False):
        ours.train(training), theirs.train(training)
        found = [model(images) for model, images in ((ours, x), (theirs, (x - 0.5) / 0.25))]
        torch.testing.assert_close(*found)
        mine, peers = (
            torch.autograd.grad(out.logsumexp(1).sum(), list(model.parameters()))
            for out, model in zip(found, (ours, theirs), strict=True)
        )
        torch.testing.assert_close(mine, peers)


def test_resnet50_has_its_parameters():
    with torch.device("meta"):
        assert size(CifarResNet(3, 10)) == 23_520_842


def test_vgg_has_torchvisions_layers_and_the_mean_of_the_last():
    """With the same weights, the same outputs in training and after it; and its penultimate features are those of `fc`."""
    torch.manual_seed(0)
    ours, theirs = Vgg(3, 7, (1, 2, 1), width=4), make_layers([4, "M", 8, 8, "M", 16], batch_norm=True)
    for kind in (torch.nn.Conv2d, torch.nn.BatchNorm2d):
        for mine, peers in zip(*([m for m in net.modules() if isinstance(m, kind)] for net in (ours, theirs)), strict=True):
            peers.load_state_dict({**peers.state_dict(), **mine.state_dict()})
            if kind is torch.nn.Conv2d:
                torch.nn.init.zeros_(peers.bias)
    x = torch.rand(4, 3, 16, 16)
    for training in (False, True):
        ours.train(training), theirs.train(training)
        expected = theirs((x - 0.5) / 0.25).mean((2, 3))
        torch.testing.assert_close(ours.features(x), expected)
        torch.testing.assert_close(ours(x), ours.fc(expected))


@pytest.mark.parametrize(
    "network, arguments",
    [
        ("unet.UNet", SMALL),
        ("time_classifier.TimeClassifier", SMALL | {"classes": 3}),
        ("resnet.CifarResNet", {"channels": 1, "classes": 2, "layers": (1,), "width": 4}),
        ("vgg.Vgg", {"channels": 1, "classes": 2, "layers": (1,), "width": 4}),
    ],
)
def test_network_in_a_file(tmp_path, network, arguments):
    model, path = files.build(network, arguments), tmp_path / "net.safetensors"
    files.save(path, model.state_dict(), network, arguments, note="x")
    again = files.load(path, "cpu")
    assert not again.training and not any(p.requires_grad for p in again.parameters())
    for name, value in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], value)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(ValueError, match="net.safetensors is damaged"):
        files.load(path, "cpu")


def test_weights_of_another_network_are_refused(tmp_path):
    path = tmp_path / "net.safetensors"
    files.save(path, UNet(**SMALL).state_dict(), "unet.UNet", SMALL)
    write_sidecar(path, architecture="unet.UNet", network=SMALL | {"classes": 2})
    with pytest.raises(RuntimeError, match="embedding.label"):
        files.load(path, "cpu")


@pytest.mark.parametrize("name", ["UNet", "unet.Net", "os.system", "..unet.UNet"])
def test_no_other_module_is_imported_for_a_network(tmp_path, name):
    path = tmp_path / "net.safetensors"
    files.save(path, {}, name, SMALL)
    with pytest.raises((ValueError, ModuleNotFoundError), match="is no network|energyguide.nets.os"):
        files.load(path, "cpu")
