"""Declaring views and models, altering, dropping and explaining them."""
