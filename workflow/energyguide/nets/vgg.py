"""A plain convolutional network, as VGG (Simonyan and Zisserman 2015), with batch norm. Logits from images in [0, 1]."""

import torch
import torch.nn.functional as F
from torch import nn


class Vgg(nn.Module):
    """Stages of 3x3 convolutions, each with batch norm and ReLU, with max-pooling between them; then the mean of all pixels.

    Args:
        channels: of the image.
        classes: number of logits.
        layers: convolutions of each stage; each stage but the first halves the resolution.
        width: channels of the first stage, doubled at each next one.
    """

    def __init__(self, channels, classes, layers=(2, 2, 2), width=32):
        super().__init__()
        self.register_buffer("mean", torch.full((1, channels, 1, 1), 0.5))
        self.register_buffer("std", torch.full((1, channels, 1, 1), 0.25))
        self.stages, inputs = nn.ModuleList(), channels
        for i, count in enumerate(layers):
            stage, outputs = nn.Sequential(), width * 2**i
            for _ in range(count):
                convolution = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
                stage.extend([convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)])
                inputs = outputs
            self.stages.append(stage)
        self.fc = nn.Linear(inputs, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def features(self, x):
        """Penultimate activations: `x` (batch, channel, height, width) in [0, 1] -> (batch, feature)."""
        x = (x - self.mean) / self.std
        for i, stage in enumerate(self.stages):
            x = stage(F.max_pool2d(x, 2) if i else x)
        return x.mean((2, 3))

    def forward(self, x):
        """Logits (batch, class) of `x` (batch, channel, height, width) in [0, 1]."""
        return self.fc(self.features(x))
