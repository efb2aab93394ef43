"""What happens to an image that is not an attack. Images (batch, channel, height, width) in [0, 1]."""


def gaussian_noise(x, sigma, noise):
    """Add `noise`, standard normal and shaped as `x`, times `sigma` (on the [0, 1] scale), and clamp."""
    return (x + sigma * noise).clamp(0, 1)


def darkness(x, amount):
    """Scale the brightness by 1 - `amount`: 0 leaves the image, 1 makes it black."""
    return x * (1 - amount)
