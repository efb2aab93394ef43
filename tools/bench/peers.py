"""How others do it: with their networks, schedulers and attacks, in the loops of their own examples."""

import torch
import torch.nn.functional as F
from diffusers import DDIMScheduler, DDPMScheduler, UNet2DModel
from diffusers.training_utils import EMAModel
from torchvision.models import resnet

SCHEDULERS = {"ddim": DDIMScheduler, "ddpm": DDPMScheduler}


def unet(size, width, multipliers, blocks, attention):
    """UNet2DModel as google/ddpm-cifar10-32 sets it up."""
    has = [size >> i in attention for i in range(len(multipliers))]
    return UNet2DModel(
        sample_size=size,
        layers_per_block=blocks,
        block_out_channels=[width * m for m in multipliers],
        down_block_types=["AttnDownBlock2D" if a else "DownBlock2D" for a in has],
        up_block_types=["AttnUpBlock2D" if a else "UpBlock2D" for a in reversed(has)],
        downsample_padding=0,
        flip_sin_to_cos=False,
        freq_shift=1,
        norm_eps=1e-6,
        attention_head_dim=None,
    )


def classifier(channels, classes, layers):
    """Torchvision's ResNet with a stem for small images, behind a normalisation."""
    network = resnet.ResNet(resnet.BasicBlock, layers, num_classes=classes)
    network.conv1, network.maxpool = torch.nn.Conv2d(channels, 64, 3, padding=1, bias=False), torch.nn.Identity()

    class Normalised(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.network = network

        def forward(self, x):
            return self.network((x - 0.5) / 0.25)

    return Normalised()


def ascent(classify, x, y):
    """Gradient of log p(y | x), images in [-1, 1]."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        chosen = F.log_softmax(classify((x + 1) / 2), dim=1)[range(len(y)), y]
        return torch.autograd.grad(chosen.sum(), x)[0]


@torch.no_grad()
def sample(network, x, steps, sampler, classify=None, y=None, scale=1.0):
    """The loop of a pipeline; guided as Dhariwal and Nichol do: eps for DDIM, the mean for DDPM."""
    scheduler = SCHEDULERS[sampler](beta_start=1e-4, beta_end=0.02, beta_schedule="linear", clip_sample=False)
    scheduler.set_timesteps(steps)
    for t in scheduler.timesteps:
        eps, shift = network(x, t).sample, 0
        if classify:
            gradient = ascent(classify, x, y)
            if sampler == "ddim":
                eps = eps - scale * (1 - scheduler.alphas_cumprod[t]) ** 0.5 * gradient
            else:
                shift = scale * scheduler._get_variance(t) * gradient
        x = scheduler.step(eps, t, x).prev_sample + shift
    return x


def train_unet(model, images, steps, batch):
    """The loop of diffusers' script for unconditional training."""
    scheduler = DDPMScheduler(beta_start=1e-4, beta_end=0.02, beta_schedule="linear")
    optimizer, average = torch.optim.AdamW(model.parameters(), lr=2e-4), EMAModel(model.parameters(), decay=0.9999)
    rate = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)
    for step in range(steps):
        clean = 2 * images[step * batch : (step + 1) * batch] - 1
        noise = torch.randn_like(clean)
        t = torch.randint(0, 1000, (batch,), device=clean.device)
        loss = F.mse_loss(model(scheduler.add_noise(clean, noise, t), t).sample, noise)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        rate.step()
        optimizer.zero_grad()
        average.step(model.parameters())
        loss.item()  # its progress bar shows it


def train_robust(model, attack, images, labels, batch):
    """Adversarial training with an attack of torchattacks, or any function of (images, labels)."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    model.train()
    for x, y in zip(images.split(batch), labels.split(batch), strict=True):
        loss = F.cross_entropy(model(attack(x, y)), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def plain_pgd(model, eps, steps):
    """PGD in an L2 ball as it is written by hand."""

    def attack(x, y):
        model.eval()
        start = torch.randn_like(x)
        delta = eps * start / start.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
        for _ in range(steps):
            delta = delta.detach().requires_grad_()
            F.cross_entropy(model((x + delta).clamp(0, 1)), y).backward()
            length = delta.grad.flatten(1).norm(dim=1).view(-1, 1, 1, 1) + 1e-12
            delta = delta + 2.5 * eps / steps * delta.grad / length
            delta = delta * (eps / delta.flatten(1).norm(dim=1).clamp_min(1e-12)).clamp_max(1).view(-1, 1, 1, 1)
        model.train()
        return (x + delta).detach().clamp(0, 1)

    return attack
