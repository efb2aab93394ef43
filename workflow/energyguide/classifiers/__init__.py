"""What classifiers of images tell: energies, gradients, and how they stand attacks and corruptions."""
