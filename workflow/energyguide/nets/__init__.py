"""The networks: the diffusion UNet and the ResNet classifiers."""
