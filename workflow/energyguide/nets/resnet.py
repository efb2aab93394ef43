"""ResNets (He et al. 2016) with a CIFAR stem: 3x3 convolution, no pooling. Logits from images in [0, 1].

The layers have torchvision's names, order and outputs; torchvision itself takes longer to import than torch does.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn

KERNELS = {"basic": (3, 3), "bottleneck": (1, 3, 1)}
EXPANSION = {"basic": 1, "bottleneck": 4}


def convolution(inputs, outputs, kernel, stride=1):
    return nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)


class Residual(nn.Module):
    """relu(shortcut(x) + bn(conv(... relu(bn(conv(x)))))), a "basic" or a "bottleneck" block; strides at its first 3x3."""

    def __init__(self, kind, inputs, planes, stride):
        super().__init__()
        kernels = KERNELS[kind]
        outputs = planes * EXPANSION[kind]
        shortcut = None
        if stride > 1 or inputs != outputs:
            shortcut = nn.Sequential(convolution(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))
        widths = [inputs, *[planes] * (len(kernels) - 1), outputs]
        for i, (kernel, (before, after)) in enumerate(zip(kernels, pairwise(widths), strict=True)):
            setattr(self, f"conv{i + 1}", convolution(before, after, kernel, stride if i == kernels.index(3) else 1))
            setattr(self, f"bn{i + 1}", nn.BatchNorm2d(after))
        self.downsample = shortcut
        self.layers = len(kernels)

    def forward(self, x):
        out = x
        for i in range(1, self.layers + 1):
            out = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(out))
            if i < self.layers:
                out = F.relu(out, inplace=True)
        return F.relu(out.add_(x if self.downsample is None else self.downsample(x)), inplace=True)


class CifarResNet(nn.Module):
    """A ResNet for small images; ResNet-50 is `block="bottleneck", layers=(3, 4, 6, 3), width=64`.

    Args:
        channels: of the image.
        classes: number of logits.
        block: "basic" or "bottleneck".
        layers: residual blocks per stage; each stage but the first halves the resolution.
        width: planes of the first stage, doubled at each next one.
    """

    def __init__(self, channels, classes, block="bottleneck", layers=(3, 4, 6, 3), width=64):
        super().__init__()
        self.register_buffer("mean", torch.full((1, channels, 1, 1), 0.5))
        self.register_buffer("std", torch.full((1, channels, 1, 1), 0.25))
        self.conv1, self.bn1 = convolution(channels, width, 3), nn.BatchNorm2d(width)
        inputs, self.stages = width, len(layers)
        for i, blocks in enumerate(layers):
            stage = nn.Sequential()
            for j in range(blocks):
                stage.append(Residual(block, inputs, width * 2**i, stride=2 if i and not j else 1))
                inputs = width * 2**i * EXPANSION[block]
            setattr(self, f"layer{i + 1}", stage)
        self.fc = nn.Linear(inputs, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def features(self, x):
        """Penultimate activations: `x` (batch, channel, height, width) in [0, 1] -> (batch, feature)."""
        x = F.relu(self.bn1(self.conv1((x - self.mean) / self.std)), inplace=True)
        for i in range(self.stages):
            x = getattr(self, f"layer{i + 1}")(x)
        return F.adaptive_avg_pool2d(x, 1).flatten(1)

    def forward(self, x):
        """Logits (batch, class) of `x` (batch, channel, height, width) in [0, 1]."""
        return self.fc(self.features(x))


def at_time(network):
    """A `CifarResNet` as a function of (images in the scale of [-1, 1], timestep); the timestep is ignored."""
    return lambda x, t: network((x + 1) / 2)
