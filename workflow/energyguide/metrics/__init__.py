"""What is measured on classifiers and on samples."""
