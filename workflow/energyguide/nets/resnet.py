"""Torchvision's ResNet with a CIFAR stem: 3x3 convolution, no pooling. Logits from images in [0, 1]."""

from itertools import zip_longest

import torch
from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

BLOCKS = {"basic": BasicBlock, "bottleneck": Bottleneck}


class CifarResNet(ResNet):
    """A ResNet for small images; ResNet-50 is `block="bottleneck", layers=(3, 4, 6, 3), width=64`.

    Args:
        channels: of the image.
        classes: number of logits.
        block: "basic" or "bottleneck".
        layers: residual blocks per stage, at most four stages; each but the first halves the resolution.
        width: planes of the first stage, doubled at each next one.
    """

    def __init__(self, channels, classes, block="bottleneck", layers=(3, 4, 6, 3), width=64):
        nn.Module.__init__(self)  # ResNet's own constructor builds the ImageNet network; its parts and forward stay
        block = BLOCKS[block]
        self._norm_layer, self.inplanes, self.dilation, self.groups, self.base_width = nn.BatchNorm2d, width, 1, 1, 64
        self.register_buffer("mean", torch.full((1, channels, 1, 1), 0.5))
        self.register_buffer("std", torch.full((1, channels, 1, 1), 0.25))
        self.conv1 = nn.Conv2d(channels, width, 3, padding=1, bias=False)
        self.bn1, self.relu = nn.BatchNorm2d(width), nn.ReLU(inplace=True)
        self.maxpool = nn.Identity()
        for i, (blocks, stage) in enumerate(zip_longest(layers, range(1, 5))):
            layer = self._make_layer(block, width * 2**i, blocks, stride=2 if i else 1) if blocks else nn.Identity()
            setattr(self, f"layer{stage}", layer)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(self.inplanes, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def features(self, x):
        """Penultimate activations: `x` (batch, channel, height, width) in [0, 1] -> (batch, feature)."""
        x = self.relu(self.bn1(self.conv1((x - self.mean) / self.std)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.avgpool(x).flatten(1)

    def forward(self, x):
        """Logits (batch, class) of `x` (batch, channel, height, width) in [0, 1]."""
        return self.fc(self.features(x))
