"""Time-dependent classifiers: the network, the attack that is told t, and what cross-entropy does and does not see."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from energyguide.classifiers.attacks import L2, pgd
from energyguide.classifiers.energy import energy, joint_energy, log_posterior
from energyguide.diffusion.schedule import linear_schedule
from energyguide.nets.passes import frozen
from energyguide.nets.time_classifier import TimeClassifier, at_time
from energyguide.studies.time_gradients import time_gradients
from energyguide.training.time_classifier import TimeClassifierObjective

CPU = torch.device("cpu")
PLAIN = {"crop": 0, "flip": False, "jitter": 0}
VANILLA, ROBUST = {"norm": "l2", "eps": 0.0, "steps": 0}, {"norm": "l2", "eps": 0.5, "steps": 4}


def classifier(seed=0):
    """A small one whose zero layers got weights too."""
    torch.manual_seed(seed)
    model = TimeClassifier(1, 8, 3, width=8, multipliers=(1, 2), blocks=1, attention=(4,))
    for parameter in model.parameters():
        if not parameter.any():
            nn.init.normal_(parameter, std=0.2)
    return model


def batch(n=40):
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(n, 1, 8, 8, generator=generator)
    return x, torch.arange(n) * 999 // n, torch.arange(n) % 3


def test_the_default_network_has_the_encoder_of_the_unet_and_attention_pooling():
    from energyguide.nets.unet import Encoder

    with torch.device("meta"):
        model = TimeClassifier(3, 32, 10)
    assert type(model.encoder) is Encoder and model.encoder.size == 4 and model.encoder.channels == 128
    assert model.pool.heads == 2 and model(torch.zeros(2, 3, 32, 32, device="meta"), torch.zeros(2, device="meta")).shape == (
        2,
        10,
    )


def test_pooling_is_attention_of_the_mean_over_all_pixels():
    """Against torch's own multi-head attention, with the same weights."""
    pool = classifier().pool.double()
    channels = pool.query.in_features
    theirs = nn.MultiheadAttention(channels, pool.heads, batch_first=True).double()
    theirs.in_proj_weight.data = torch.cat([pool.query.weight, pool.key_value.weight])
    theirs.in_proj_bias.data = torch.cat([pool.query.bias, pool.key_value.bias])
    theirs.out_proj.weight.data, theirs.out_proj.bias.data = torch.eye(channels).double(), torch.zeros(channels).double()
    x = torch.randn(5, channels, 4, 4, dtype=torch.float64)
    tokens = x.flatten(2).transpose(1, 2)
    tokens = torch.cat([tokens.mean(1, keepdim=True), tokens], dim=1) + pool.position
    attended, _ = theirs(tokens[:, :1], tokens, tokens)
    torch.testing.assert_close(pool(x), pool.out(attended[:, 0]))


def test_each_sample_is_attacked_at_its_own_timestep_and_left_alone_once_misclassified():
    model, (x, t, _) = classifier(), batch()
    with frozen(model):
        y = model(x, t).argmax(1)
        y[::4] = (y[::4] + 1) % 3  # wrong from the start
        whole = pgd(model, x, y, L2(1.0), 4, stop_when_fooled=True, valid=None, context=(t,))
        alone = [
            pgd(model, x[i : i + 1], y[i : i + 1], L2(1.0), 4, stop_when_fooled=True, valid=None, context=(t[i : i + 1],))
            for i in range(len(x))
        ]
        torch.testing.assert_close(whole, torch.cat(alone), rtol=1e-3, atol=1e-4)
        other = pgd(model, x, y, L2(1.0), 4, stop_when_fooled=True, valid=None, context=(t.flip(0),))
    assert torch.equal(whole[::4], x[::4]) and not torch.equal(whole, other)
    assert (whole - x).flatten(1).norm(dim=1).max() <= 1 + 1e-5
    assert whole.abs().max() > 1  # x_t has no valid range


class Shifted(nn.Module):
    """Another classifier of the same decisions: g(x) is added to all logits (Srinivas and Fleuret 2021; Kawar et al., app. B)."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x, t):
        return self.model(x, t) + 3 * (5 * x).flatten(1).sin().mean(1, keepdim=True)


def gradient(network, function, x, t):
    z = x.clone().requires_grad_()
    return torch.autograd.grad(function(network(z, t)).sum(), z)[0]


@pytest.mark.parametrize("seed", range(3))
def test_cross_entropy_does_not_see_what_is_added_to_all_logits(seed):
    """Loss and accuracy stay, and so does the gradient of log p(y|x); those of logits and energies do not."""
    model, (x, t, y) = classifier(seed), batch()
    shifted = Shifted(model)
    for function in (lambda f: F.cross_entropy(f, y), lambda f: f.argmax(1)):
        torch.testing.assert_close(function(model(x, t)), function(shifted(x, t)))
    for function in (lambda f: f[:, 0], lambda f: joint_energy(f, y), energy):
        difference = gradient(model, function, x, t) - gradient(shifted, function, x, t)
        assert difference.abs().mean() > 0.1
    for function in (lambda f: log_posterior(f, y), lambda f: -F.cross_entropy(f, y, reduction="none")):
        torch.testing.assert_close(gradient(model, function, x, t), gradient(shifted, function, x, t), rtol=1e-3, atol=1e-5)


def test_the_adversarial_loss_sees_it_where_the_attack_follows_a_logit_and_not_where_it_follows_the_loss():
    """One step down F(x)[y], or up the loss, and the loss there: gradients of logits can be manipulated, that of the loss not."""
    model, (x, t, y) = classifier(), batch()

    def adversarial(network, function):
        attacked = x + L2(4.0).step(gradient(network, function, x, t), 4.0)
        return F.cross_entropy(network(attacked, t), y, reduction="none")

    def by_logit(f):
        return joint_energy(f, y)

    def by_loss(f):
        return F.cross_entropy(f, y, reduction="none")

    assert (adversarial(model, by_logit) - adversarial(Shifted(model), by_logit)).abs().mean() > 0.02
    torch.testing.assert_close(adversarial(model, by_loss), adversarial(Shifted(model), by_loss), rtol=1e-3, atol=1e-3)
    with frozen(model), frozen(Shifted(model)) as shifted:
        first, second = (pgd(network, x, y, L2(1.0), 4, valid=None, context=(t,)) for network in (model, shifted))
    torch.testing.assert_close(first, second, rtol=1e-2, atol=1e-3)


class Bent(nn.Module):
    """Alike at all given images, and different around them: what is added vanishes there, and is not the same for all classes."""

    def __init__(self, model, data):
        super().__init__()
        self.model, self.data = model, data

    def forward(self, x, t):
        logits = self.model(x, t)
        return logits + 20 * (x - self.data).flatten(1)[:, : logits.shape[1]]


def test_the_adversarial_loss_sees_gradients_that_the_vanilla_loss_does_not():
    """Two networks alike at every training image, of different gradients: one vanilla loss, two adversarial ones."""
    model, (x, t, y) = classifier(), batch()
    bent = Bent(model, x)
    torch.testing.assert_close(F.cross_entropy(model(x, t), y), F.cross_entropy(bent(x, t), y))

    def adversarial(network):
        with frozen(network):
            return F.cross_entropy(network(pgd(network, x, y, L2(0.5), 4, valid=None, context=(t,)), t), y).item()

    assert adversarial(bent) > adversarial(model) + 0.1


def test_the_objective_noises_attacks_and_leaves_the_network_as_it_was():
    """At the noise of its own seed: vanilla is the cross-entropy at x_t, robust is never less; its radius is one of pixels."""
    model, images, y = classifier(), torch.rand(64, 1, 8, 8), torch.arange(64) % 3
    schedule = linear_schedule()
    vanilla, robust = (TimeClassifierObjective(model, schedule, attack, PLAIN, CPU) for attack in (VANILLA, ROBUST))
    torch.manual_seed(7)
    t = torch.randint(1000, (64,))
    x_t = schedule.add_noise(2 * images - 1, t, torch.randn_like(images))
    torch.manual_seed(7)
    torch.testing.assert_close(vanilla.loss(*vanilla.batch(images, y)), F.cross_entropy(model(x_t, t), y))
    torch.manual_seed(7)
    attacked, *_ = batch_of = robust.batch(images, y)
    assert (attacked - x_t).flatten(1).norm(dim=1).max() == pytest.approx(2 * ROBUST["eps"], rel=1e-4)
    loss = robust.loss(*batch_of)
    assert loss > F.cross_entropy(model(x_t, t), y) + 0.01
    loss.backward()
    assert model.training and all(p.grad is not None for p in model.parameters())


def test_clean_images_are_led_to_another_class_within_a_ball_of_pixels():
    images, y = torch.rand(3, 1, 8, 8), torch.arange(3)
    found = time_gradients({"one": at_time(classifier())}, linear_schedule(), images, y, [0, 500], 0.25, 5, seed=0)
    moved = (found["one maximised"] - found["images"]).flatten(1).norm(dim=1) / 2
    assert 0.2 < moved.max() <= 0.25 + 1e-5 and found["one maximised"].abs().max() <= 1
    assert found["one gradients"].shape == (2, 3, 1, 8, 8)
